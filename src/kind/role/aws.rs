//! Reads IAM roles: one listing, then one description of all for the rack's own.

use std::collections::BTreeMap;

use aws_sdk_iam::types;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Role, RoleFacts};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, tag_map},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind, policy::document},
    snapshot::Resource,
};

const ROLES: Call = Call::new(Service::Iam, "ListRoles");
const DETAILS: Call = Call::new(Service::Iam, "GetAccountAuthorizationDetails");
/// The most that a page holds.
const PAGE: i32 = 1000;

pub const READING: Reading = Reading {
    calls: &[ROLES, DETAILS],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Role);
        let pages = aws.iam.list_roles().into_paginator().items().send();
        for role in found.collect(ROLES, None, pages).await {
            let trusts = role.assume_role_policy_document().and_then(trusts);
            if trusts.is_none() && !role.role_name().is_empty() {
                let id = ResourceId::new(Kind::Role, role.role_name());
                found.malformed(ROLES, Some(&id), Missing("AssumeRolePolicyDocument"));
            }
            found.add(ROLES, None, resource(role, trusts));
        }
        found
    })
}

fn resource(role: types::Role, trusts: Option<Vec<String>>) -> Result<Resource, Missing> {
    let name = role.role_name.need("RoleName")?;
    let attrs = Role {
        path: role.path,
        trusts: trusts.map_or(Fact::Unread, Fact::Known),
        ..Role::default()
    };
    Ok(Resource::new(name, attrs)
        .arn(Some(role.arn).filter(|it| !it.is_empty()))
        .created(shape::time(Some(role.create_date))))
}

/// Whom a trust policy lets in; `None` when it cannot be understood.
fn trusts(text: &str) -> Option<Vec<String>> {
    let policy = document::parse(text)?;
    let mut trusts: Vec<String> = document::each(policy.get("Statement")?)
        .iter()
        .filter(|it| it["Effect"] == "Allow")
        .flat_map(principals)
        .collect();
    trusts.sort();
    trusts.dedup();
    Some(trusts)
}

/// `"*"`, or texts by their type, one of them or a list; all but a few counts as all.
fn principals(statement: &Value) -> Vec<String> {
    if statement.get("NotPrincipal").is_some() {
        return vec!["*".to_owned()];
    }
    let principal = &statement["Principal"];
    let by_type = principal.as_object().into_iter().flat_map(|it| it.values());
    by_type
        .flat_map(document::each)
        .chain([principal])
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

/// Four questions for each role would tell no more than this one for all, which answers for those
/// of others, too.
fn deepen(aws: &Aws, mut roles: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let mut found = Found::of(Kind::Role);
        let request = aws.iam.get_account_authorization_details();
        let request = request.filter(types::EntityType::Role).max_items(PAGE);
        let mut pages = request.into_paginator().send();
        let mut told: BTreeMap<String, types::RoleDetail> = BTreeMap::new();
        let mut whole = true;
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => {
                    let details = page.role_detail_list.unwrap_or_default().into_iter();
                    told.extend(details.filter_map(|it| Some((it.role_name.clone()?, it))));
                }
                Err(error) => {
                    whole = false;
                    let missed = roles.iter().filter(|it| !told.contains_key(&it.id.key));
                    for role in missed {
                        found.failed(DETAILS, Some(&role.id), &error);
                    }
                }
            }
        }
        for role in &mut roles {
            match told.remove(&role.id.key) {
                Some(detail) => add(role, detail, &mut found),
                None if whole => {
                    found.malformed(DETAILS, Some(&role.id), Missing("RoleDetailList"));
                }
                None => {}
            }
        }
        found.resources = roles;
        found
    })
}

fn add(role: &mut Resource, told: types::RoleDetail, found: &mut Found) {
    let id = role.id.clone();
    let Some(attrs) = Role::of_mut(&mut role.attrs) else {
        return;
    };
    let facts = facts(&told);
    let mut noted = |missing| found.malformed(DETAILS, Some(&id), missing);
    match attached(told.attached_managed_policies) {
        Ok(arns) => attrs.attached = Fact::Known(arns),
        Err(missing) => noted(missing),
    }
    match inline(told.role_policy_list) {
        Ok(policies) => {
            match allowing_all(&policies) {
                Some(names) => attrs.allowing_all = Fact::Known(names),
                None => noted(Missing("PolicyDocument")),
            }
            let names = policies.into_iter().map(|it| it.0);
            attrs.inline = Fact::Known(names.collect());
        }
        Err(missing) => noted(missing),
    }
    attrs.facts = Fact::Known(facts);
    role.tags.extend(tag_map!(told.tags.unwrap_or_default()));
}

fn attached(told: Option<Vec<types::AttachedPolicy>>) -> Result<Vec<String>, Missing> {
    let told = told.need("AttachedManagedPolicies")?.into_iter();
    told.map(|it| it.policy_arn.need("PolicyArn")).collect()
}

/// The policies that are written into a role: name and text.
fn inline(
    told: Option<Vec<types::PolicyDetail>>,
) -> Result<Vec<(String, Option<String>)>, Missing> {
    let told = told.need("RolePolicyList")?.into_iter();
    told.map(|it| Ok((it.policy_name.need("PolicyName")?, it.policy_document)))
        .collect()
}

/// Those that allow everything on everything; `None` where one of them cannot be understood.
fn allowing_all(policies: &[(String, Option<String>)]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for (name, text) in policies {
        let policy = document::parse(text.as_deref()?)?;
        if document::allows_all(&policy)? {
            all.push(name.clone());
        }
    }
    Some(all)
}

fn facts(role: &types::RoleDetail) -> RoleFacts {
    let used = role.role_last_used();
    let boundary = role.permissions_boundary();
    RoleFacts {
        last_used: used.and_then(|it| shape::time(it.last_used_date)),
        last_used_in: used.and_then(|it| it.region.clone()),
        boundary: boundary.and_then(|it| it.permissions_boundary_arn.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const DENIED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";

    fn role(name: &str, document: &str) -> String {
        format!(
            "<member><RoleName>{name}</RoleName><Path>/</Path><Arn>arn:aws:iam::1:role/{name}</Arn>
             <CreateDate>2018-04-29T21:00:00Z</CreateDate>
             <AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument></member>"
        )
    }

    fn page(roles: &str, more: &str) -> String {
        format!(
            "<ListRolesResponse><ListRolesResult><Roles>{roles}</Roles>{more}</ListRolesResult>
             </ListRolesResponse>"
        )
    }

    fn tasks() -> Vec<Resource> {
        vec![Resource::new("tasks", Role::default())]
    }

    #[test]
    fn trust_may_be_written_in_many_ways() {
        for (statement, whom) in [
            (
                r#"{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"}}"#,
                &["ecs.amazonaws.com"][..],
            ),
            (
                r#"[{"Effect":"Allow","Principal":{"AWS":["arn:b","arn:a"],"Service":"s"}},
                    {"Effect":"Deny","Principal":"*"}]"#,
                &["arn:a", "arn:b", "s"][..],
            ),
            (r#"{"Effect":"Allow","Principal":"*"}"#, &["*"][..]),
            (
                r#"{"Effect":"Allow","NotPrincipal":{"AWS":"1"}}"#,
                &["*"][..],
            ),
        ] {
            let document = format!(r#"{{"Statement":{statement}}}"#).replace('"', "%22");
            assert_eq!(trusts(&document).unwrap(), whom, "{statement}");
        }
        assert_eq!(trusts("%7"), None);
        assert_eq!(trusts("not json"), None);
    }

    #[tokio::test]
    async fn pages_of_roles_become_one_listing() {
        let fine = "%7B%22Statement%22%3A%5B%5D%7D";
        let more = "<IsTruncated>true</IsTruncated><Marker>m</Marker>";
        let tape = Tape::default()
            .answer(200, page(&role("a", fine), more))
            .answer(200, page(&role("b", "broken"), ""));
        let found = list(&tape.aws()).await;
        let of = |at: usize| Role::of(&found.resources[at].attrs).unwrap();
        assert_eq!(of(0).trusts, Fact::Known(Vec::new()));
        assert_eq!(of(1).trusts, Fact::Unread);
        assert_eq!(found.gaps.len(), 1);
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "role/b");
    }

    #[tokio::test]
    async fn a_role_without_a_name_is_a_gap() {
        let tape = Tape::default().answer(200, page("<member><Path>/</Path></member>", ""));
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no RoleName");
    }

    fn details(roles: &str, more: &str) -> String {
        format!(
            "<GetAccountAuthorizationDetailsResponse><GetAccountAuthorizationDetailsResult>
             <RoleDetailList>{roles}</RoleDetailList>{more}
             </GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"
        )
    }

    fn detail(inline: &str) -> String {
        format!(
            "<member><RoleName>tasks</RoleName><RolePolicyList>{inline}</RolePolicyList>
             <AttachedManagedPolicies><member><PolicyArn>arn:aws:iam::aws:policy/A</PolicyArn>
             </member></AttachedManagedPolicies>
             <RoleLastUsed><LastUsedDate>2018-04-29T21:00:00Z</LastUsedDate>
               <Region>us-east-1</Region></RoleLastUsed>
             <Tags><member><Key>Rack</Key><Value>prod</Value></member></Tags></member>"
        )
    }

    fn policy(name: &str, document: &str) -> String {
        let document = document.replace('"', "%22");
        format!(
            "<member><PolicyName>{name}</PolicyName><PolicyDocument>{document}</PolicyDocument>
             </member>"
        )
    }

    #[tokio::test]
    async fn one_description_of_all_tells_of_the_racks_own() {
        let other = "<member><RoleName>other</RoleName></member>";
        let more = "<IsTruncated>true</IsTruncated><Marker>m</Marker>";
        let tape = Tape::default()
            .answer(200, details(other, more))
            .answer(200, details(&detail(""), ""));
        let found = deepen(&tape.aws(), tasks()).await;
        assert_eq!(found.gaps, []);
        let role = Role::of(&found.resources[0].attrs).unwrap();
        let aws = "arn:aws:iam::aws:policy/A".to_owned();
        assert_eq!(role.attached, Fact::Known(vec![aws]));
        assert_eq!(role.inline, Fact::Known(Vec::new()));
        assert!(role.facts.known().unwrap().last_used.is_some());
        assert_eq!(found.resources[0].tags["Rack"], "prod");
    }

    #[tokio::test]
    async fn a_refused_description_is_a_gap_of_each_role_and_the_listing_is_kept() {
        let tape = Tape::default().answer(403, DENIED);
        let found = deepen(&tape.aws(), tasks()).await;
        let role = Role::of(&found.resources[0].attrs).unwrap();
        assert_eq!(
            (&role.attached, &role.inline),
            (&Fact::Unread, &Fact::Unread)
        );
        assert_eq!(found.gaps[0].resource, Some(found.resources[0].id.clone()));
        assert_eq!(found.gaps[0].action, "iam:GetAccountAuthorizationDetails");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn a_role_that_is_not_described_is_not_one_without_policies() {
        let tape = Tape::default().answer(200, details("", ""));
        let found = deepen(&tape.aws(), tasks()).await;
        let role = Role::of(&found.resources[0].attrs).unwrap();
        assert_eq!(role.inline, Fact::Unread);
        assert_eq!(found.gaps[0].message, "the answer has no RoleDetailList");
    }

    #[tokio::test]
    async fn its_own_policies_leave_the_names_of_those_that_allow_everything() {
        let all = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let one = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
        let inline = [policy("all", all), policy("one", one)].concat();
        let tape = Tape::default().answer(200, details(&detail(&inline), ""));
        let found = deepen(&tape.aws(), tasks()).await;
        let role = Role::of(&found.resources[0].attrs).unwrap();
        assert_eq!(role.allowing_all, Fact::Known(vec!["all".to_owned()]));
        assert_eq!(role.inline.known().unwrap(), &["all", "one"]);
    }

    #[tokio::test]
    async fn a_policy_whose_text_is_not_understood_is_not_harmless() {
        let inline = policy("odd", "[");
        let tape = Tape::default().answer(200, details(&detail(&inline), ""));
        let found = deepen(&tape.aws(), tasks()).await;
        let role = Role::of(&found.resources[0].attrs).unwrap();
        assert_eq!(role.allowing_all, Fact::Unread);
        assert_eq!(role.inline, Fact::Known(vec!["odd".to_owned()]));
        assert_eq!(found.gaps[0].message, "the answer has no PolicyDocument");
    }
}
