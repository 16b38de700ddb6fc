//! Reads capacity providers: one listing, tags included.

use aws_sdk_ecs::types::{self, CapacityProviderField};
use futures_util::future::BoxFuture;

use super::{CapacityProvider, is_of_aws};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    kind::Kind,
    snapshot::Resource,
};

const PROVIDERS: Call = Call::new(Service::Ecs, "DescribeCapacityProviders");

pub const READING: Reading = Reading {
    calls: &[PROVIDERS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::CapacityProvider);
        let mut token = None;
        loop {
            let request = aws.ecs.describe_capacity_providers();
            let request = request.include(CapacityProviderField::Tags);
            let answer = request.set_next_token(token).send().await;
            let Some(answer) = found.answer(PROVIDERS, None, answer) else {
                break;
            };
            let all = answer.capacity_providers.unwrap_or_default();
            let ours = all.into_iter();
            let ours = ours.filter(|it| !it.name().is_some_and(is_of_aws));
            for it in ours {
                found.add(PROVIDERS, None, resource(it));
            }
            token = text(answer.next_token);
            if token.is_none() {
                break;
            }
        }
        found
    })
}

fn resource(it: types::CapacityProvider) -> Result<Resource, Missing> {
    let name = text(it.name).need("name")?;
    let group = it.auto_scaling_group_provider;
    let scaling = group.as_ref().and_then(|it| it.managed_scaling.as_ref());
    let protection = group
        .as_ref()
        .and_then(|it| it.managed_termination_protection.as_ref());
    let draining = group.as_ref().and_then(|it| it.managed_draining.as_ref());
    let attrs = CapacityProvider {
        status: it.status.need("status")?.as_str().to_owned(),
        update_status: it.update_status.map(|it| it.as_str().to_owned()),
        update_reason: text(it.update_status_reason),
        managed_scaling: scaling
            .and_then(|it| it.status.as_ref())
            .map(|it| it.as_str().to_owned()),
        target_capacity: scaling
            .and_then(|it| it.target_capacity)
            .map(|it| count(Some(it))),
        managed_termination_protection: protection.map(|it| it.as_str().to_owned()),
        managed_draining: draining.map(|it| it.as_str().to_owned()),
        auto_scaling_group: group
            .and_then(|it| text(Some(it.auto_scaling_group_arn)))
            .map(shape::key),
        cluster: text(it.cluster).map(shape::key),
    };
    Ok(Resource::new(name, attrs)
        .arn(it.capacity_provider_arn)
        .tags(tag_map!(it.tags.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    #[tokio::test]
    async fn those_of_aws_are_left_out_on_every_page() {
        let tape = Tape::default()
            .answer(
                200,
                r#"{"capacityProviders":[{"name":"FARGATE","status":"ACTIVE"},
                    {"name":"FARGATE_SPOT","status":"ACTIVE"},{"name":"old","status":"INACTIVE"}],
                    "nextToken":"t"}"#,
            )
            .answer(
                200,
                r#"{"capacityProviders":[{"name":"prod","status":"ACTIVE",
                    "capacityProviderArn":"arn:aws:ecs:us-east-1:1:capacity-provider/prod",
                    "updateStatus":"DELETE_FAILED","updateStatusReason":"in use",
                    "autoScalingGroupProvider":{
                      "autoScalingGroupArn":"arn:aws:autoscaling:us-east-1:1:autoScalingGroup:u:autoScalingGroupName/prod-asg",
                      "managedScaling":{"status":"ENABLED","targetCapacity":80},
                      "managedTerminationProtection":"ENABLED","managedDraining":"DISABLED"},
                    "tags":[{"key":"team","value":"web"}]},
                    {"name":"nobody"}]}"#,
            );
        let found = list(&tape.aws()).await;
        let keys: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(keys, ["old", "prod"]);
        assert_eq!(found.resources[1].tags["team"], "web");
        let provider = CapacityProvider::of(&found.resources[1].attrs).unwrap();
        assert_eq!(provider.auto_scaling_group.as_deref(), Some("prod-asg"));
        assert_eq!(provider.target_capacity, Some(80));
        assert_eq!(provider.update_status.as_deref(), Some("DELETE_FAILED"));
        assert_eq!(found.gaps[0].message, "the answer has no status");
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let tape = Tape::default().answer(400, r#"{"__type":"AccessDeniedException"}"#);
        let found = list(&tape.aws()).await;
        assert_eq!(found.gaps[0].action, "ecs:DescribeCapacityProviders");
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
