//! Auto Scaling group: keeps so many instances running, and replaces those that go.
//!
//! Key: the group's name.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, alarm};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoScalingGroup {
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub instances: Vec<Member>,
    /// Instances that wait in its warm pool; they are not among `instances`.
    pub warm_pool: u32,
    pub zones: Vec<String>,
    pub subnets: Vec<String>,
    /// Key of the launch configuration.
    pub launch_configuration: Option<String>,
    /// Id of the launch template.
    pub launch_template: Option<String>,
    /// The version that it launches: a number, `$Default` or `$Latest`.
    pub launch_template_version: Option<String>,
    /// Keys of the target groups that it registers its instances in.
    pub target_groups: Vec<String>,
    /// Keys of the classic load balancers that it registers its instances in.
    pub classic_load_balancers: Vec<String>,
    /// `EC2`, or what it asks besides that: `ELB`, `EC2,ELB`.
    pub health_check_type: String,
    /// Processes that a person suspended: `Launch`, `Terminate`, `AZRebalance`.
    pub suspended: Vec<String>,
    /// AWS's word, there only while the group is being deleted: `Delete in progress`.
    pub status: Option<String>,
    /// `none`, `prevent-force-deletion`, `prevent-all-deletion`.
    pub deletion_protection: Option<String>,
    /// Its new instances are not taken away when it shrinks.
    pub protects_new_instances: bool,
    /// By what it scales itself.
    pub policies: Fact<Vec<ScalingPolicy>>,
    /// Whom it tells of instances that come and go.
    pub notifications: Fact<Vec<Notification>>,
    /// Whether the account encrypts every new disk of the region, whatever is said where it is made.
    pub disks_encrypted_by_default: Fact<bool>,
}

/// By what AWS changes a count by itself: instances of a group, tasks of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalingPolicy {
    pub name: String,
    /// `TargetTrackingScaling`, `StepScaling`, `SimpleScaling`, `PredictiveScaling`.
    #[serde(rename = "type")]
    pub policy_type: String,
    /// Absent where policies cannot be switched off.
    pub enabled: Option<bool>,
    /// What target tracking looks at: `ECSServiceAverageCPUUtilization`, or somebody's metric.
    pub metric: Option<String>,
    /// Where target tracking keeps the metric.
    pub target: Option<Decimal>,
    /// Whether it takes away again what it added.
    pub scales_in: bool,
    /// Seconds of rest between two steps.
    pub cooldown_s: Option<u32>,
    /// Seconds of rest before target tracking takes away.
    pub scale_in_cooldown_s: Option<u32>,
    /// Seconds of rest before target tracking adds.
    pub scale_out_cooldown_s: Option<u32>,
    /// Keys of the alarms that set it off.
    pub alarms: Vec<String>,
}

impl ScalingPolicy {
    /// Target tracking makes its alarms and takes them away; others are people's.
    pub fn relations(&self) -> impl Iterator<Item = Relation> {
        self.alarms.iter().map(|it| {
            let kind = if alarm::is_of_target_tracking(it) {
                RelationKind::Makes
            } else {
                RelationKind::Uses
            };
            let alarm = ResourceId::new(Kind::Alarm, it);
            Relation::new(kind, alarm, "ScalingPolicies.Alarms.AlarmName")
        })
    }

    /// What it does, in a few words.
    pub fn summary(&self) -> String {
        match (&self.metric, self.target) {
            (Some(metric), Some(target)) => format!("{metric} at {target}"),
            (None, Some(target)) => format!("a metric at {target}"),
            (_, None) => format!("{} {}", self.policy_type, self.name),
        }
    }
}

/// A topic, and what it is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notification {
    /// Key of the topic; its ARN where it is in another account.
    pub topic: String,
    /// `autoscaling:EC2_INSTANCE_LAUNCH_ERROR`.
    pub events: Vec<String>,
}

/// One entry of `Instances`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Member {
    /// Key of the instance.
    pub instance: String,
    pub zone: String,
    /// AWS's word: `InService`, `Pending`, `Terminating:Wait`, `Standby`.
    pub lifecycle_state: String,
    /// `Healthy`, `Unhealthy`.
    pub health: String,
    /// It is not taken away when the group shrinks.
    pub protected: bool,
}

impl Member {
    /// It has left the group.
    fn is_gone(&self) -> bool {
        matches!(self.lifecycle_state.as_str(), "Terminated" | "Detached")
    }
}

impl AutoScalingGroup {
    fn told(&self) -> impl Iterator<Item = Relation> {
        let topics = self.notifications.known().into_iter().flatten();
        let topics = topics.map(|it| &it.topic);
        Relation::each(
            RelationKind::WritesTo,
            Kind::Topic,
            topics.filter(|it| !it.starts_with("arn:")),
            "NotificationConfigurations.TopicARN",
        )
    }
}

impl Model for AutoScalingGroup {
    fn relations(&self) -> Vec<Relation> {
        let members = self.instances.iter().filter(|it| !it.is_gone());
        let members = members.map(|it| &it.instance);
        let policies = self.policies.known().into_iter().flatten();
        let uses = RelationKind::Uses;
        Relation::each(
            RelationKind::Makes,
            Kind::Instance,
            members,
            "Instances.InstanceId",
        )
        .chain(Relation::each(
            uses,
            Kind::LaunchConfiguration,
            &self.launch_configuration,
            "LaunchConfigurationName",
        ))
        .chain(Relation::each(
            uses,
            Kind::LaunchTemplate,
            &self.launch_template,
            "LaunchTemplate.LaunchTemplateId",
        ))
        .chain(Relation::each(
            uses,
            Kind::TargetGroup,
            &self.target_groups,
            "TargetGroupARNs",
        ))
        .chain(Relation::each(
            uses,
            Kind::ClassicLoadBalancer,
            &self.classic_load_balancers,
            "LoadBalancerNames",
        ))
        .chain(Relation::each(
            RelationKind::SitsIn,
            Kind::Subnet,
            &self.subnets,
            "VPCZoneIdentifier",
        ))
        .chain(self.told())
        .chain(policies.flat_map(ScalingPolicy::relations))
        .collect()
    }

    fn removal(&self) -> Removal {
        Removal::after(
            [Action::UpdateAutoScalingGroup],
            Action::DeleteAutoScalingGroup,
        )
    }

    fn state(&self) -> Option<&str> {
        self.status.as_deref()
    }

    fn summary(&self) -> String {
        let suspended = if self.suspended.is_empty() {
            String::new()
        } else {
            format!(", suspended: {}", self.suspended.join(", "))
        };
        format!(
            "{} instances, wants {} ({} to {}), {} zones{suspended}",
            self.instances.len(),
            self.desired,
            self.min,
            self.max,
            self.zones.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(instance: &str, lifecycle_state: &str) -> Member {
        Member {
            instance: instance.to_owned(),
            lifecycle_state: lifecycle_state.to_owned(),
            ..Member::default()
        }
    }

    #[test]
    fn it_makes_the_instances_that_it_still_has() {
        let group = AutoScalingGroup {
            instances: vec![
                member("i-1", "InService"),
                member("i-2", "Terminating:Wait"),
                member("i-3", "Terminated"),
                member("i-4", "Detached"),
            ],
            ..AutoScalingGroup::default()
        };
        let made: Vec<String> = group
            .relations()
            .iter()
            .map(|it| it.to.to_string())
            .collect();
        assert_eq!(made, ["instance/i-1", "instance/i-2"]);
    }

    #[test]
    fn it_goes_before_what_it_launches_and_its_target_groups() {
        let group = AutoScalingGroup {
            launch_configuration: Some("prod-lc".to_owned()),
            launch_template: Some("lt-1".to_owned()),
            target_groups: vec!["prod-tg".to_owned()],
            subnets: vec!["subnet-1".to_owned()],
            ..AutoScalingGroup::default()
        };
        let held: Vec<String> = group
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            held,
            [
                "uses launch-configuration/prod-lc",
                "uses launch-template/lt-1",
                "uses target-group/prod-tg",
                "sits-in subnet/subnet-1"
            ]
        );
    }

    #[test]
    fn it_tells_topics_and_makes_the_alarms_of_target_tracking() {
        let topic = |it: &str| Notification {
            topic: it.to_owned(),
            ..Notification::default()
        };
        let policy = ScalingPolicy {
            alarms: vec!["TargetTracking-g-AlarmLow-u".to_owned(), "busy".to_owned()],
            ..ScalingPolicy::default()
        };
        let group = AutoScalingGroup {
            notifications: Fact::Known(vec![
                topic("fleet"),
                topic("arn:aws:sns:us-east-1:2:theirs"),
            ]),
            policies: Fact::Known(vec![policy]),
            ..AutoScalingGroup::default()
        };
        let edges: Vec<String> = group
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            edges,
            [
                "writes-to topic/fleet",
                "makes alarm/TargetTracking-g-AlarmLow-u",
                "uses alarm/busy"
            ]
        );
    }
}
