//! Reads the IAM policies that are not AWS's own: one listing.

use aws_sdk_iam::types::{self, PolicyScopeType};
use futures_util::future::BoxFuture;

use super::Policy;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map},
    },
    kind::Kind,
    snapshot::Resource,
};

const POLICIES: Call = Call::new(Service::Iam, "ListPolicies");

pub const READING: Reading = Reading {
    calls: &[POLICIES],
    source: Source::Region(list),
    deepen: None,
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
    };
    Ok(Resource::new(&arn, attrs)
        .name(policy.policy_name)
        .created(shape::time(policy.create_date))
        .tags(tag_map!(policy.tags.unwrap_or_default()))
        .arn(arn))
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
    async fn a_refused_listing_is_a_gap() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let found = list(&Tape::default().answer(403, denied).aws()).await;
        assert_eq!(found.gaps[0].action, "iam:ListPolicies");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
