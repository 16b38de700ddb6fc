//! Reads target groups: one listing and their tags, then the health of the rack's own targets.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types;
use futures_util::future::BoxFuture;

use super::{HealthCheck, Target, TargetGroup};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, key},
    },
    kind::{AsKind, Fact, Kind, load_balancer},
    snapshot::Resource,
};

const GROUPS: Call = Call::new(Service::Elbv2, "DescribeTargetGroups");
const TAGS: Call = Call::new(Service::Elbv2, "DescribeTags");
const HEALTH: Call = Call::new(Service::Elbv2, "DescribeTargetHealth");

pub const READING: Reading = Reading {
    calls: &[GROUPS, TAGS, HEALTH],
    source: Source::Region(list),
    deepen: Some(deepen),
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::TargetGroup);
        let pages = aws
            .elbv2
            .describe_target_groups()
            .into_paginator()
            .items()
            .send();
        found.pages(GROUPS, pages, resource).await;
        load_balancer::aws::add_tags(aws, &mut found).await;
        found
    })
}

fn resource(group: types::TargetGroup) -> Result<Resource, Missing> {
    let name = group.target_group_name.need("TargetGroupName")?;
    let number = |it: Option<i32>| it.map(|it| count(Some(it)));
    let balancers = group.load_balancer_arns.unwrap_or_default();
    let balancers: BTreeSet<String> = balancers.into_iter().map(key).collect();
    let attrs = TargetGroup {
        protocol: group.protocol.map(|it| it.as_str().to_owned()),
        protocol_version: group.protocol_version,
        port: shape::port(group.port),
        target_type: group.target_type.need("TargetType")?.as_str().to_owned(),
        vpc: group.vpc_id,
        load_balancers: balancers.into_iter().collect(),
        health_check: HealthCheck {
            enabled: group.health_check_enabled.unwrap_or_default(),
            protocol: group.health_check_protocol.map(|it| it.as_str().to_owned()),
            path: group.health_check_path,
            port: group.health_check_port,
            interval: number(group.health_check_interval_seconds),
            timeout: number(group.health_check_timeout_seconds),
            healthy_threshold: number(group.healthy_threshold_count),
            unhealthy_threshold: number(group.unhealthy_threshold_count),
            success: group.matcher.and_then(|it| it.http_code.or(it.grpc_code)),
        },
        targets: Fact::Unread,
    };
    Ok(Resource::new(name, attrs).arn(group.target_group_arn))
}

fn deepen(aws: &Aws, groups: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::TargetGroup, groups, |it| health(aws, it)))
}

async fn health(aws: &Aws, mut group: Resource) -> Found {
    let mut found = Found::of(Kind::TargetGroup);
    let request = aws.elbv2.describe_target_health();
    let answer = request.set_target_group_arn(group.arn.clone()).send().await;
    let answer = found.answer(HEALTH, Some(&group.id), answer);
    if let (Some(answer), Some(attrs)) = (answer, TargetGroup::of_mut(&mut group.attrs)) {
        let told = answer.target_health_descriptions.unwrap_or_default();
        match told.into_iter().map(target).collect() {
            Ok(targets) => attrs.targets = Fact::Known(targets),
            Err(missing) => found.malformed(HEALTH, Some(&group.id), missing),
        }
    }
    found.resources.push(group);
    found
}

fn target(it: types::TargetHealthDescription) -> Result<Target, Missing> {
    let target = it.target.need("Target")?;
    let health = it.target_health.need("TargetHealth")?;
    Ok(Target {
        id: target.id.need("Target.Id")?,
        port: shape::port(target.port),
        zone: target.availability_zone,
        state: health.state.need("TargetHealth.State")?.as_str().to_owned(),
        reason: health.reason.map(|it| it.as_str().to_owned()),
        description: health.description,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const ARN: &str = "arn:aws:elasticloadbalancing:us-east-1:1";

    fn groups(members: &str, marker: &str) -> String {
        format!(
            "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups>{members}
            </TargetGroups>{marker}</DescribeTargetGroupsResult></DescribeTargetGroupsResponse>"
        )
    }

    fn group(name: &str) -> String {
        format!(
            "<member><TargetGroupName>{name}</TargetGroupName><TargetType>instance</TargetType>
            <TargetGroupArn>{ARN}:targetgroup/{name}/38</TargetGroupArn><Port>80</Port>
            <LoadBalancerArns><member>{ARN}:loadbalancer/app/router/42</member>
            </LoadBalancerArns></member>"
        )
    }

    fn health(members: &str) -> String {
        format!(
            "<DescribeTargetHealthResponse><DescribeTargetHealthResult>
            <TargetHealthDescriptions>{members}</TargetHealthDescriptions>
            </DescribeTargetHealthResult></DescribeTargetHealthResponse>"
        )
    }

    async fn deepened(status: u16, answer: String) -> Found {
        let tape = Tape::default().answer(status, answer);
        let web = Resource::new("web", TargetGroup::default());
        deepen(&tape.aws(), vec![web]).await
    }

    fn first(found: &Found) -> &TargetGroup {
        TargetGroup::of(&found.resources[0].attrs).unwrap()
    }

    #[tokio::test]
    async fn pages_are_followed_and_tags_asked_for_all_at_once() {
        let tags = format!(
            "<DescribeTagsResponse><DescribeTagsResult><TagDescriptions><member>
            <ResourceArn>{ARN}:targetgroup/api/38</ResourceArn><Tags><member><Key>app</Key>
            <Value>api</Value></member></Tags></member></TagDescriptions></DescribeTagsResult>
            </DescribeTagsResponse>"
        );
        let tape = Tape::default()
            .answer(200, groups(&group("web"), "<NextMarker>m</NextMarker>"))
            .answer(200, groups(&group("api"), ""))
            .answer(200, tags);
        let found = list(&tape.aws()).await;
        assert_eq!(found.resources.len(), 2);
        assert_eq!(found.resources[1].tags["app"], "api");
        assert_eq!(first(&found).load_balancers, ["router"]);
        assert_eq!(tape.asked().len(), 3);
    }

    #[tokio::test]
    async fn each_target_tells_its_state_and_why() {
        let found = deepened(
            200,
            health(
                "<member><Target><Id>i-1</Id><Port>32768</Port></Target><TargetHealth>
                <State>unhealthy</State><Reason>Target.Timeout</Reason></TargetHealth></member>",
            ),
        )
        .await;
        let targets = first(&found).targets.known().unwrap();
        assert_eq!(targets[0].port, Some(32768));
        assert_eq!(targets[0].state, "unhealthy");
        assert_eq!(targets[0].reason.as_deref(), Some("Target.Timeout"));
    }

    #[tokio::test]
    async fn no_targets_are_known_to_be_none() {
        let found = deepened(200, health("")).await;
        assert_eq!(first(&found).targets, Fact::Known(Vec::new()));
    }

    #[tokio::test]
    async fn a_refusal_leaves_the_group_with_its_health_unread() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let found = deepened(403, denied.to_owned()).await;
        assert_eq!(first(&found).targets, Fact::Unread);
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    #[tokio::test]
    async fn a_target_without_a_state_leaves_them_all_unread() {
        let found = deepened(
            200,
            health("<member><Target><Id>i-1</Id></Target><TargetHealth/></member>"),
        )
        .await;
        assert_eq!(first(&found).targets, Fact::Unread);
        assert_eq!(found.gaps[0].reason, Reason::Malformed);
    }
}
