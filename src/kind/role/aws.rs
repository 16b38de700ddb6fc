//! Reads IAM roles: one listing, then the policies of the rack's own.

use std::slice;

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
const ATTACHED: Call = Call::new(Service::Iam, "ListAttachedRolePolicies");
const INLINE: Call = Call::new(Service::Iam, "ListRolePolicies");
const ROLE: Call = Call::new(Service::Iam, "GetRole");
const TEXT: Call = Call::new(Service::Iam, "GetRolePolicy");

pub const READING: Reading = Reading {
    calls: &[ROLES, ATTACHED, INLINE, ROLE, TEXT],
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
    let mut trusts: Vec<String> = each(policy.get("Statement")?)
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
        .flat_map(each)
        .chain([principal])
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

/// IAM writes a list of one without its brackets.
fn each(it: &Value) -> &[Value] {
    it.as_array().map_or(slice::from_ref(it), Vec::as_slice)
}

fn deepen(aws: &Aws, roles: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Role, roles, |it| look_into(aws, it)))
}

/// Asks all questions at once: none needs another's answer.
async fn look_into(aws: &Aws, mut role: Resource) -> Found {
    let mut found = Found::of(Kind::Role);
    let id = role.id.clone();
    let Some(attrs) = Role::of_mut(&mut role.attrs) else {
        return found;
    };
    let attached = aws.iam.list_attached_role_policies().role_name(&id.key);
    let inline = aws.iam.list_role_policies().role_name(&id.key);
    let (attached, inline, answer) = tokio::join!(
        attached.into_paginator().items().send().try_collect(),
        inline.into_paginator().items().send().try_collect(),
        aws.iam.get_role().role_name(&id.key).send(),
    );
    if let Some(told) = found.answer(ATTACHED, Some(&id), attached) {
        let told: Vec<types::AttachedPolicy> = told;
        let arns = told.into_iter().filter_map(|it| it.policy_arn).collect();
        attrs.attached = Fact::Known(arns);
    }
    if let Some(names) = found.answer(INLINE, Some(&id), inline) {
        attrs.allowing_all = allowing_all(aws, &id, &names, &mut found).await;
        attrs.inline = Fact::Known(names);
    }
    let answer = found.answer(ROLE, Some(&id), answer);
    if let Some(told) = answer.and_then(|it| it.role) {
        attrs.facts = Fact::Known(facts(&told));
        role = role.tags(tag_map!(told.tags.unwrap_or_default()));
    }
    found.resources.push(role);
    found
}

/// Those of a role's own policies that allow everything on everything; unread where one of them
/// could not be read.
async fn allowing_all(
    aws: &Aws,
    id: &ResourceId,
    names: &[String],
    found: &mut Found,
) -> Fact<Vec<String>> {
    let answers = aws.each(names.to_vec(), |name| {
        let request = aws.iam.get_role_policy().role_name(&id.key);
        request.policy_name(name).send()
    });
    let mut all = Some(Vec::new());
    for (name, answer) in names.iter().zip(answers.await) {
        let answer = found.answer(TEXT, Some(id), answer);
        let asked = answer.is_some();
        let policy = answer.and_then(|it| document::parse(&it.policy_document));
        match policy.as_ref().and_then(document::allows_all) {
            Some(true) => all.iter_mut().for_each(|it| it.push(name.clone())),
            Some(false) => {}
            None => {
                if asked {
                    found.malformed(TEXT, Some(id), Missing("PolicyDocument"));
                }
                all = None;
            }
        }
    }
    all.map_or(Fact::Unread, Fact::Known)
}

fn facts(role: &types::Role) -> RoleFacts {
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

    #[tokio::test]
    async fn a_refused_list_of_policies_is_a_gap_and_the_rest_is_kept() {
        let tape = Tape::default()
            .answer(403, DENIED)
            .answer(
                200,
                "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames>
                   <member>logs</member></PolicyNames></ListRolePoliciesResult>
                 </ListRolePoliciesResponse>",
            )
            .answer(
                200,
                "<GetRoleResponse><GetRoleResult><Role><RoleName>tasks</RoleName>
                   <RoleLastUsed><LastUsedDate>2018-04-29T21:00:00Z</LastUsedDate>
                     <Region>us-east-1</Region></RoleLastUsed>
                   <Tags><member><Key>Rack</Key><Value>prod</Value></member></Tags>
                 </Role></GetRoleResult></GetRoleResponse>",
            )
            .answer(403, DENIED);
        let found = deepen(&tape.aws(), tasks()).await;
        let role = Role::of(&found.resources[0].attrs).unwrap();
        assert_eq!(role.attached, Fact::Unread);
        assert_eq!(role.inline, Fact::Known(vec!["logs".to_owned()]));
        assert!(role.facts.known().unwrap().last_used.is_some());
        assert_eq!(found.resources[0].tags["Rack"], "prod");
        assert_eq!(found.gaps[0].action, "iam:ListAttachedRolePolicies");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
        assert_eq!(role.allowing_all, Fact::Unread);
        assert_eq!(found.gaps[1].action, "iam:GetRolePolicy");
    }

    #[tokio::test]
    async fn its_own_policies_leave_the_names_of_those_that_allow_everything() {
        let text = |document: &str| {
            format!(
                "<GetRolePolicyResponse><GetRolePolicyResult><RoleName>tasks</RoleName>
                 <PolicyName>it</PolicyName><PolicyDocument>{document}</PolicyDocument>
                 </GetRolePolicyResult></GetRolePolicyResponse>"
            )
        };
        let all = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let one = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#;
        let tape = Tape::default()
            .answer(200, "<ListAttachedRolePoliciesResponse/>")
            .answer(
                200,
                "<ListRolePoliciesResponse><ListRolePoliciesResult><PolicyNames>
                   <member>all</member><member>one</member></PolicyNames>
                 </ListRolePoliciesResult></ListRolePoliciesResponse>",
            )
            .answer(200, "<GetRoleResponse/>")
            .answer(200, text(all))
            .answer(200, text(one));
        let found = deepen(&tape.aws(), tasks()).await;
        let role = Role::of(&found.resources[0].attrs).unwrap();
        assert_eq!(role.allowing_all, Fact::Known(vec!["all".to_owned()]));
    }
}
