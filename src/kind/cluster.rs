//! ECS cluster: where services and tasks live.
//!
//! Key: the cluster's name.

use serde::{Deserialize, Serialize};

use super::{Kind, Model};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
    text,
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cluster {
    /// AWS's word: `ACTIVE`, `INACTIVE`.
    pub status: String,
    pub services: u32,
    pub running_tasks: u32,
    pub pending_tasks: u32,
    pub container_instances: u32,
    /// `FARGATE`, `FARGATE_SPOT` or names of our own.
    pub capacity_providers: Vec<String>,
    /// Setting `containerInsights`: `enabled`, `enhanced`, `disabled`.
    pub container_insights: Option<String>,
    /// Key of the Cloud Map namespace in which its services speak to each other, unless they say
    /// otherwise.
    pub namespace: Option<String>,
}

impl Cluster {
    /// An inactive cluster is a deleted one that AWS still lists for a while.
    pub fn is_active(&self) -> bool {
        self.status != "INACTIVE"
    }
}

impl Model for Cluster {
    fn relations(&self) -> Vec<Relation> {
        let namespace = self.namespace.iter().filter(|_| self.is_active());
        namespace
            .map(|it| {
                let namespace = ResourceId::new(Kind::Namespace, it);
                let evidence = "serviceConnectDefaults.namespace";
                Relation::new(RelationKind::Uses, namespace, evidence)
            })
            .collect()
    }

    fn removal(&self) -> Removal {
        Removal::by(Action::DeleteCluster)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let count = |number: u32, thing| text::count(number as usize, thing);
        format!(
            "{}, {}, {}",
            count(self.services, "service"),
            count(self.running_tasks, "running task"),
            count(self.container_instances, "container instance")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_uses_its_namespace_until_it_is_deleted() {
        let mut cluster = Cluster {
            status: "ACTIVE".to_owned(),
            namespace: Some("ns-1".to_owned()),
            ..Cluster::default()
        };
        assert_eq!(cluster.relations()[0].to.to_string(), "namespace/ns-1");
        cluster.status = "INACTIVE".to_owned();
        assert!(cluster.relations().is_empty());
    }
}
