//! Reads Auto Scaling groups: one listing, one of their policies, one of whom they tell, and whether
//! the disks of their machines are encrypted by default.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_autoscaling::types;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use super::{AutoScalingGroup, Member, Notification, ScalingPolicy};
use crate::{
    arn,
    aws::{
        Aws, Call, Found, Service,
        found::{AwsError, Missing, Need},
        read::{Reading, Source},
        shape::{self, count, tag_map, text},
    },
    id::ResourceId,
    kind::{AsKind, Fact, Kind},
    snapshot::Resource,
};

const GROUPS: Call = Call::new(Service::AutoScaling, "DescribeAutoScalingGroups");
const POLICIES: Call = Call::new(Service::AutoScaling, "DescribePolicies");
const NOTIFICATIONS: Call = Call::new(Service::AutoScaling, "DescribeNotificationConfigurations");
const ENCRYPTED: Call = Call::new(Service::Ec2, "GetEbsEncryptionByDefault");
/// The most that a page holds.
const PAGE: i32 = 100;

pub const READING: Reading = Reading {
    calls: &[GROUPS, POLICIES, NOTIFICATIONS, ENCRYPTED],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = groups(aws).await;
        // Without a group there is nothing that could have any.
        if !found.resources.is_empty() {
            add_policies(aws, &mut found).await;
            add_notifications(aws, &mut found).await;
            add_encryption(aws, &mut found).await;
        }
        found
    })
}

async fn groups(aws: &Aws) -> Found {
    let mut found = Found::of(Kind::AutoScalingGroup);
    let request = aws.autoscaling.describe_auto_scaling_groups();
    let pages = request.max_records(PAGE).into_paginator().items().send();
    found.pages(GROUPS, pages, resource).await;
    found
}

async fn add_policies(aws: &Aws, found: &mut Found) {
    let request = aws.autoscaling.describe_policies().max_records(PAGE);
    let answer: Result<Vec<_>, _> = request.into_paginator().items().send().try_collect().await;
    let Some(told) = about_each(POLICIES, answer, found) else {
        return;
    };
    let mut policies: BTreeMap<String, Vec<ScalingPolicy>> = BTreeMap::new();
    for it in told {
        let group = it.auto_scaling_group_name.clone().unwrap_or_default();
        policies.entry(group).or_default().push(policy(it));
    }
    for resource in &mut found.resources {
        let own = policies.remove(&resource.id.key).unwrap_or_default();
        if let Some(attrs) = AutoScalingGroup::of_mut(&mut resource.attrs) {
            attrs.policies = Fact::Known(own);
        }
    }
}

fn policy(it: types::ScalingPolicy) -> ScalingPolicy {
    let tracking = it.target_tracking_configuration.as_ref();
    let usual = tracking.and_then(|it| it.predefined_metric_specification.as_ref());
    let usual = usual.and_then(|it| it.predefined_metric_type.as_ref());
    let own = tracking.and_then(|it| it.customized_metric_specification.as_ref());
    let own = own.and_then(|it| it.metric_name.clone());
    let alarms = it.alarms.into_iter().flatten();
    ScalingPolicy {
        name: it.policy_name.unwrap_or_default(),
        policy_type: it.policy_type.unwrap_or_default(),
        enabled: it.enabled,
        metric: usual.map(|it| it.as_str().to_owned()).or(own),
        target: tracking
            .and_then(|it| it.target_value)
            .and_then(|it| Decimal::try_from(it).ok()),
        scales_in: !tracking
            .and_then(|it| it.disable_scale_in)
            .unwrap_or_default(),
        cooldown_s: it.cooldown.map(|it| count(Some(it))),
        scale_in_cooldown_s: None,
        scale_out_cooldown_s: None,
        alarms: alarms.filter_map(|it| text(it.alarm_name)).collect(),
    }
}

async fn add_notifications(aws: &Aws, found: &mut Found) {
    let request = aws.autoscaling.describe_notification_configurations();
    let pages = request.max_records(PAGE).into_paginator().items().send();
    let answer: Result<Vec<_>, _> = pages.try_collect().await;
    let Some(told) = about_each(NOTIFICATIONS, answer, found) else {
        return;
    };
    // AWS tells of every event by itself.
    let mut events: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for it in told {
        let group = it.auto_scaling_group_name.unwrap_or_default();
        let topic = it.topic_arn.unwrap_or_default();
        let known = events.entry((group, topic)).or_default();
        known.extend(it.notification_type);
    }
    for resource in &mut found.resources {
        let own = events.iter().filter(|it| it.0.0 == resource.id.key);
        let arn = resource.arn.as_deref().unwrap_or_default();
        let own = own.map(|((_, topic), events)| Notification {
            topic: arn::beside(topic, arn).map_or_else(|| topic.clone(), |it| it.key),
            events: events.clone(),
        });
        let own = Fact::Known(own.collect());
        if let Some(attrs) = AutoScalingGroup::of_mut(&mut resource.attrs) {
            attrs.notifications = own;
        }
    }
}

/// The account says it once for all groups of the region.
async fn add_encryption(aws: &Aws, found: &mut Found) {
    let answer = aws.ec2.get_ebs_encryption_by_default().send().await;
    let Some(answer) = about_each(ENCRYPTED, answer, found) else {
        return;
    };
    let Some(on) = answer.ebs_encryption_by_default else {
        let ids: Vec<ResourceId> = found.resources.iter().map(|it| it.id.clone()).collect();
        for id in ids {
            found.malformed(ENCRYPTED, Some(&id), Missing("EbsEncryptionByDefault"));
        }
        return;
    };
    for resource in &mut found.resources {
        if let Some(attrs) = AutoScalingGroup::of_mut(&mut resource.attrs) {
            attrs.disks_encrypted_by_default = Fact::Known(on);
        }
    }
}

/// The answer of a listing that tells more about every group, or `None` and a gap about each.
fn about_each<T, E: AwsError>(
    call: Call,
    answer: Result<T, SdkError<E, HttpResponse>>,
    found: &mut Found,
) -> Option<T> {
    let ids: Vec<ResourceId> = found.resources.iter().map(|it| it.id.clone()).collect();
    answer
        .inspect_err(|error| {
            for id in &ids {
                found.failed(call, Some(id), error);
            }
        })
        .ok()
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
        policies: Fact::Unread,
        notifications: Fact::Unread,
        disks_encrypted_by_default: Fact::Unread,
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
    use crate::{snapshot::Reason, testing::replay::Tape};

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

    const DEFAULT: &str = "<GetEbsEncryptionByDefaultResponse>
        <ebsEncryptionByDefault>true</ebsEncryptionByDefault>
        </GetEbsEncryptionByDefaultResponse>";

    #[tokio::test]
    async fn a_listing_is_followed_to_its_end() {
        let tape = Tape::default()
            .answer(200, page("a", "", "<NextToken>t</NextToken>"))
            .answer(200, page("b", "", ""));
        let found = groups(&tape.aws()).await;
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
        let found = groups(&tape.aws()).await;
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
        let found = groups(&tape.aws()).await;
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
        let found = groups(&tape.aws()).await;
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
        let found = groups(&tape.aws()).await;
        assert_eq!(
            found.gaps[0].action,
            "autoscaling:DescribeAutoScalingGroups"
        );
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }

    const POLICY: &str = "<DescribePoliciesResponse><DescribePoliciesResult><ScalingPolicies>
        <member><AutoScalingGroupName>prod</AutoScalingGroupName><PolicyName>cpu</PolicyName>
          <PolicyType>TargetTrackingScaling</PolicyType><Enabled>true</Enabled>
          <TargetTrackingConfiguration><PredefinedMetricSpecification>
            <PredefinedMetricType>ASGAverageCPUUtilization</PredefinedMetricType>
          </PredefinedMetricSpecification><TargetValue>62.5</TargetValue>
          </TargetTrackingConfiguration>
          <Alarms><member><AlarmName>TargetTracking-prod-AlarmHigh-u</AlarmName></member></Alarms>
        </member></ScalingPolicies></DescribePoliciesResult></DescribePoliciesResponse>";

    fn told(topic: &str, event: &str) -> String {
        format!(
            "<member><AutoScalingGroupName>prod</AutoScalingGroupName><TopicARN>{topic}</TopicARN>
             <NotificationType>autoscaling:{event}</NotificationType></member>"
        )
    }

    fn notifications(members: &str) -> String {
        format!(
            "<DescribeNotificationConfigurationsResponse>
             <DescribeNotificationConfigurationsResult>
             <NotificationConfigurations>{members}</NotificationConfigurations>
             </DescribeNotificationConfigurationsResult>
             </DescribeNotificationConfigurationsResponse>"
        )
    }

    #[tokio::test]
    async fn each_group_gets_its_policies_and_the_topics_that_it_tells() {
        let ours = "arn:aws:sns:us-east-1:1:fleet";
        let theirs = "arn:aws:sns:us-east-1:2:fleet";
        let members = told(ours, "EC2_INSTANCE_LAUNCH")
            + &told(theirs, "EC2_INSTANCE_LAUNCH")
            + &told(ours, "EC2_INSTANCE_TERMINATE");
        let tape = Tape::default()
            .answer(200, page("prod", "", "<NextToken>t</NextToken>"))
            .answer(200, page("quiet", "", ""))
            .answer(200, POLICY)
            .answer(200, notifications(&members))
            .answer(200, DEFAULT);
        let found = list(&tape.aws()).await;
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
        let [prod, quiet] = &found.resources[..] else {
            panic!("{found:?}")
        };
        let prod = AutoScalingGroup::of(&prod.attrs).unwrap();
        let policy = &prod.policies.known().unwrap()[0];
        assert_eq!(policy.summary(), "ASGAverageCPUUtilization at 62.5");
        assert_eq!(policy.alarms, ["TargetTracking-prod-AlarmHigh-u"]);
        let topics = prod.notifications.known().unwrap();
        let topics: Vec<(&str, usize)> = topics
            .iter()
            .map(|it| (it.topic.as_str(), it.events.len()))
            .collect();
        assert_eq!(topics, [("fleet", 2), (theirs, 1)]);
        let quiet = AutoScalingGroup::of(&quiet.attrs).unwrap();
        assert_eq!(quiet.policies, Fact::Known(Vec::new()));
        assert_eq!(quiet.notifications, Fact::Known(Vec::new()));
    }

    #[tokio::test]
    async fn what_may_not_be_asked_about_groups_is_a_gap_about_each() {
        let denied = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        let tape = Tape::default()
            .answer(200, page("prod", "", ""))
            .answer(403, denied)
            .answer(403, denied)
            .answer(403, denied);
        let found = list(&tape.aws()).await;
        let group = AutoScalingGroup::of(&found.resources[0].attrs).unwrap();
        assert_eq!(group.policies, Fact::Unread);
        assert_eq!(group.notifications, Fact::Unread);
        let about = found.gaps.iter().map(|it| it.resource.as_ref());
        assert!(
            about
                .into_iter()
                .all(|it| it == Some(&found.resources[0].id))
        );
        let actions: Vec<&str> = found.gaps.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(
            actions,
            [
                "autoscaling:DescribePolicies",
                "autoscaling:DescribeNotificationConfigurations",
                "ec2:GetEbsEncryptionByDefault"
            ]
        );
    }
}
