//! ECS cluster: where services and tasks live.
//!
//! Key: the cluster's name.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, capacity_provider};
use crate::{
    charge::Charge,
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
    /// Key of the log group that Container Insights makes and writes to.
    pub insights_log_group: Option<String>,
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
        if !self.is_active() {
            return Vec::new();
        }
        let namespace = self.namespace.iter().map(|it| {
            let namespace = ResourceId::new(Kind::Namespace, it);
            let evidence = "serviceConnectDefaults.namespace";
            Relation::new(RelationKind::Uses, namespace, evidence)
        });
        let insights = Relation::each(
            RelationKind::WritesTo,
            Kind::LogGroup,
            &self.insights_log_group,
            "settings.containerInsights",
        );
        capacity_provider::used(&self.capacity_providers, "capacityProviders")
            .chain(namespace)
            .chain(insights)
            .collect()
    }

    /// The metrics of Container Insights; what it writes is billed with its log group.
    fn charges(&self) -> Vec<Charge> {
        let usage = match self.container_insights.as_deref() {
            Some("enabled") => "CW:MetricMonitorUsage",
            // Another kind of metrics, at a price of their own.
            Some("enhanced") => "CW:MetricMonitorUsage|containerInsights=enhanced",
            _ => return Vec::new(),
        };
        vec![Charge::metered(
            "Container Insights",
            "AmazonCloudWatch",
            usage,
            "metric-month",
        )]
    }

    fn removal(&self) -> Removal {
        let mut providers = self.capacity_providers.iter();
        if providers.all(|it| capacity_provider::is_of_aws(it)) {
            return Removal::by(Action::DeleteCluster);
        }
        Removal::after([Action::PutClusterCapacityProviders], Action::DeleteCluster)
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
    fn container_insights_are_billed_by_their_metrics() {
        let usage = |setting: &str| {
            let cluster = Cluster {
                container_insights: Some(setting.to_owned()),
                ..Cluster::default()
            };
            cluster.charges().pop().map(|it| it.usage)
        };
        assert_eq!(usage("enabled").as_deref(), Some("CW:MetricMonitorUsage"));
        assert_ne!(usage("enhanced"), usage("enabled"));
        assert_eq!(usage("disabled"), None);
    }

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

    fn with(providers: &[&str]) -> Cluster {
        Cluster {
            status: "ACTIVE".to_owned(),
            capacity_providers: providers.iter().map(|it| (*it).to_owned()).collect(),
            ..Cluster::default()
        }
    }

    #[test]
    fn it_uses_the_capacity_providers_that_are_not_of_aws() {
        let held = with(&["FARGATE", "prod", "FARGATE_SPOT"]).relations();
        let held: Vec<String> = held.iter().map(|it| it.to.to_string()).collect();
        assert_eq!(held, ["capacity-provider/prod"]);
    }

    #[test]
    fn it_lets_go_of_its_capacity_providers_before_it_goes() {
        let ready = [Action::PutClusterCapacityProviders];
        let removal = Removal::after(ready, Action::DeleteCluster);
        assert_eq!(with(&["prod"]).removal(), removal);
        assert_eq!(
            with(&["FARGATE"]).removal(),
            Removal::by(Action::DeleteCluster)
        );
    }
}
