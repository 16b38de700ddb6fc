//! Reads Auto Scaling groups: one listing.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types;
use futures_util::future::BoxFuture;

use super::{AutoScalingGroup, Member};
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

const GROUPS: Call = Call::new(Service::AutoScaling, "DescribeAutoScalingGroups");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[GROUPS],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = Found::of(Kind::AutoScalingGroup);
        let request = aws.autoscaling.describe_auto_scaling_groups();
        let pages = request.max_records(PAGE).into_paginator().items().send();
        found.pages(GROUPS, pages, resource).await;
        found
    })
}

fn resource(group: types::AutoScalingGroup) -> Result<Resource, Missing> {
    let name = text(group.auto_scaling_group_name).need("AutoScalingGroupName")?;
    let instances = group.instances.unwrap_or_default().into_iter().map(member);
    let suspended = group.suspended_processes.unwrap_or_default();
    let mixed = group
        .mixed_instances_policy
        .and_then(|it| it.launch_template);
    let template = group
        .launch_template
        .or(mixed.and_then(|it| it.launch_template_specification));
    let sources = group.traffic_sources.unwrap_or_default();
    let target_groups = group.target_group_arns.unwrap_or_default();
    let target_groups = target_groups.into_iter().chain(of_type(&sources, "elbv2"));
    let classic = group.load_balancer_names.unwrap_or_default();
    let classic = classic.into_iter().chain(of_type(&sources, "elb"));
    let subnets = group.vpc_zone_identifier.unwrap_or_default();
    let attrs = AutoScalingGroup {
        min: count(Some(group.min_size.need("MinSize")?)),
        max: count(Some(group.max_size.need("MaxSize")?)),
        desired: count(Some(group.desired_capacity.need("DesiredCapacity")?)),
        instances: instances.collect::<Result<_, _>>()?,
        warm_pool: count(group.warm_pool_size),
        zones: group.availability_zones.unwrap_or_default(),
        subnets: subnets
            .split(',')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .map(ToOwned::to_owned)
            .collect(),
        launch_configuration: group.launch_configuration_name,
        launch_template_version: template.as_ref().and_then(|it| text(it.version.clone())),
        launch_template: template.and_then(|it| it.launch_template_id),
        target_groups: once(target_groups.map(shape::key)),
        classic_load_balancers: once(classic),
        health_check_type: text(group.health_check_type).need("HealthCheckType")?,
        suspended: suspended
            .into_iter()
            .filter_map(|it| it.process_name)
            .collect(),
        status: group.status,
        deletion_protection: group.deletion_protection.map(|it| it.as_str().to_owned()),
        protects_new_instances: group
            .new_instances_protected_from_scale_in
            .unwrap_or_default(),
    };
    Ok(Resource::new(name, attrs)
        .arn(group.auto_scaling_group_arn)
        .created(shape::time(group.created_time))
        .tags(tag_map!(group.tags.unwrap_or_default())))
}

fn member(it: types::Instance) -> Result<Member, Missing> {
    let state = it.lifecycle_state.need("Instances.LifecycleState")?;
    Ok(Member {
        instance: text(it.instance_id).need("Instances.InstanceId")?,
        zone: it.availability_zone.unwrap_or_default(),
        lifecycle_state: state.as_str().to_owned(),
        health: it.health_status.unwrap_or_default(),
        protected: it
            .protected_from_scale_in
            .need("Instances.ProtectedFromScaleIn")?,
    })
}

/// AWS tells of a target group in its own list, among the traffic sources, or in both.
fn of_type(
    sources: &[types::TrafficSourceIdentifier],
    wanted: &'static str,
) -> impl Iterator<Item = String> {
    sources
        .iter()
        .filter(move |it| it.r#type() == Some(wanted))
        .filter_map(|it| it.identifier.clone())
}

fn once(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    fn page(name: &str, inside: &str, token: &str) -> String {
        format!(
            "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>
             <AutoScalingGroups><member>
               <AutoScalingGroupName>{name}</AutoScalingGroupName>
               <AutoScalingGroupARN>arn:aws:autoscaling:us-east-1:1:autoScalingGroup:u:autoScalingGroupName/{name}</AutoScalingGroupARN>
               <MinSize>1</MinSize><MaxSize>5</MaxSize><DesiredCapacity>3</DesiredCapacity>
               <HealthCheckType>EC2</HealthCheckType>{inside}
             </member></AutoScalingGroups>{token}
             </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
        )
    }

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let tape = Tape::default()
            .answer(200, page("a", "", "<NextToken>t</NextToken>"))
            .answer(200, page("b", "", ""));
        let found = list(&tape.aws()).await;
        let names: Vec<&str> = found
            .resources
            .iter()
            .map(|it| it.id.key.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
        assert!(tape.asked()[1].contains("NextToken=t"));
    }

    #[tokio::test]
    async fn a_target_group_that_is_told_twice_is_one() {
        let arn = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/prod-tg/38";
        let tape = Tape::default().answer(
            200,
            page(
                "prod",
                &format!(
                    "<TargetGroupARNs><member>{arn}</member></TargetGroupARNs>
                     <TrafficSources>
                       <member><Identifier>{arn}</Identifier><Type>elbv2</Type></member>
                       <member><Identifier>old</Identifier><Type>elb</Type></member>
                     </TrafficSources>
                     <VPCZoneIdentifier>subnet-1,subnet-2</VPCZoneIdentifier>"
                ),
                "",
            ),
        );
        let found = list(&tape.aws()).await;
        let group = AutoScalingGroup::of(&found.resources[0].attrs).unwrap();
        assert_eq!(group.target_groups, ["prod-tg"]);
        assert_eq!(group.classic_load_balancers, ["old"]);
        assert_eq!(group.subnets, ["subnet-1", "subnet-2"]);
    }

    #[tokio::test]
    async fn a_mixed_policy_names_its_template_deeper() {
        let tape = Tape::default().answer(
            200,
            page(
                "prod",
                "<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>
                   <LaunchTemplateId>lt-1</LaunchTemplateId><Version>$Latest</Version>
                 </LaunchTemplateSpecification>
                 </LaunchTemplate></MixedInstancesPolicy>",
                "",
            ),
        );
        let found = list(&tape.aws()).await;
        let group = AutoScalingGroup::of(&found.resources[0].attrs).unwrap();
        assert_eq!(group.launch_template.as_deref(), Some("lt-1"));
        assert_eq!(group.launch_template_version.as_deref(), Some("$Latest"));
    }

    #[tokio::test]
    async fn a_group_with_a_nameless_member_is_a_gap() {
        let tape = Tape::default().answer(
            200,
            page(
                "prod",
                "<Instances><member>
                   <LifecycleState>InService</LifecycleState></member></Instances>",
                "",
            ),
        );
        let found = list(&tape.aws()).await;
        assert!(found.resources.is_empty());
        assert_eq!(
            found.gaps[0].message,
            "the answer has no Instances.InstanceId"
        );
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap() {
        let tape = Tape::default().answer(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>",
        );
        let found = list(&tape.aws()).await;
        assert_eq!(
            found.gaps[0].action,
            "autoscaling:DescribeAutoScalingGroups"
        );
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
