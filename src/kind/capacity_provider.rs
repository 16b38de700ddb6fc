//! ECS capacity provider: where a cluster gets machines from, and how many.
//!
//! Key: the provider's name. `FARGATE` and `FARGATE_SPOT` are AWS's own and left out.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CapacityProvider {
    /// AWS's word: `ACTIVE`, `INACTIVE`, `DEPROVISIONING`.
    pub status: String,
    /// What became of the last change: `UPDATE_COMPLETE`, `DELETE_FAILED`.
    pub update_status: Option<String>,
    pub update_reason: Option<String>,
    /// Key of the Auto Scaling group; absent where ECS manages instances by itself.
    pub auto_scaling_group: Option<String>,
    /// Key of the cluster, for one that only a single cluster can use.
    pub cluster: Option<String>,
    /// Whether ECS says how many instances the group wants: `ENABLED`, `DISABLED`.
    pub managed_scaling: Option<String>,
    /// Percent of its instances that ECS wants in use.
    pub target_capacity: Option<u32>,
    /// Whether instances with tasks are kept when the group shrinks: `ENABLED`, `DISABLED`.
    pub managed_termination_protection: Option<String>,
    /// Whether tasks are moved off instances that go: `ENABLED`, `DISABLED`.
    pub managed_draining: Option<String>,
}

impl CapacityProvider {
    /// An inactive one is a deleted one that AWS still describes for a while.
    pub fn is_active(&self) -> bool {
        self.status != "INACTIVE"
    }
}

/// Whether AWS has it for everybody.
pub fn is_of_aws(name: &str) -> bool {
    matches!(name, "FARGATE" | "FARGATE_SPOT")
}

/// The edges to those of these providers that are not AWS's own.
pub fn used<'n>(
    names: impl IntoIterator<Item = &'n String>,
    evidence: &'static str,
) -> impl Iterator<Item = Relation> {
    let names = names.into_iter().filter(|it| !is_of_aws(it));
    Relation::each(RelationKind::Uses, Kind::CapacityProvider, names, evidence)
}

impl Model for CapacityProvider {
    fn relations(&self) -> Vec<Relation> {
        if !self.is_active() {
            return Vec::new();
        }
        Relation::each(
            RelationKind::Uses,
            Kind::AutoScalingGroup,
            &self.auto_scaling_group,
            "autoScalingGroupProvider.autoScalingGroupArn",
        )
        .collect()
    }

    fn removal(&self) -> Removal {
        if !self.is_active() {
            return Removal::Follows("it is deleted; AWS still describes it for a while");
        }
        Removal::by(Action::DeleteCapacityProvider)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let from = match &self.auto_scaling_group {
            Some(it) => format!("instances of {it}"),
            None => "instances that ECS manages".to_owned(),
        };
        let scaling = match (self.managed_scaling.as_deref(), self.target_capacity) {
            (Some("ENABLED"), Some(it)) => format!(", scaled by ECS to {it}% use"),
            (Some("ENABLED"), None) => ", scaled by ECS".to_owned(),
            _ => String::new(),
        };
        let kept = if self.managed_termination_protection.as_deref() == Some("ENABLED") {
            ", busy instances protected"
        } else {
            ""
        };
        format!("{from}{scaling}{kept}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(status: &str) -> CapacityProvider {
        CapacityProvider {
            status: status.to_owned(),
            auto_scaling_group: Some("prod-asg".to_owned()),
            ..CapacityProvider::default()
        }
    }

    #[test]
    fn it_goes_before_the_group_that_it_takes_instances_from() {
        let held = provider("ACTIVE").relations();
        assert_eq!(held[0].to.to_string(), "auto-scaling-group/prod-asg");
        assert_eq!(held[0].kind, RelationKind::Uses);
    }

    #[test]
    fn a_deleted_one_holds_nothing() {
        let gone = provider("INACTIVE");
        assert!(gone.relations().is_empty());
        assert!(matches!(gone.removal(), Removal::Follows(_)));
    }
}
