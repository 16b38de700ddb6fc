//! Reads scalable targets: one listing per service, and one of its policies where there are some.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{self, ServiceNamespace};
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;

use super::{ScalableTarget, key};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{count, stated, text, time},
    },
    kind::{AsKind, Fact, Kind, auto_scaling_group::ScalingPolicy},
    snapshot::Resource,
};

const TARGETS: Call = Call::new(Service::ApplicationAutoScaling, "DescribeScalableTargets");
const POLICIES: Call = Call::new(Service::ApplicationAutoScaling, "DescribeScalingPolicies");

/// The services of which we know what is scaled.
const NAMESPACES: [ServiceNamespace; 4] = [
    ServiceNamespace::Dynamodb,
    ServiceNamespace::Ecs,
    ServiceNamespace::Elasticache,
    ServiceNamespace::Rds,
];

pub const READING: Reading = Reading {
    calls: &[TARGETS, POLICIES],
    source: Source::Region(list),
    deepen: None,
};

fn list(aws: &Aws) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::ScalableTarget, NAMESPACES, |it| within(aws, it)))
}

async fn within(aws: &Aws, namespace: ServiceNamespace) -> Found {
    let mut found = Found::of(Kind::ScalableTarget);
    let request = aws.application_autoscaling.describe_scalable_targets();
    let request = request.service_namespace(namespace.clone());
    let pages = request.into_paginator().items().send();
    found.pages(TARGETS, pages, resource).await;
    // Without a target there is no policy.
    if !found.resources.is_empty() {
        add_policies(aws, namespace, &mut found).await;
    }
    found
}

fn resource(it: types::ScalableTarget) -> Result<Resource, Missing> {
    let namespace = stated(it.service_namespace.as_str()).need("ServiceNamespace")?;
    let id = it.resource_id.need("ResourceId")?;
    let dimension = stated(it.scalable_dimension.as_str()).need("ScalableDimension")?;
    let suspended = it.suspended_state.map(|it| {
        [
            ("DynamicScalingIn", it.dynamic_scaling_in_suspended),
            ("DynamicScalingOut", it.dynamic_scaling_out_suspended),
            ("ScheduledScaling", it.scheduled_scaling_suspended),
        ]
    });
    let suspended = suspended.into_iter().flatten();
    let suspended = suspended.filter(|(_, it)| *it == Some(true));
    let key = key(&namespace, &id, &dimension);
    let attrs = ScalableTarget {
        namespace,
        resource: id,
        dimension,
        min: count(Some(it.min_capacity)),
        max: count(Some(it.max_capacity)),
        role: it.role_arn,
        suspended: suspended.map(|(name, _)| name.to_owned()).collect(),
        policies: Fact::Unread,
    };
    Ok(Resource::new(key, attrs)
        .arn(text(it.scalable_target_arn))
        .created(time(Some(it.creation_time))))
}

/// Gives every target its policies; where they are not told, a gap about each.
async fn add_policies(aws: &Aws, namespace: ServiceNamespace, found: &mut Found) {
    let request = aws.application_autoscaling.describe_scaling_policies();
    let request = request.service_namespace(namespace).into_paginator();
    let answer: Result<Vec<_>, _> = request.items().send().try_collect().await;
    let told = match answer {
        Ok(told) => told,
        Err(error) => {
            let ids: Vec<_> = found.resources.iter().map(|it| it.id.clone()).collect();
            for id in ids {
                found.failed(POLICIES, Some(&id), &error);
            }
            return;
        }
    };
    let mut policies: BTreeMap<String, Vec<ScalingPolicy>> = BTreeMap::new();
    for it in told {
        let namespace = it.service_namespace.as_str();
        let key = key(namespace, &it.resource_id, it.scalable_dimension.as_str());
        policies.entry(key).or_default().push(policy(it));
    }
    for resource in &mut found.resources {
        let own = policies.remove(&resource.id.key).unwrap_or_default();
        if let Some(attrs) = ScalableTarget::of_mut(&mut resource.attrs) {
            attrs.policies = Fact::Known(own);
        }
    }
}

fn policy(it: types::ScalingPolicy) -> ScalingPolicy {
    let tracking = it.target_tracking_scaling_policy_configuration.as_ref();
    let steps = it.step_scaling_policy_configuration.as_ref();
    let usual = tracking.and_then(|it| it.predefined_metric_specification.as_ref());
    let usual = usual.and_then(|it| stated(it.predefined_metric_type.as_str()));
    let own = tracking.and_then(|it| it.customized_metric_specification.as_ref());
    let own = own.and_then(|it| it.metric_name.clone());
    let alarms = it.alarms.into_iter().flatten();
    ScalingPolicy {
        name: it.policy_name,
        policy_type: stated(it.policy_type.as_str()).unwrap_or_default(),
        enabled: None,
        metric: usual.or(own),
        target: tracking.and_then(|it| Decimal::try_from(it.target_value).ok()),
        scales_in: !tracking
            .and_then(|it| it.disable_scale_in)
            .unwrap_or_default(),
        cooldown_s: steps.and_then(|it| it.cooldown).map(|it| count(Some(it))),
        scale_in_cooldown_s: tracking
            .and_then(|it| it.scale_in_cooldown)
            .map(|it| count(Some(it))),
        scale_out_cooldown_s: tracking
            .and_then(|it| it.scale_out_cooldown)
            .map(|it| count(Some(it))),
        alarms: alarms.filter_map(|it| text(Some(it.alarm_name))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{snapshot::Reason, testing::replay::Tape};

    const WEB: &str = r#""ServiceNamespace":"ecs","ResourceId":"service/prod/web",
        "ScalableDimension":"ecs:service:DesiredCount""#;

    fn targets(inside: &str, token: &str) -> String {
        format!(
            r#"{{"ScalableTargets":[{{{inside},"MinCapacity":1,"MaxCapacity":4,
                "RoleARN":"arn:aws:iam::1:role/r","CreationTime":1525035600.5,
                "ScalableTargetARN":"arn:aws:application-autoscaling:us-east-1:1:scalable-target/42",
                "SuspendedState":{{"DynamicScalingInSuspended":true,
                  "DynamicScalingOutSuspended":false,"ScheduledScalingSuspended":false}}}}]{token}}}"#
        )
    }

    async fn ecs(tape: &Tape) -> Found {
        within(&tape.aws(), ServiceNamespace::Ecs).await
    }

    #[tokio::test]
    async fn each_target_gets_its_own_policies() {
        let other = WEB.replace("web", "jobs");
        let tape = Tape::default()
            .answer(200, targets(WEB, r#","NextToken":"t""#))
            .answer(200, targets(&other, ""))
            .answer(
                200,
                format!(
                    r#"{{"ScalingPolicies":[{{{WEB},"PolicyARN":"arn:p","PolicyName":"cpu",
                        "PolicyType":"TargetTrackingScaling","CreationTime":1525035600,
                        "TargetTrackingScalingPolicyConfiguration":{{"TargetValue":37.5,
                          "PredefinedMetricSpecification":
                            {{"PredefinedMetricType":"ECSServiceAverageCPUUtilization"}},
                          "ScaleInCooldown":300,"DisableScaleIn":true}},
                        "Alarms":[{{"AlarmName":"TargetTracking-x","AlarmARN":"arn:a"}}]}}]}}"#
                ),
            );
        let found = ecs(&tape).await;
        let [web, jobs] = &found.resources[..] else {
            panic!("{found:?}")
        };
        assert_eq!(web.id.key, "ecs/service/prod/web/ecs:service:DesiredCount");
        let web = ScalableTarget::of(&web.attrs).unwrap();
        assert_eq!((web.min, web.max), (1, 4));
        assert_eq!(web.suspended, ["DynamicScalingIn"]);
        let policy = &web.policies.known().unwrap()[0];
        assert_eq!(policy.target.unwrap().to_string(), "37.5");
        assert_eq!(
            policy.metric.as_deref(),
            Some("ECSServiceAverageCPUUtilization")
        );
        assert_eq!(policy.scale_in_cooldown_s, Some(300));
        assert!(!policy.scales_in);
        assert_eq!(policy.alarms, ["TargetTracking-x"]);
        let jobs = ScalableTarget::of(&jobs.attrs).unwrap();
        assert_eq!(jobs.policies, Fact::Known(Vec::new()));
    }

    #[tokio::test]
    async fn policies_that_may_not_be_read_are_a_gap_about_each_target() {
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let tape = Tape::default()
            .answer(200, targets(WEB, ""))
            .answer(400, denied);
        let found = ecs(&tape).await;
        let target = ScalableTarget::of(&found.resources[0].attrs).unwrap();
        assert_eq!(target.policies, Fact::Unread);
        let about = found.gaps[0].resource.as_ref();
        assert_eq!(about, Some(&found.resources[0].id));
        assert_eq!(
            found.gaps[0].action,
            "application-autoscaling:DescribeScalingPolicies"
        );
    }

    #[tokio::test]
    async fn without_targets_no_policies_are_asked_for() {
        let none = r#"{"ScalableTargets":[]}"#;
        let tape = NAMESPACES
            .iter()
            .fold(Tape::default(), |it, _| it.answer(200, none));
        let found = list(&tape.aws()).await;
        assert!(found.gaps.is_empty());
        assert_eq!(tape.asked().len(), NAMESPACES.len());
    }

    #[tokio::test]
    async fn one_without_its_dimension_and_a_refused_listing_are_gaps() {
        let nameless = r#""ServiceNamespace":"ecs","ResourceId":"service/prod/web""#;
        let found = ecs(&Tape::default().answer(200, targets(nameless, ""))).await;
        assert_eq!(found.gaps[0].message, "the answer has no ScalableDimension");
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let found = ecs(&Tape::default().answer(400, denied)).await;
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
