//! Reads the IAM policies that are not AWS's own: one listing, then the text of the rack's own.

use aws_sdk_iam::types::{self, PolicyScopeType};
use futures_util::future::BoxFuture;

use super::{Policy, document};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map},
    },
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const POLICIES: Call = Call::new(Service::Iam, "ListPolicies");
const VERSION: Call = Call::new(Service::Iam, "GetPolicyVersion");

pub const READING: Reading = Reading {
    calls: &[POLICIES, VERSION],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::Policy);
        let request = aws.iam.list_policies().scope(PolicyScopeType::Local);
        let pages = request.into_paginator().items().send();
        found.pages(POLICIES, pages, resource).await;
        found
    })
}

fn resource(policy: types::Policy) -> Result<Resource, Missing> {
    let arn = policy.arn.need("Arn")?;
    let attrs = Policy {
        path: policy.path.unwrap_or_default(),
        default_version: policy.default_version_id,
        attachments: count(policy.attachment_count),
        boundaries: count(policy.permissions_boundary_usage_count),
        allows_all: Fact::Unread,
    };
    Ok(Resource::new(&arn, attrs)
        .name(policy.policy_name)
        .created(shape::time(policy.create_date))
        .tags(tag_map!(policy.tags.unwrap_or_default()))
        .arn(arn))
}

fn deepen(aws: &Aws, policies: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::Policy, policies, |it| look_into(aws, it)))
}

/// Reads the version that counts.
async fn look_into(aws: &Aws, mut policy: Resource) -> Found {
    let mut found = Found::of(Kind::Policy);
    let id = policy.id.clone();
    if let Some(attrs) = Policy::of_mut(&mut policy.attrs)
        && let Some(version) = &attrs.default_version
    {
        let request = aws.iam.get_policy_version().policy_arn(&id.key);
        let answer = request.version_id(version).send().await;
        if let Some(answer) = found.answer(VERSION, Some(&id), answer) {
            let text = answer.policy_version.and_then(|it| it.document);
            let policy = text.as_deref().and_then(document::parse);
            match policy.as_ref().and_then(document::allows_all) {
                Some(it) => attrs.allows_all = Fact::Known(it),
                None => found.malformed(VERSION, Some(&id), Missing("PolicyVersion.Document")),
            }
        }
    }
    found.resources.push(policy);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    #[tokio::test]
    async fn only_policies_of_the_account_are_asked_for() {
        let tape = Tape::default().answer(
            200,
            "<ListPoliciesResponse><ListPoliciesResult><Policies>
               <member><Arn>arn:aws:iam::1:policy/deploy</Arn><PolicyName>deploy</PolicyName>
                 <AttachmentCount>2</AttachmentCount></member>
               <member><PolicyName>nameless</PolicyName></member>
             </Policies></ListPoliciesResult></ListPoliciesResponse>",
        );
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources[0].id.key, "arn:aws:iam::1:policy/deploy");
        assert_eq!(found.resources[0].label(), "deploy");
        assert_eq!(found.gaps[0].message, "the answer has no Arn");
        assert!(tape.asked()[0].contains("Scope=Local"));
    }

    #[tokio::test]
    async fn the_version_that_counts_tells_whether_it_allows_everything() {
        let policy = Policy {
            default_version: Some("v2".to_owned()),
            ..Policy::default()
        };
        let policies = vec![Resource::new("arn:aws:iam::1:policy/deploy", policy)];
        let tape = Tape::default().answer(
            200,
            "<GetPolicyVersionResponse><GetPolicyVersionResult><PolicyVersion><Document>\
               %7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C\
               %22Resource%22%3A%22*%22%7D%7D</Document></PolicyVersion>\
             </GetPolicyVersionResult></GetPolicyVersionResponse>",
        );
        let found = deepen(&tape.aws(), policies).await;
        let policy = Policy::of(&found.resources[0].attrs).unwrap();
        assert_eq!(policy.allows_all, Fact::Known(true));
        assert!(tape.asked()[0].contains("VersionId=v2"));
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let found = list(&Tape::default().answer(403, denied).aws()).await;
        assert_eq!(found.gaps[0].action, "iam:ListPolicies");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
