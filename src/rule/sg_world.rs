//! What the rules about ports open to the world have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Case, Evidence, Rule, Severity, Status, Verdict, Words,
    exposure::{self, Answer, Opening, Protocol},
    internet, origin,
};
use crate::{
    id::ResourceId,
    kind::{
        Kind,
        security_group::{Permission, SecurityGroup},
    },
    relation::RelationKind,
    snapshot::Resource,
};

/// The ports that a rule is about, by protocol.
pub type Ports<'a> = &'a [(Protocol, &'a [u16])];

/// One failure for each cause, which may open several ports, one unknown where a prefix list
/// decides, else a pass.
pub fn check(rule: &Rule, case: &Case<'_>, words: &Words, ports: Ports<'_>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for (resource, group) in case.ours::<SecurityGroup>() {
        let rest = exposure::besides_all_traffic(group);
        let openings: Vec<Opening> = ports
            .iter()
            .flat_map(|(protocol, ports)| exposure::openings(&rest, *protocol, ports))
            .collect();
        let causes = by_cause(&rest, &openings);
        for opened in causes.values() {
            verdicts.push(open(rule, case, words, &resource.id, &rest, opened));
        }
        if causes.is_empty() {
            let all = exposure::all_traffic(group) == Answer::Open;
            verdicts.push(if all {
                told_already(rule, words, &resource.id)
            } else {
                closed(rule, case, words, &resource.id, &rest, ports)
            });
        }
    }
    verdicts
}

/// The openings, together where the same entries of the group open them.
fn by_cause(group: &SecurityGroup, openings: &[Opening]) -> BTreeMap<Vec<usize>, Vec<Opening>> {
    let mut causes: BTreeMap<Vec<usize>, Vec<Opening>> = BTreeMap::new();
    for opening in openings {
        let entries = group.ingress.iter().enumerate();
        let opening_it = entries.filter(|(_, it)| opens(group, it, opening));
        let cause = opening_it.map(|(n, _)| n).collect();
        causes.entry(cause).or_default().push(*opening);
    }
    causes
}

/// Whether it is by this entry that the world may come in there.
pub fn opens(group: &SecurityGroup, it: &Permission, opening: &Opening) -> bool {
    exposure::lets_in(group, it, opening.protocol, opening.from)
}

fn open(
    rule: &Rule,
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    group: &SecurityGroup,
    openings: &[Opening],
) -> Verdict {
    let runs = said(openings);
    let verb = match openings {
        [one] if one.from == one.to => "is",
        _ => "are",
    };
    let (severity, where_it_counts) = weigh(case, words, id, openings);
    let why = format!("{runs} {verb} open to the whole internet; {where_it_counts}");
    let entries = group.ingress.iter();
    let entries = entries.filter(|entry| openings.iter().any(|it| opens(group, entry, it)));
    Verdict::new(rule, words, id, Status::Fail, why)
        .severity(severity)
        .evidence(evidence(id, entries))
        .detail(runs)
}

/// "tcp 22, tcp 2375-2376".
pub fn said(openings: &[Opening]) -> String {
    let runs: Vec<String> = openings.iter().map(ToString::to_string).collect();
    runs.join(", ")
}

/// How bad it is that a group opens these ports, and why: worst where the internet arrives there
/// now, least where nothing uses the group.
pub fn weigh(
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    openings: &[Opening],
) -> (Severity, String) {
    let attached = attached(case, id);
    let used = match &attached[..] {
        [] => {
            let severity = match words.severity {
                Severity::Critical => Severity::High,
                Severity::High | Severity::Medium => Severity::Medium,
                other @ (Severity::Low | Severity::Info) => other,
            };
            let why = "nothing uses the group now, which lowers the severity";
            return (severity, why.to_owned());
        }
        [one] => format!("{one} uses the group"),
        [one, more @ ..] => format!("{one} and {} more use the group", more.len()),
    };
    let doors = openings
        .iter()
        .filter_map(|it| internet::door(case, id, it));
    let doors: Vec<(ResourceId, Answer)> = doors.collect();
    let open = doors.iter().find(|it| it.1 == Answer::Open);
    match open.or(doors.first()) {
        Some((door, Answer::Open)) => {
            let door = origin::of(case, door);
            let why = format!("{used}, and the internet has a way to {door}");
            (Severity::Critical, why)
        }
        Some((door, _)) => {
            let door = origin::of(case, door);
            let why = format!("{used}, and whether the internet has a way to {door} is not known");
            (words.severity, why)
        }
        None => (words.severity, used),
    }
}

/// What a group's entries say.
pub fn evidence<'a>(
    id: &'a ResourceId,
    entries: impl Iterator<Item = &'a Permission> + 'a,
) -> impl Iterator<Item = Evidence> + 'a {
    entries.map(|it| {
        let ports = match (it.from, it.to) {
            (Some(from), Some(to)) => format!("{from}-{to}"),
            _ => "all ports".to_owned(),
        };
        let protocol = match it.protocol.as_str() {
            "-1" => "all protocols",
            other => other,
        };
        let value = format!("{protocol} {ports} from {}", it.ranges().join(", "));
        Evidence::new(id, "IpPermissions", value)
    })
}

/// What another rule tells of already.
pub fn told_already(rule: &Rule, words: &Words, id: &ResourceId) -> Verdict {
    let why = "all traffic is let in, which is told of by sg-world-all-traffic";
    Verdict::new(rule, words, id, Status::NotApplicable, why)
}

fn closed(
    rule: &Rule,
    case: &Case<'_>,
    words: &Words,
    id: &ResourceId,
    group: &SecurityGroup,
    ports: Ports<'_>,
) -> Verdict {
    let unknown = ports.iter().any(|(protocol, ports)| {
        ports
            .iter()
            .any(|it| exposure::world(group, *protocol, *it) == Answer::Unknown)
    });
    if unknown {
        return listed(rule, case, words, id);
    }
    let why = "none of these ports is open to the whole internet";
    Verdict::new(rule, words, id, Status::Pass, why)
}

/// What hangs on a prefix list that was not read.
pub fn listed(rule: &Rule, case: &Case<'_>, words: &Words, id: &ResourceId) -> Verdict {
    let why = "a prefix list decides who may come in, and what is in it was not read";
    let gap = case.gap_of_call(id, internet::LISTS);
    Verdict::new(rule, words, id, Status::Unknown, why).gap(gap)
}

/// What has the group on it, an interface only where nothing else stands for it.
pub fn attached(case: &Case<'_>, group: &ResourceId) -> Vec<ResourceId> {
    let users = case.graph.users(group).into_iter();
    let users: BTreeSet<ResourceId> = users
        .filter(|(user, edge)| {
            edge.kind == RelationKind::Uses
                && !matches!(
                    user.id.kind,
                    Kind::LaunchConfiguration | Kind::LaunchTemplate
                )
                && !is_part(case, user)
        })
        .map(|(user, _)| user.id.clone())
        .collect();
    users.into_iter().collect()
}

/// Whether a network interface is an instance's, a load balancer's or a mount target's.
fn is_part(case: &Case<'_>, user: &Resource) -> bool {
    let made = || case.graph.users(&user.id).into_iter();
    let part = || case.graph.uses(&user.id).into_iter();
    user.id.kind == Kind::NetworkInterface
        && (made().any(|(_, edge)| edge.kind == RelationKind::Makes)
            || part().any(|(_, edge)| edge.kind == RelationKind::PartOf))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::{AsKind as _, Fact, instance::Instance},
        rule::{
            internet::tests, sg_broad_public_cidr, sg_world_admin_port, sg_world_data_port,
            sg_world_unexpected_port, sg_world_wide_range,
        },
        testing,
    };

    fn judged(rule: &Rule, resources: &[Resource]) -> Vec<Verdict> {
        let words = rule.words().unwrap();
        testing::owned(resources, &[], |_| true, |case| (rule.check)(case, &words))
    }

    fn permission(protocol: &str, from: i32, to: i32) -> Permission {
        Permission {
            protocol: protocol.to_owned(),
            from: Some(from),
            to: Some(to),
            cidrs: vec!["0.0.0.0/0".to_owned()],
            ..Permission::default()
        }
    }

    fn group(ingress: Vec<Permission>) -> Resource {
        let group = SecurityGroup {
            ingress,
            ..SecurityGroup::default()
        };
        Resource::new("sg-1", group)
    }

    /// A machine with SSH open, in a public subnet.
    fn reached() -> Vec<Resource> {
        let machine = Instance {
            status: "running".to_owned(),
            interfaces: vec!["eni-1".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
            ..Instance::default()
        };
        let mut all = tests::public_subnet();
        all.push(Resource::new("eni-1", tests::interface()));
        all.push(Resource::new("i-1", machine));
        all
    }

    #[test]
    fn a_port_that_the_internet_reaches_is_critical() {
        let verdicts = judged(&sg_world_admin_port::RULE, &reached());
        assert_eq!(verdicts[0].severity, Severity::Critical);
        assert!(
            verdicts[0]
                .why
                .ends_with("the internet has a way to instance/i-1")
        );
    }

    #[test]
    fn the_same_port_behind_no_route_is_high() {
        let mut resources = reached();
        resources.retain(|it| it.id.kind != Kind::RouteTable);
        let verdicts = judged(&sg_world_admin_port::RULE, &resources);
        assert_eq!(verdicts[0].severity, Severity::High);
    }

    #[test]
    fn a_group_that_only_a_template_names_is_not_in_use_now() {
        let mut resources = reached();
        resources.retain(|it| !matches!(it.id.kind, Kind::Instance | Kind::NetworkInterface));
        let verdicts = judged(&sg_world_admin_port::RULE, &resources);
        assert_eq!(verdicts[0].severity, Severity::Medium);
    }

    #[test]
    fn one_entry_that_opens_many_ports_is_one_finding() {
        let all = [group(vec![permission("tcp", 0, 65535)])];
        assert_eq!(judged(&sg_world_data_port::RULE, &all).len(), 1);
        let two = [group(vec![
            permission("tcp", 3306, 3306),
            permission("tcp", 5432, 5432),
        ])];
        assert_eq!(judged(&sg_world_data_port::RULE, &two).len(), 2);
    }

    #[test]
    fn an_entry_for_a_private_network_is_no_second_cause() {
        let open = permission("tcp", 0, 65535);
        let inside = Permission {
            cidrs: vec!["10.0.0.0/8".to_owned()],
            ..permission("tcp", 22, 22)
        };
        let before = judged(&sg_world_admin_port::RULE, &[group(vec![open.clone()])]);
        let both = [group(vec![open, inside])];
        let after = judged(&sg_world_admin_port::RULE, &both);
        assert_eq!(after.len(), 1);
        assert_eq!(after[0].fingerprint(), before[0].fingerprint());
        assert_eq!(after[0].evidence, before[0].evidence);
    }

    #[test]
    fn a_prefix_list_that_was_not_read_is_unknown_to_every_rule_with_the_call_that_is_missing() {
        let listed = Permission {
            cidrs: Vec::new(),
            prefix_lists: vec!["pl-1".to_owned()],
            ..permission("tcp", 8080, 8080)
        };
        let all_ports = Permission {
            from: Some(0),
            to: Some(65535),
            ..listed.clone()
        };
        let mut resources = reached();
        resources.retain(|it| it.id.kind != Kind::SecurityGroup);
        let call = "ec2:GetManagedPrefixListEntries";
        let gap = crate::snapshot::Gap {
            resource: Some(ResourceId::new(Kind::SecurityGroup, "sg-1")),
            ..testing::gap(Kind::SecurityGroup, call)
        };
        for (rule, entry) in [
            (sg_world_unexpected_port::RULE, &listed),
            (sg_broad_public_cidr::RULE, &listed),
            (sg_world_admin_port::RULE, &all_ports),
            (sg_world_wide_range::RULE, &all_ports),
        ] {
            let mut all = resources.clone();
            all.push(group(vec![entry.clone()]));
            let words = rule.words().unwrap();
            let check = |case: &Case<'_>| (rule.check)(case, &words);
            let said = testing::owned(&all, std::slice::from_ref(&gap), |_| true, check);
            assert_eq!(said[0].status, Status::Unknown, "{}", rule.id);
            let named = said[0].gap.as_ref().map(|it| it.call.as_str());
            assert_eq!(named, Some(call), "{}", rule.id);
        }
    }

    #[test]
    fn what_the_user_takes_from_one_rule_is_left_to_the_next() {
        let config = "[rule.sg-world-admin-port.parameters]\ntcp = [22]\n\
                      [rule.sg-world-wide-range.parameters]\nports = 5000\n";
        let mut pack = crate::rule::Pack::built_in().unwrap();
        let config = crate::config::Config::parse(config).unwrap();
        pack.set(&config, "racklens.toml").unwrap();
        let mut resources = reached();
        resources.retain(|it| it.id.kind != Kind::SecurityGroup);
        let entries = vec![
            permission("tcp", 3389, 3389),
            permission("tcp", 20000, 22000),
        ];
        resources.push(group(entries));
        let judged = testing::owned(&resources, &[], |_| true, |case| pack.audit(case));
        let rule = judged
            .iter()
            .find(|it| it.rule.id == "sg-world-unexpected-port");
        let said = &rule.unwrap().verdicts[0];
        assert_eq!(said.status, Status::Fail);
        assert_eq!(said.detail, "tcp 3389, tcp 20000-22000");
    }

    #[test]
    fn all_traffic_is_told_of_by_its_own_rule() {
        let all = Permission {
            from: None,
            to: None,
            ..permission("-1", 0, 0)
        };
        let alone = judged(&sg_world_admin_port::RULE, &[group(vec![all.clone()])]);
        assert_eq!(alone[0].status, Status::NotApplicable);
        let both = [group(vec![all, permission("tcp", 22, 22)])];
        let both = judged(&sg_world_admin_port::RULE, &both);
        assert_eq!(both[0].status, Status::Fail);
    }

    #[test]
    fn the_ids_of_rules_are_evidence_and_change_no_fingerprint() {
        let before = permission("tcp", 22, 22);
        let id = ("0.0.0.0/0".to_owned(), "sgr-1".to_owned());
        let after = Permission {
            rules: Fact::Known([id].into()),
            ..before.clone()
        };
        let before = judged(&sg_world_admin_port::RULE, &[group(vec![before])]);
        let after = judged(&sg_world_admin_port::RULE, &[group(vec![after])]);
        assert_eq!(before[0].evidence[0].value, "tcp 22-22 from 0.0.0.0/0");
        assert_eq!(
            after[0].evidence[0].value,
            "tcp 22-22 from 0.0.0.0/0 (sgr-1)"
        );
        assert_eq!(before[0].fingerprint(), after[0].fingerprint());
        assert_eq!(
            (&before[0].why, &before[0].detail),
            (&after[0].why, &after[0].detail)
        );
    }

    #[test]
    fn a_range_from_80_up_opens_what_lies_in_it() {
        let up = [group(vec![permission("tcp", 80, 65535)])];
        let admin = judged(&sg_world_admin_port::RULE, &up);
        assert!(admin[0].detail.contains("3389"), "{}", admin[0].detail);
        assert!(!admin[0].detail.contains("tcp 22,"), "{}", admin[0].detail);
    }

    #[test]
    fn ping_and_udp_22_are_not_ssh() {
        let others = [group(vec![
            permission("icmp", -1, -1),
            permission("udp", 22, 22),
        ])];
        let verdicts = judged(&sg_world_admin_port::RULE, &others);
        assert_eq!(verdicts[0].status, Status::Pass);
    }

    #[test]
    fn a_group_s_world_of_ipv6_counts_too() {
        let mut all = vec![group(vec![permission("tcp", 22, 22)])];
        if let Some(it) = SecurityGroup::of_mut(&mut all[0].attrs) {
            it.ingress[0].cidrs = vec!["::/0".to_owned()];
        }
        let verdicts = judged(&sg_world_admin_port::RULE, &all);
        assert_eq!(verdicts[0].status, Status::Fail);
    }
}
