//! Reads security groups: one listing, then of the rack's own the ids of their rules and the prefix
//! lists that they name.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::{
    operation::describe_security_group_rules::DescribeSecurityGroupRulesError, types,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use futures_util::future::BoxFuture;

use super::{Permission, SecurityGroup};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::tag_map,
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const GROUPS: Call = Call::new(Service::Ec2, "DescribeSecurityGroups");
const RULES: Call = Call::new(Service::Ec2, "DescribeSecurityGroupRules");
const LISTS: Call = Call::new(Service::Ec2, "DescribeManagedPrefixLists");
const ENTRIES: Call = Call::new(Service::Ec2, "GetManagedPrefixListEntries");

pub const READING: Reading = Reading {
    calls: &[GROUPS, RULES, LISTS, ENTRIES],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::SecurityGroup);
        let pages = aws
            .ec2
            .describe_security_groups()
            .into_paginator()
            .items()
            .send();
        found.pages(GROUPS, pages, resource).await;
        found
    })
}

fn resource(group: types::SecurityGroup) -> Result<Resource, Missing> {
    let id = group.group_id.need("GroupId")?;
    let permissions = |it: Option<Vec<types::IpPermission>>| {
        it.unwrap_or_default().into_iter().map(permission).collect()
    };
    let group_name = group.group_name.need("GroupName")?;
    let attrs = SecurityGroup {
        group_name: group_name.clone(),
        description: group.description.unwrap_or_default(),
        vpc: group.vpc_id.unwrap_or_default(),
        ingress: permissions(group.ip_permissions),
        egress: permissions(group.ip_permissions_egress),
    };
    Ok(Resource::new(id, attrs)
        .name(group_name)
        .arn(group.security_group_arn)
        .tags(tag_map!(group.tags.unwrap_or_default())))
}

fn permission(it: types::IpPermission) -> Permission {
    let v4 = it.ip_ranges.unwrap_or_default();
    let v6 = it.ipv6_ranges.unwrap_or_default();
    let lists = it.prefix_list_ids.unwrap_or_default();
    let pairs = it.user_id_group_pairs.unwrap_or_default();
    Permission {
        protocol: it.ip_protocol.unwrap_or_default(),
        from: it.from_port,
        to: it.to_port,
        cidrs: v4
            .into_iter()
            .filter_map(|it| it.cidr_ip)
            .chain(v6.into_iter().filter_map(|it| it.cidr_ipv6))
            .collect(),
        prefix_lists: lists
            .into_iter()
            .filter_map(|it| it.prefix_list_id)
            .collect(),
        read_lists: Vec::new(),
        of_aws: Vec::new(),
        groups: pairs.into_iter().filter_map(|it| it.group_id).collect(),
        rules: Fact::Unread,
    }
}

/// The most groups that one question about their rules names.
const BATCH: usize = 200;
/// The most rules that a page holds.
const PAGE: i32 = 1000;

fn deepen(aws: &Aws, groups: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        // One without entries has no rules to ask for.
        let named = groups.iter().filter(|it| has_entries(it));
        let named: Vec<String> = named.map(|it| it.id.key.clone()).collect();
        let named: Vec<Vec<String>> = named.chunks(BATCH).map(<[String]>::to_vec).collect();
        let rules = aws.each(named.clone(), |it| rules_of(aws, it));
        let (rules, mut found) = tokio::join!(rules, ranges(aws, groups));
        for (named, answer) in named.into_iter().zip(rules) {
            match answer {
                Ok(rules) => add_rules(&mut found, &named, rules),
                Err(error) => {
                    for group in named {
                        let id = ResourceId::new(Kind::SecurityGroup, group);
                        found.failed(RULES, Some(&id), &error);
                    }
                }
            }
        }
        found
    })
}

fn has_entries(group: &Resource) -> bool {
    let attrs = SecurityGroup::of(&group.attrs);
    attrs.is_some_and(|it| !it.ingress.is_empty() || !it.egress.is_empty())
}

type Rules =
    Result<Vec<types::SecurityGroupRule>, SdkError<DescribeSecurityGroupRulesError, HttpResponse>>;

async fn rules_of(aws: &Aws, groups: Vec<String>) -> Rules {
    let filter = types::Filter::builder().name("group-id");
    let filter = filter.set_values(Some(groups)).build();
    let request = aws.ec2.describe_security_group_rules().filters(filter);
    let pages = request.max_results(PAGE).into_paginator();
    pages.items().send().try_collect().await
}

/// An entry's direction, protocol and ports, by which a rule is told to be one of it.
type Entry = (bool, String, i32, i32);

fn entry(is_egress: bool, it: &Permission) -> Entry {
    let (from, to) = (it.from.unwrap_or(-1), it.to.unwrap_or(-1));
    (is_egress, it.protocol.clone(), from, to)
}

/// Gives each entry of these groups the ids of its rules.
fn add_rules(found: &mut Found, groups: &[String], rules: Vec<types::SecurityGroupRule>) {
    let mut told: BTreeMap<String, BTreeMap<Entry, BTreeMap<String, String>>> = BTreeMap::new();
    for rule in rules {
        let group = rule.group_id.unwrap_or_default();
        let Some(id) = rule.security_group_rule_id else {
            let about = ResourceId::new(Kind::SecurityGroup, group);
            let missing = Missing("SecurityGroupRuleId");
            found.malformed(RULES, Some(&about), missing);
            continue;
        };
        let peer = rule.referenced_group_info.and_then(|it| it.group_id);
        let ranges = [rule.cidr_ipv4, rule.cidr_ipv6, rule.prefix_list_id, peer];
        let (from, to) = (rule.from_port.unwrap_or(-1), rule.to_port.unwrap_or(-1));
        let protocol = rule.ip_protocol.unwrap_or_default();
        let entry = (rule.is_egress.unwrap_or_default(), protocol, from, to);
        let ids = told.entry(group).or_default().entry(entry).or_default();
        ids.extend(ranges.into_iter().flatten().map(|it| (it, id.clone())));
    }
    let of_these = |it: &&mut Resource| groups.contains(&it.id.key);
    for group in found.resources.iter_mut().filter(of_these) {
        let mut rules = told.remove(&group.id.key).unwrap_or_default();
        if let Some(attrs) = SecurityGroup::of_mut(&mut group.attrs) {
            let ingress = attrs.ingress.iter_mut().map(|it| (false, it));
            let egress = attrs.egress.iter_mut().map(|it| (true, it));
            for (is_egress, it) in ingress.chain(egress) {
                let ids = rules.remove(&entry(is_egress, it));
                it.rules = Fact::Known(ids.unwrap_or_default());
            }
        }
    }
}

/// Whose lists they are is asked once for all, and each list's ranges once, however many groups name
/// it. What is refused hides it of each.
fn ranges(aws: &Aws, mut groups: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let mut found = Found::of(Kind::SecurityGroup);
        let named: BTreeSet<String> = groups.iter().flat_map(lists).collect();
        if named.is_empty() {
            found.resources = groups;
            return found;
        }
        let pages = aws.ec2.describe_managed_prefix_lists().into_paginator();
        let owners: Result<Vec<types::ManagedPrefixList>, _> =
            pages.items().send().try_collect().await;
        let of_aws: BTreeSet<String> = match owners {
            Ok(told) => told
                .into_iter()
                .filter(|it| it.owner_id.as_deref() == Some("AWS"))
                .filter_map(|it| it.prefix_list_id)
                .collect(),
            Err(error) => {
                for group in groups.iter().filter(|it| lists(it).next().is_some()) {
                    found.failed(LISTS, Some(&group.id), &error);
                }
                found.resources = groups;
                return found;
            }
        };
        let asked = named.iter().cloned().collect::<Vec<_>>();
        let answers = aws.each(asked, |list| {
            let request = aws.ec2.get_managed_prefix_list_entries();
            let pages = request.prefix_list_id(list).into_paginator();
            pages.items().send().try_collect()
        });
        let mut ranges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (list, answer) in named.into_iter().zip(answers.await) {
            let answer: Result<Vec<types::PrefixListEntry>, _> = answer;
            match answer {
                Ok(entries) => {
                    let cidrs = entries.into_iter().filter_map(|it| it.cidr);
                    ranges.insert(list, cidrs.collect());
                }
                Err(error) => {
                    for group in groups.iter().filter(|it| lists(it).any(|it| it == list)) {
                        found.failed(ENTRIES, Some(&group.id), &error);
                    }
                }
            }
        }
        for group in &mut groups {
            if let Some(attrs) = SecurityGroup::of_mut(&mut group.attrs) {
                for permission in attrs.ingress.iter_mut().chain(&mut attrs.egress) {
                    add_ranges(permission, &ranges, &of_aws);
                }
            }
        }
        found.resources = groups;
        found
    })
}

/// The prefix lists that a group's rules name.
fn lists(group: &Resource) -> impl Iterator<Item = String> {
    let attrs = SecurityGroup::of(&group.attrs).into_iter();
    let permissions = attrs.flat_map(|it| it.ingress.iter().chain(&it.egress));
    permissions.flat_map(|it| it.prefix_lists.iter().cloned())
}

fn add_ranges(
    permission: &mut Permission,
    ranges: &BTreeMap<String, Vec<String>>,
    of_aws: &BTreeSet<String>,
) {
    for list in &permission.prefix_lists {
        if let Some(cidrs) = ranges.get(list) {
            permission.cidrs.extend(cidrs.iter().cloned());
            if of_aws.contains(list) {
                permission.of_aws.extend(cidrs.iter().cloned());
            }
            permission.read_lists.push(list.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    #[tokio::test]
    async fn a_prefix_list_is_read_once_and_its_ranges_count_like_the_rules_own() {
        let naming = |list: &str| {
            let permission = Permission {
                protocol: "tcp".to_owned(),
                prefix_lists: vec![list.to_owned()],
                ..Permission::default()
            };
            SecurityGroup {
                ingress: vec![permission],
                ..SecurityGroup::default()
            }
        };
        let groups = vec![
            Resource::new("sg-1", naming("pl-1")),
            Resource::new("sg-2", naming("pl-1")),
            Resource::new("sg-3", naming("pl-2")),
            Resource::new("sg-4", SecurityGroup::default()),
        ];
        let tape = Tape::default()
            .answer(
                200,
                "<DescribeManagedPrefixListsResponse><prefixListSet>
                   <item><prefixListId>pl-1</prefixListId><ownerId>AWS</ownerId></item>
                   <item><prefixListId>pl-2</prefixListId><ownerId>123456789012</ownerId></item>
                 </prefixListSet></DescribeManagedPrefixListsResponse>",
            )
            .answer(
                200,
                "<GetManagedPrefixListEntriesResponse><entrySet>
                   <item><cidr>0.0.0.0/1</cidr></item><item><cidr>128.0.0.0/1</cidr></item>
                 </entrySet></GetManagedPrefixListEntriesResponse>",
            )
            .answer(
                403,
                "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>
                 </Response>",
            );
        let found = ranges(&tape.aws(), groups).await;
        let rule = |at: usize| {
            let group = SecurityGroup::of(&found.resources[at].attrs).unwrap();
            &group.ingress[0]
        };
        assert_eq!(rule(0).cidrs, ["0.0.0.0/1", "128.0.0.0/1"]);
        assert_eq!(rule(1).read_lists, ["pl-1"]);
        assert_eq!(rule(1).of_aws, rule(1).cidrs);
        assert_eq!(rule(2).prefix_lists, ["pl-2"]);
        assert!(!rule(1).has_unread_lists() && rule(2).has_unread_lists());
        assert!(rule(2).cidrs.is_empty());
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!((about.key.as_str(), found.gaps.len()), ("sg-3", 1));
        assert_eq!(tape.asked().len(), 3);
    }

    fn web() -> Resource {
        let entry = |from: i32, cidrs: &[&str]| Permission {
            protocol: "tcp".to_owned(),
            from: Some(from),
            to: Some(from),
            cidrs: cidrs.iter().map(|it| (*it).to_owned()).collect(),
            ..Permission::default()
        };
        let all = Permission {
            protocol: "-1".to_owned(),
            cidrs: vec!["0.0.0.0/0".to_owned()],
            ..Permission::default()
        };
        let group = SecurityGroup {
            ingress: vec![
                entry(22, &["0.0.0.0/0", "::/0"]),
                entry(443, &["0.0.0.0/0"]),
            ],
            egress: vec![all],
            ..SecurityGroup::default()
        };
        Resource::new("sg-1", group)
    }

    fn rule(id: &str, fields: &str) -> String {
        format!("<item>{id}<groupId>sg-1</groupId>{fields}</item>")
    }

    fn page(rules: &str, more: &str) -> String {
        format!(
            "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet>{rules}
             </securityGroupRuleSet>{more}</DescribeSecurityGroupRulesResponse>"
        )
    }

    #[tokio::test]
    async fn every_rule_is_found_again_in_its_entry_over_pages() {
        let ssh = "<isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort>
            <toPort>22</toPort>";
        let out = "<isEgress>true</isEgress><ipProtocol>-1</ipProtocol><fromPort>-1</fromPort>
            <toPort>-1</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4>";
        let id = |it: &str| format!("<securityGroupRuleId>{it}</securityGroupRuleId>");
        let first = [
            rule(
                &id("sgr-4"),
                &format!("{ssh}<cidrIpv4>0.0.0.0/0</cidrIpv4>"),
            ),
            rule(&id("sgr-6"), &format!("{ssh}<cidrIpv6>::/0</cidrIpv6>")),
        ];
        let tape = Tape::default()
            .answer(200, page(&first.concat(), "<nextToken>more</nextToken>"))
            .answer(200, page(&rule(&id("sgr-out"), out), ""));
        let found = deepen(&tape.aws(), vec![web()]).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let group = SecurityGroup::of(&found.resources[0].attrs).unwrap();
        let ranges = |it: &Permission| it.ranges().join(", ");
        assert_eq!(ranges(&group.ingress[0]), "0.0.0.0/0 (sgr-4), ::/0 (sgr-6)");
        // None came of this one, and that is known.
        assert_eq!(ranges(&group.ingress[1]), "0.0.0.0/0");
        assert_eq!(group.ingress[1].rules, Fact::Known(BTreeMap::new()));
        assert_eq!(ranges(&group.egress[0]), "0.0.0.0/0 (sgr-out)");
        assert!(tape.asked()[0].contains("Filter.1.Value.1=sg-1"));
    }

    #[tokio::test]
    async fn rules_that_are_refused_or_have_no_id_are_a_gap_and_the_entries_stay() {
        let tape = Tape::default().answer(
            403,
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>
             </Response>",
        );
        let found = deepen(&tape.aws(), vec![web()]).await;
        let group = SecurityGroup::of(&found.resources[0].attrs).unwrap();
        assert_eq!(group.ingress[0].rules, Fact::Unread);
        assert_eq!(group.ingress[0].cidrs.len(), 2);
        assert_eq!(found.gaps[0].action, "ec2:DescribeSecurityGroupRules");
        assert_eq!(found.gaps[0].resource.as_ref().unwrap().key, "sg-1");

        let bare = Resource::new("sg-2", SecurityGroup::default());
        let tape = Tape::default();
        assert!(deepen(&tape.aws(), vec![bare]).await.gaps.is_empty());

        let tape = Tape::default().answer(200, page(&rule("", ""), ""));
        let found = deepen(&tape.aws(), vec![web()]).await;
        assert_eq!(
            found.gaps[0].message,
            "the answer has no SecurityGroupRuleId"
        );
    }

    #[tokio::test]
    async fn both_families_of_addresses_are_kept() {
        let tape = Tape::default().answer(
            200,
            "<DescribeSecurityGroupsResponse><securityGroupInfo><item>
               <groupId>sg-1</groupId><groupName>web</groupName><vpcId>vpc-1</vpcId>
               <ipPermissions><item><ipProtocol>tcp</ipProtocol>
                 <fromPort>22</fromPort><toPort>22</toPort>
                 <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges>
                 <ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>
               </item></ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>",
        );
        let found = list(&tape.aws()).await;
        let group = SecurityGroup::of(&found.resources[0].attrs).unwrap();
        assert_eq!(group.ingress[0].cidrs, ["0.0.0.0/0", "::/0"]);
        assert_eq!(group.ingress[0].from, Some(22));
    }
}
