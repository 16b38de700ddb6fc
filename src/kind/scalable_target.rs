//! Scalable target of Application Auto Scaling: bounds of a count that AWS moves by itself.
//!
//! Key: `namespace/resource-id/dimension`, `ecs/service/prod/web/ecs:service:DesiredCount`.

use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, auto_scaling_group::ScalingPolicy};
use crate::{
    arn,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScalableTarget {
    /// The service that it is in: `ecs`, `dynamodb`, `rds`, `elasticache`.
    pub namespace: String,
    /// `service/prod/web`, `table/builds`, `cluster:orders`.
    pub resource: String,
    /// What of it is moved: `ecs:service:DesiredCount`.
    pub dimension: String,
    pub min: u32,
    pub max: u32,
    /// ARN of the role that it is moved with.
    pub role: String,
    /// What a person suspended: `DynamicScalingIn`, `DynamicScalingOut`, `ScheduledScaling`.
    pub suspended: Vec<String>,
    pub policies: Fact<Vec<ScalingPolicy>>,
}

/// The key of a target.
pub fn key(namespace: &str, resource: &str, dimension: &str) -> String {
    format!("{namespace}/{resource}/{dimension}")
}

/// The target of a resource, `ecs/service/prod/web`, that can have no more than one.
pub fn only_one_of(resource: &str) -> Option<ResourceId> {
    let (namespace, resource) = resource.split_once('/')?;
    let dimension = match namespace {
        "ecs" => "ecs:service:DesiredCount",
        "rds" => "rds:cluster:ReadReplicaCount",
        // A table is moved in its reads and in its writes, a cache in its shards and replicas.
        _ => return None,
    };
    let key = key(namespace, resource, dimension);
    Some(ResourceId::new(Kind::ScalableTarget, key))
}

impl ScalableTarget {
    /// What is scaled, of the kinds that we know.
    pub fn scaled(&self) -> Option<ResourceId> {
        let (kind, key) = match self.namespace.as_str() {
            "ecs" => (Kind::Service, self.resource.strip_prefix("service/")?),
            "dynamodb" => {
                // An index is part of its table: `table/builds/index/by-app`.
                let table = self.resource.strip_prefix("table/")?;
                (Kind::Table, table.split('/').next()?)
            }
            "rds" => (Kind::DbCluster, self.resource.strip_prefix("cluster:")?),
            _ => return None,
        };
        Some(ResourceId::new(kind, key))
    }
}

impl Model for ScalableTarget {
    fn relations(&self) -> Vec<Relation> {
        let scaled = self.scaled();
        let scaled = scaled.map(|it| Relation::new(RelationKind::PartOf, it, "ResourceId"));
        let role = arn::resource(&self.role);
        let role = role.map(|it| Relation::new(RelationKind::Uses, it, "RoleARN"));
        let policies = self.policies.known().into_iter().flatten();
        let alarms = policies.flat_map(ScalingPolicy::relations);
        scaled.into_iter().chain(role).chain(alarms).collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeregisterScalableTarget)
    }

    fn summary(&self) -> String {
        let policies = match self.policies.known() {
            None => "policies not read".to_owned(),
            Some(all) if all.is_empty() => "no policies".to_owned(),
            Some(all) => {
                let all: Vec<String> = all.iter().map(ScalingPolicy::summary).collect();
                all.join("; ")
            }
        };
        let suspended = if self.suspended.is_empty() {
            String::new()
        } else {
            format!(", suspended: {}", self.suspended.join(", "))
        };
        format!("{} to {}: {policies}{suspended}", self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(namespace: &str, resource: &str) -> ScalableTarget {
        ScalableTarget {
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            ..ScalableTarget::default()
        }
    }

    fn policy(alarms: &[&str]) -> ScalingPolicy {
        ScalingPolicy {
            alarms: alarms.iter().map(|it| (*it).to_owned()).collect(),
            ..ScalingPolicy::default()
        }
    }

    #[test]
    fn it_is_part_of_what_it_scales() {
        for (namespace, resource, id) in [
            ("ecs", "service/prod/web", Some("service/prod/web")),
            ("dynamodb", "table/builds", Some("table/builds")),
            (
                "dynamodb",
                "table/builds/index/by-app",
                Some("table/builds"),
            ),
            ("elasticache", "replication-group/cache", None),
        ] {
            let scaled = target(namespace, resource).scaled();
            let scaled = scaled.map(|it| it.to_string());
            assert_eq!(scaled.as_deref(), id, "{resource}");
        }
    }

    #[test]
    fn it_makes_the_alarms_of_target_tracking_and_uses_those_of_people() {
        let target = ScalableTarget {
            role: "arn:aws:iam::1:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/Scaler".to_owned(),
            policies: Fact::Known(vec![
                policy(&["TargetTracking-service/prod/web-AlarmHigh-u"]),
                policy(&["busy"]),
            ]),
            ..target("ecs", "service/prod/web")
        };
        let edges: Vec<String> = target
            .relations()
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to))
            .collect();
        assert_eq!(
            edges,
            [
                "part-of service/prod/web",
                "uses role/Scaler",
                "makes alarm/TargetTracking-service/prod/web-AlarmHigh-u",
                "uses alarm/busy"
            ]
        );
    }

    #[test]
    fn a_resource_with_two_counts_does_not_tell_which() {
        let key = |it| only_one_of(it).map(|it| it.key);
        assert_eq!(
            key("ecs/service/prod/web").as_deref(),
            Some("ecs/service/prod/web/ecs:service:DesiredCount")
        );
        assert_eq!(key("dynamodb/table/builds"), None);
    }
}
