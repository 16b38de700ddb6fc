//! CloudWatch alarm: watches a metric, and tells or does something when it leaves its bounds.
//!
//! Key: the alarm's name.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Kind, Model, scalable_target};
use crate::{
    arn::{self, Arn},
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alarm {
    pub arn: String,
    /// AWS's word: `OK`, `ALARM`, `INSUFFICIENT_DATA`.
    pub state: String,
    /// What it is about: one metric, or all that its formula takes; none in a composite alarm.
    pub metrics: Vec<Metric>,
    /// A formula over its metrics is watched, not a metric itself.
    pub metric_math: bool,
    /// A Metrics Insights query finds its metrics; then none are told.
    pub metrics_insights: bool,
    /// Held against a band that AWS learns, not against a number.
    pub anomaly_detection: bool,
    /// What a composite alarm is about: other alarms, `ALARM("web-5xx") AND NOT ALARM("deploy")`.
    pub rule: Option<String>,
    /// Name or ARN of the alarm that keeps a composite one silent.
    pub suppressor: Option<String>,
    pub threshold: Option<Decimal>,
    /// AWS's word: `GreaterThanThreshold`.
    pub comparison: Option<String>,
    /// How many periods are looked at.
    pub evaluation_periods: Option<u32>,
    /// How many of them must be bad; absent where all must.
    pub datapoints_to_alarm: Option<u32>,
    /// What a period without data counts as: `missing`, `breaching`, `notBreaching`, `ignore`.
    pub treat_missing_data: Option<String>,
    pub actions_enabled: bool,
    /// ARNs of what is told or done.
    pub alarm_actions: Vec<String>,
    pub ok_actions: Vec<String>,
    pub insufficient_data_actions: Vec<String>,
    /// A target tracking policy made it and takes it away.
    pub target_tracking: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metric {
    /// `AWS/ECS`, or somebody's own.
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<Dimension>,
    /// `Average`, `Sum`, `p99`.
    pub statistic: Option<String>,
    /// Seconds; less than 60 for one of high resolution.
    pub period_s: Option<u32>,
    /// The account that it comes from, where AWS names one.
    pub account: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dimension {
    pub name: String,
    pub value: String,
}

/// Whether an alarm of that name is one that a target tracking policy makes for itself.
pub fn is_of_target_tracking(name: &str) -> bool {
    name.starts_with("TargetTracking-")
}

impl Metric {
    fn dimension(&self, name: &str) -> Option<&str> {
        let found = self.dimensions.iter().find(|it| it.name == name);
        found.map(|it| it.value.as_str())
    }

    /// Whether AWS itself writes it, so that a name in it is the name of what AWS calls so.
    fn is_of_aws(&self) -> bool {
        ["AWS/", "ECS/", "CWAgent"]
            .iter()
            .any(|it| self.namespace.starts_with(it))
    }

    /// The resources that its dimensions name.
    fn about(&self) -> Vec<ResourceId> {
        let ecs = self.namespace.contains("ECS");
        let cluster = self.dimension("ClusterName").filter(|_| ecs);
        let parts = cluster.map(|cluster| match self.dimension("ServiceName") {
            Some(service) => ResourceId::new(Kind::Service, format!("{cluster}/{service}")),
            None => ResourceId::new(Kind::Cluster, cluster),
        });
        let named = self.dimensions.iter().filter_map(|it| {
            let id = by_id(&it.name, &it.value);
            id.or_else(|| by_name(&it.name, &it.value).filter(|_| self.is_of_aws()))
        });
        parts.into_iter().chain(named).collect()
    }
}

/// What a dimension names by a number that AWS gives only once.
fn by_id(dimension: &str, value: &str) -> Option<ResourceId> {
    let kind = match dimension {
        "InstanceId" => Kind::Instance,
        "VolumeId" => Kind::Volume,
        "FileSystemId" => Kind::FileSystem,
        "NatGatewayId" => Kind::NatGateway,
        "VPC Endpoint Id" => Kind::VpcEndpoint,
        _ => return None,
    };
    Some(ResourceId::new(kind, value))
}

/// What a dimension of one of AWS's own metrics names.
fn by_name(dimension: &str, value: &str) -> Option<ResourceId> {
    let kind = match dimension {
        "LoadBalancer" => {
            // `app/router/50dc6c495c0c9188`
            let name = value.split('/').nth(1)?;
            return Some(ResourceId::new(Kind::LoadBalancer, name));
        }
        "TargetGroup" => {
            // `targetgroup/web/943f017f100becff`
            let name = value.split('/').nth(1)?;
            return Some(ResourceId::new(Kind::TargetGroup, name));
        }
        "LoadBalancerName" => Kind::ClassicLoadBalancer,
        "AutoScalingGroupName" => Kind::AutoScalingGroup,
        "CapacityProviderName" => Kind::CapacityProvider,
        "QueueName" => Kind::Queue,
        "TopicName" => Kind::Topic,
        "TableName" => Kind::Table,
        "FunctionName" => Kind::Function,
        "BucketName" => Kind::Bucket,
        "LogGroupName" => Kind::LogGroup,
        "DBInstanceIdentifier" => Kind::DbInstance,
        "DBClusterIdentifier" => Kind::DbCluster,
        "CacheClusterId" => Kind::CacheCluster,
        _ => return None,
    };
    Some(ResourceId::new(kind, value))
}

/// The alarms that a composite alarm's rule names, by name or by ARN.
fn named_in(rule: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = rule;
    while let Some((before, inside)) = rest.split_once('(') {
        let before = before.trim_end();
        rest = inside;
        if ["ALARM", "OK", "INSUFFICIENT_DATA"]
            .iter()
            .any(|it| before.ends_with(it))
        {
            let inside = inside.trim_start();
            let quote = inside.chars().next().filter(|it| matches!(it, '"' | '\''));
            let text = quote.and_then(|it| inside.strip_prefix(it));
            let end = quote.unwrap_or(')');
            if let Some((name, after)) = text.unwrap_or(inside).split_once(end) {
                names.push(name.trim());
                rest = after;
            }
        }
    }
    names
}

impl Alarm {
    pub fn is_composite(&self) -> bool {
        self.rule.is_some()
    }

    /// What the target tracking policy scales that made it. Not every listing of policies names
    /// their alarms; the alarm names its policy.
    pub fn made_for(&self) -> Option<ResourceId> {
        let mut actions = self.alarm_actions.iter().filter(|_| self.target_tracking);
        actions.find_map(|it| scaled_by(it))
    }

    fn is_high_resolution(&self) -> bool {
        let mut periods = self.metrics.iter().filter_map(|it| it.period_s);
        periods.any(|it| it < 60)
    }

    fn watches(&self) -> impl Iterator<Item = Relation> {
        let own = Arn::parse(&self.arn).map(|it| it.account);
        let near = self.metrics.iter();
        let near = near.filter(move |it| it.account.is_none() || it.account.as_deref() == own);
        near.flat_map(Metric::about)
            .map(|it| Relation::new(RelationKind::Watches, it, "Dimensions"))
    }

    /// AWS deletes no alarm that a composite one still names.
    fn children(&self) -> impl Iterator<Item = Relation> {
        let rule = self.rule.as_deref().into_iter().flat_map(named_in);
        let rule = rule.map(|it| (it, "AlarmRule"));
        let suppressor = self.suppressor.as_deref();
        let suppressor = suppressor.map(|it| (it, "ActionsSuppressor"));
        rule.chain(suppressor).filter_map(|(text, evidence)| {
            let child = if text.starts_with("arn:") {
                arn::beside(text, &self.arn)?
            } else {
                ResourceId::new(Kind::Alarm, text)
            };
            Some(Relation::new(RelationKind::Uses, child, evidence))
        })
    }

    fn actions(&self) -> impl Iterator<Item = Relation> {
        [
            (&self.alarm_actions, "AlarmActions"),
            (&self.ok_actions, "OKActions"),
            (&self.insufficient_data_actions, "InsufficientDataActions"),
        ]
        .into_iter()
        .flat_map(|(actions, evidence)| actions.iter().map(move |it| (it, evidence)))
        .filter_map(|(action, evidence)| self.action(action, evidence))
    }

    fn action(&self, action: &str, evidence: &'static str) -> Option<Relation> {
        if let Some(goal) = arn::beside(action, &self.arn) {
            return matches!(goal.kind, Kind::Topic | Kind::Function)
                .then(|| Relation::new(RelationKind::ForwardsTo, goal, evidence));
        }
        // The policy that made it holds it, not the other way round.
        let scaled = scaled_by(action).filter(|_| !self.target_tracking)?;
        Some(Relation::new(RelationKind::Uses, scaled, evidence))
    }
}

/// What the scaling policy of that ARN scales:
/// `…:scalingPolicy:UUID:autoScalingGroupName/web:policyName/out` or
/// `…:scalingPolicy:UUID:resource/ecs/service/prod/web:policyName/out`.
fn scaled_by(text: &str) -> Option<ResourceId> {
    let arn = Arn::parse(text).filter(|it| it.service == "autoscaling")?;
    let policy = arn.resource.strip_prefix("scalingPolicy:")?;
    let (scaled, _) = policy.split_once(':')?.1.split_once(":policyName/")?;
    match scaled.split_once('/')? {
        ("autoScalingGroupName", name) => Some(ResourceId::new(Kind::AutoScalingGroup, name)),
        ("resource", resource) => scalable_target::only_one_of(resource),
        _ => None,
    }
}

impl Model for Alarm {
    fn relations(&self) -> Vec<Relation> {
        self.watches()
            .chain(self.children())
            .chain(self.actions())
            .collect()
    }

    fn charges(&self) -> Vec<Charge> {
        let month = |usage, units: Decimal| {
            vec![Charge::per_month("alarm", "AmazonCloudWatch", usage, units)]
        };
        let metered = |usage, unit| vec![Charge::metered("alarm", "AmazonCloudWatch", usage, unit)];
        if self.is_composite() {
            return month("CW:CompositeAlarmMonitorUsage", Decimal::ONE);
        }
        if self.metrics_insights {
            return metered("CW:MetricInsightAlarmUsage", "metric-month");
        }
        let usage = if self.is_high_resolution() {
            "CW:HighResAlarmMonitorUsage"
        } else {
            "CW:AlarmMonitorUsage"
        };
        if self.metrics.is_empty() {
            return metered(usage, "alarm-month");
        }
        // The metric and both edges of its band.
        let each = if self.anomaly_detection { 3 } else { 1 };
        month(usage, Decimal::from(self.metrics.len() * each))
    }

    fn removal(&self) -> Removal {
        if self.target_tracking {
            return Removal::Follows("AWS deletes the alarm with the scaling policy that made it");
        }
        Removal::by(Action::DeleteAlarms)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.state)
    }

    fn summary(&self) -> String {
        let about = match (&self.rule, &self.metrics[..]) {
            (Some(rule), _) => rule.clone(),
            (None, [one]) => format!("{} {}", one.namespace, one.name),
            (None, []) => "a query".to_owned(),
            (None, all) => format!("a formula over {} metrics", all.len()),
        };
        let bound = match (&self.comparison, self.threshold) {
            (Some(it), Some(threshold)) => format!(" {it} {threshold}"),
            (Some(it), None) => format!(" {it}"),
            (None, _) => String::new(),
        };
        let acts = [
            &self.alarm_actions,
            &self.ok_actions,
            &self.insufficient_data_actions,
        ];
        let silent = if !self.actions_enabled {
            ", actions switched off"
        } else if acts.iter().all(|it| it.is_empty()) {
            ", tells nobody"
        } else {
            ""
        };
        format!("{about}{bound}{silent}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    const TAIL: &str = "us-east-1:1";

    fn metric(namespace: &str, dimensions: &[(&str, &str)]) -> Metric {
        let dimensions = dimensions.iter().map(|(name, value)| Dimension {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        });
        Metric {
            namespace: namespace.to_owned(),
            dimensions: dimensions.collect(),
            ..Metric::default()
        }
    }

    fn alarm(metrics: Vec<Metric>) -> Alarm {
        Alarm {
            arn: format!("arn:aws:cloudwatch:{TAIL}:alarm:a"),
            metrics,
            ..Alarm::default()
        }
    }

    fn edges(alarm: &Alarm) -> Vec<String> {
        let relations = alarm.relations();
        let edges = relations.iter();
        edges
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect()
    }

    #[test]
    fn it_watches_what_its_dimensions_name() {
        for (namespace, dimensions, id) in [
            (
                "AWS/ECS",
                &[("ServiceName", "web"), ("ClusterName", "prod")][..],
                "service/prod/web",
            ),
            ("AWS/ECS", &[("ClusterName", "prod")], "cluster/prod"),
            (
                "AWS/ApplicationELB",
                &[("LoadBalancer", "app/router/50dc")],
                "load-balancer/router",
            ),
            (
                "AWS/ApplicationELB",
                &[("TargetGroup", "targetgroup/web/943f")],
                "target-group/web",
            ),
            (
                "AWS/ELB",
                &[("LoadBalancerName", "old")],
                "classic-load-balancer/old",
            ),
            (
                "AWS/EC2",
                &[("AutoScalingGroupName", "g")],
                "auto-scaling-group/g",
            ),
            ("Their/Own", &[("InstanceId", "i-1")], "instance/i-1"),
            ("AWS/SQS", &[("QueueName", "jobs")], "queue/jobs"),
            ("AWS/SNS", &[("TopicName", "news")], "topic/news"),
            ("AWS/DynamoDB", &[("TableName", "builds")], "table/builds"),
            ("AWS/Lambda", &[("FunctionName", "f")], "function/f"),
            ("AWS/EFS", &[("FileSystemId", "fs-1")], "file-system/fs-1"),
            (
                "AWS/NATGateway",
                &[("NatGatewayId", "nat-1")],
                "nat-gateway/nat-1",
            ),
            ("AWS/S3", &[("BucketName", "logs")], "bucket/logs"),
            ("AWS/Logs", &[("LogGroupName", "/web")], "log-group//web"),
            ("AWS/EBS", &[("VolumeId", "vol-1")], "volume/vol-1"),
        ] {
            let alarm = alarm(vec![metric(namespace, dimensions)]);
            assert_eq!(edges(&alarm), [format!("watches {id}")], "{namespace}");
        }
    }

    #[test]
    fn a_name_in_somebodys_own_metric_or_in_another_account_is_no_edge() {
        let own = metric("Shop", &[("QueueName", "jobs"), ("ClusterName", "prod")]);
        let elsewhere = Metric {
            account: Some("2".to_owned()),
            ..metric("AWS/SQS", &[("QueueName", "jobs")])
        };
        let here = Metric {
            account: Some("1".to_owned()),
            ..metric("AWS/SQS", &[("QueueName", "mail")])
        };
        let alarm = alarm(vec![own, elsewhere, here]);
        assert_eq!(edges(&alarm), ["watches queue/mail"]);
    }

    #[test]
    fn its_actions_tell_topics_and_name_what_a_policy_scales() {
        let alarm = Alarm {
            alarm_actions: vec![
                format!("arn:aws:sns:{TAIL}:pager"),
                format!(
                    "arn:aws:autoscaling:{TAIL}:scalingPolicy:u:autoScalingGroupName/g:policyName/out"
                ),
                format!(
                    "arn:aws:autoscaling:{TAIL}:scalingPolicy:u:resource/ecs/service/prod/web:policyName/out"
                ),
                format!(
                    "arn:aws:autoscaling:{TAIL}:scalingPolicy:u:resource/dynamodb/table/t:policyName/out"
                ),
                "arn:aws:automate:us-east-1:ec2:reboot".to_owned(),
            ],
            ok_actions: vec![
                format!("arn:aws:lambda:{TAIL}:function:calm"),
                "arn:aws:sns:eu-west-1:1:elsewhere".to_owned(),
            ],
            ..alarm(Vec::new())
        };
        assert_eq!(
            edges(&alarm),
            [
                "forwards-to topic/pager",
                "uses auto-scaling-group/g",
                "uses scalable-target/ecs/service/prod/web/ecs:service:DesiredCount",
                "forwards-to function/calm",
            ]
        );
    }

    #[test]
    fn one_that_a_policy_made_does_not_hold_its_maker() {
        let policy = format!(
            "arn:aws:autoscaling:{TAIL}:scalingPolicy:u:autoScalingGroupName/g:policyName/cpu"
        );
        let alarm = Alarm {
            alarm_actions: vec![policy],
            target_tracking: true,
            ..alarm(Vec::new())
        };
        assert_eq!(alarm.relations(), []);
        assert!(matches!(alarm.removal(), Removal::Follows(_)));
    }

    #[test]
    fn a_composite_one_goes_before_the_alarms_that_it_names() {
        let rule = format!(
            "(ALARM(\"web (5xx)\") AND NOT OK( mail )) OR \
             INSUFFICIENT_DATA('arn:aws:cloudwatch:{TAIL}:alarm:disk') OR FALSE"
        );
        let alarm = Alarm {
            rule: Some(rule),
            suppressor: Some("deploy".to_owned()),
            ..alarm(Vec::new())
        };
        assert_eq!(
            edges(&alarm),
            [
                "uses alarm/web (5xx)",
                "uses alarm/mail",
                "uses alarm/disk",
                "uses alarm/deploy"
            ]
        );
    }

    #[test]
    fn each_metric_is_billed_by_its_resolution() {
        let at = |period: u32| Metric {
            period_s: Some(period),
            ..Metric::default()
        };
        let billed = |alarm: Alarm| {
            let first = alarm.charges().swap_remove(0);
            (first.usage, first.amount)
        };
        let months =
            |usage: &str, units: i64| (usage.to_owned(), Amount::PerMonth(Decimal::from(units)));
        let standard = alarm(vec![at(60), at(300)]);
        assert_eq!(billed(standard), months("CW:AlarmMonitorUsage", 2));
        let quick = alarm(vec![at(10)]);
        assert_eq!(billed(quick), months("CW:HighResAlarmMonitorUsage", 1));
        let band = Alarm {
            anomaly_detection: true,
            ..alarm(vec![at(60)])
        };
        assert_eq!(billed(band), months("CW:AlarmMonitorUsage", 3));
        let composite = Alarm {
            rule: Some("ALARM(a)".to_owned()),
            ..alarm(Vec::new())
        };
        assert_eq!(
            billed(composite),
            months("CW:CompositeAlarmMonitorUsage", 1)
        );
    }
}
