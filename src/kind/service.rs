//! ECS service: keeps a number of tasks running and tells load balancers where they are.
//!
//! Key: `cluster/service`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Model, capacity_provider};
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
pub struct Service {
    /// Key of its cluster.
    pub cluster: String,
    /// AWS's word: `ACTIVE`, `DRAINING`, `INACTIVE`.
    pub status: String,
    /// `EC2`, `FARGATE`, `EXTERNAL`; absent where capacity providers decide.
    pub launch_type: Option<String>,
    /// Names in its capacity provider strategy.
    pub capacity_providers: Vec<String>,
    /// Fargate's: `LATEST`, `1.4.0`.
    pub platform_version: Option<String>,
    /// `REPLICA` or `DAEMON`.
    pub scheduling: String,
    /// Who deploys: `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub controller: Option<String>,
    /// Key of the revision, `family:3`; empty where an external controller gives each task set
    /// its own.
    pub task_definition: String,
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    pub load_balancers: Vec<ServiceTarget>,
    /// Where its tasks are placed, in network mode `awsvpc`.
    pub subnets: Vec<String>,
    /// What its tasks wear, in network mode `awsvpc`.
    pub security_groups: Vec<String>,
    /// Absent outside of network mode `awsvpc`.
    pub assign_public_ip: Option<bool>,
    /// Key of the role by which ECS registers its tasks.
    pub role: Option<String>,
    /// Its deployments, and its task sets where another controller deploys.
    pub deployments: Vec<Deployment>,
    /// ARNs of the Cloud Map services that its tasks are registered with.
    pub registries: Vec<String>,
    /// Whether `ExecuteCommand` may open a shell in its tasks.
    pub execute_command: bool,
    /// Whether a deployment that does not get going is stopped.
    pub circuit_breaker: bool,
    /// Whether the circuit breaker goes back to the last deployment that worked.
    pub rollback: bool,
    /// Percent of the desired count that must stay healthy during a deployment.
    pub minimum_healthy_percent: Option<u32>,
    pub maximum_percent: Option<u32>,
    /// Seconds for which a new task's health is not judged.
    pub health_check_grace_s: Option<u32>,
    /// The last time that ECS said that it could not do what it should, as far back as it tells.
    pub trouble: Option<Trouble>,
}

/// One entry of `events`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trouble {
    /// AWS's sentence: `(service web) was unable to place a task because …`.
    pub message: String,
    pub at: Option<Timestamp>,
}

/// One entry of `loadBalancers`: a container's port, and what is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceTarget {
    /// Key of the target group.
    pub target_group: Option<String>,
    /// Key of the target group that takes turns with it in blue/green deployments.
    pub alternate: Option<String>,
    /// Name of the classic load balancer.
    pub classic: Option<String>,
    pub container: String,
    pub port: Option<u16>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deployment {
    /// AWS's word: `PRIMARY`, `ACTIVE`, `INACTIVE`.
    pub status: String,
    /// Key of the revision.
    pub task_definition: String,
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    /// Tasks that did not get going.
    pub failed: u32,
    /// `COMPLETED`, `FAILED`, `IN_PROGRESS`; of a task set its stability.
    pub rollout_state: Option<String>,
    pub rollout_reason: Option<String>,
    /// How its tasks find other services and are found, where Service Connect sees to that.
    pub connect: Option<ServiceConnect>,
    pub created: Option<Timestamp>,
    pub updated: Option<Timestamp>,
}

/// A deployment's Service Connect configuration, and what ECS made in Cloud Map for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceConnect {
    pub enabled: bool,
    /// Id or name of the Cloud Map namespace; absent where it is the cluster's.
    pub namespace: Option<String>,
    /// What others find; none where its tasks only find others.
    pub ports: Vec<ConnectPort>,
    /// Keys of the Cloud Map services that ECS made and keeps.
    pub made: Vec<String>,
}

/// One port that others find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectPort {
    /// Name of the port mapping in the task definition.
    pub name: String,
    /// Name of the Cloud Map service; absent where it is the port's.
    pub discovery_name: Option<String>,
    /// How others call it.
    pub aliases: Vec<ConnectAlias>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectAlias {
    /// Absent where it is the discovery name, a dot and the namespace.
    pub dns_name: Option<String>,
    pub port: Option<u16>,
}

impl Service {
    /// Whether its state is a word of AWS's that we know.
    pub fn has_known_state(&self) -> bool {
        matches!(self.status.as_str(), "ACTIVE" | "DRAINING" | "INACTIVE")
    }

    /// An inactive service is a deleted one that AWS still describes for a while.
    pub fn is_active(&self) -> bool {
        self.status != "INACTIVE"
    }

    /// Keys of all revisions that it runs or is about to run, with the field that says so.
    fn task_definitions(&self) -> impl Iterator<Item = (&String, &'static str)> {
        let deployed = self.deployments.iter().map(|it| &it.task_definition);
        let deployed = deployed.filter(|it| **it != self.task_definition);
        [(&self.task_definition, "taskDefinition")]
            .into_iter()
            .chain(deployed.map(|it| (it, "deployments.taskDefinition")))
            .filter(|(it, _)| !it.is_empty())
    }
}

impl ServiceConnect {
    fn relations(&self) -> impl Iterator<Item = Relation> {
        let namespace = self.namespace.iter().filter(|_| self.enabled);
        let namespace = namespace.map(|it| {
            let namespace = ResourceId::new(Kind::Namespace, it);
            let evidence = "serviceConnectConfiguration.namespace";
            Relation::new(RelationKind::Uses, namespace, evidence)
        });
        namespace.chain(Relation::each(
            RelationKind::Makes,
            Kind::DiscoveryService,
            &self.made,
            "serviceConnectResources.discoveryArn",
        ))
    }
}

impl ServiceTarget {
    fn relations(&self) -> impl Iterator<Item = Relation> {
        let uses = |kind, key: &Option<String>, evidence| {
            let to = ResourceId::new(kind, key.as_ref()?);
            Some(Relation::new(RelationKind::Uses, to, evidence))
        };
        let group = uses(
            Kind::TargetGroup,
            &self.target_group,
            "loadBalancers.targetGroupArn",
        );
        let alternate = uses(
            Kind::TargetGroup,
            &self.alternate,
            "loadBalancers.advancedConfiguration.alternateTargetGroupArn",
        );
        let classic = uses(
            Kind::ClassicLoadBalancer,
            &self.classic,
            "loadBalancers.loadBalancerName",
        );
        [group, alternate, classic].into_iter().flatten()
    }
}

impl Service {
    /// Whether it runs what it should, with no deployment under way or failed.
    pub fn is_steady(&self) -> bool {
        let settled = |it: &Deployment| {
            it.status == "PRIMARY"
                && it
                    .rollout_state
                    .as_deref()
                    .is_none_or(|it| it == "COMPLETED")
        };
        self.running == self.desired && self.deployments.iter().all(settled)
    }
}

impl Model for Service {
    fn relations(&self) -> Vec<Relation> {
        if !self.is_active() {
            return Vec::new();
        }
        let to = |kind, key: &String| ResourceId::new(kind, key);
        let cluster = to(Kind::Cluster, &self.cluster);
        let definitions = self.task_definitions().map(|(it, evidence)| {
            let definition = to(Kind::TaskDefinition, it);
            Relation::new(RelationKind::Uses, definition, evidence)
        });
        let role = self.role.iter().map(|it| {
            let role = to(Kind::Role, it);
            Relation::new(RelationKind::Uses, role, "roleArn")
        });
        let subnets = self.subnets.iter().map(|it| {
            let subnet = to(Kind::Subnet, it);
            Relation::new(RelationKind::SitsIn, subnet, "awsvpcConfiguration.subnets")
        });
        let groups = self.security_groups.iter().map(|it| {
            let group = to(Kind::SecurityGroup, it);
            Relation::new(
                RelationKind::Uses,
                group,
                "awsvpcConfiguration.securityGroups",
            )
        });
        let registries = self.registries.iter().filter_map(|it| {
            let registry = arn::resource(it)?;
            let evidence = "serviceRegistries.registryArn";
            Some(Relation::new(RelationKind::Uses, registry, evidence))
        });
        let connected = self.deployments.iter().filter_map(|it| it.connect.as_ref());
        [Relation::new(RelationKind::PartOf, cluster, "clusterArn")]
            .into_iter()
            .chain(definitions)
            .chain(
                self.load_balancers
                    .iter()
                    .flat_map(ServiceTarget::relations),
            )
            .chain(role)
            .chain(subnets)
            .chain(groups)
            .chain(registries)
            .chain(connected.flat_map(ServiceConnect::relations))
            .chain(capacity_provider::used(
                &self.capacity_providers,
                "capacityProviderStrategy.capacityProvider",
            ))
            .collect()
    }

    fn removal(&self) -> Removal {
        if !self.is_active() {
            return Removal::Follows("it is deleted; AWS still describes it for a while");
        }
        // A daemon has no count of its own to bring down.
        if self.scheduling == "DAEMON" {
            return Removal::by(Action::DeleteService);
        }
        Removal::after([Action::UpdateService], Action::DeleteService)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let launch = self.launch_type.as_deref();
        let on = launch.map(|it| format!(" on {it}")).unwrap_or_default();
        format!(
            "{} of {} tasks running{on}, {}",
            self.running, self.desired, self.task_definition
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> Service {
        Service {
            cluster: "prod".to_owned(),
            status: "ACTIVE".to_owned(),
            scheduling: "REPLICA".to_owned(),
            task_definition: "web:3".to_owned(),
            ..Service::default()
        }
    }

    fn holds(service: &Service) -> Vec<String> {
        let relations = service.relations();
        relations.iter().map(|it| it.to.to_string()).collect()
    }

    #[test]
    fn a_deployment_under_way_holds_the_old_revision_too() {
        let deployment = |revision: &str| Deployment {
            task_definition: revision.to_owned(),
            ..Deployment::default()
        };
        let service = Service {
            deployments: vec![deployment("web:3"), deployment("web:2")],
            ..web()
        };
        assert_eq!(
            holds(&service),
            [
                "cluster/prod",
                "task-definition/web:3",
                "task-definition/web:2"
            ]
        );
    }

    #[test]
    fn both_groups_of_a_blue_green_service_are_used() {
        let service = Service {
            load_balancers: vec![ServiceTarget {
                target_group: Some("blue".to_owned()),
                alternate: Some("green".to_owned()),
                ..ServiceTarget::default()
            }],
            ..web()
        };
        let held = holds(&service);
        assert_eq!(held[2..], ["target-group/blue", "target-group/green"]);
    }

    #[test]
    fn it_uses_where_it_is_registered_and_makes_what_service_connect_keeps() {
        let connect = ServiceConnect {
            enabled: true,
            namespace: Some("prod.internal".to_owned()),
            made: vec!["srv-2".to_owned()],
            ..ServiceConnect::default()
        };
        let service = Service {
            registries: vec!["arn:aws:servicediscovery:us-east-1:1:service/srv-1".to_owned()],
            deployments: vec![Deployment {
                connect: Some(connect),
                ..Deployment::default()
            }],
            ..web()
        };
        let edges = service.relations();
        let edges = edges
            .iter()
            .map(|it| format!("{} {}", it.kind.name(), it.to));
        assert_eq!(
            edges.collect::<Vec<_>>()[2..],
            [
                "uses discovery-service/srv-1",
                "uses namespace/prod.internal",
                "makes discovery-service/srv-2"
            ]
        );
    }

    #[test]
    fn it_uses_the_capacity_providers_that_are_not_of_aws() {
        let service = Service {
            capacity_providers: vec!["FARGATE_SPOT".to_owned(), "prod".to_owned()],
            ..web()
        };
        assert_eq!(holds(&service)[2..], ["capacity-provider/prod"]);
    }

    #[test]
    fn a_deleted_service_holds_nothing() {
        let service = Service {
            status: "INACTIVE".to_owned(),
            ..web()
        };
        assert_eq!(service.relations(), []);
    }

    #[test]
    fn only_a_replica_service_is_scaled_down_first() {
        let daemon = Service {
            scheduling: "DAEMON".to_owned(),
            ..web()
        };
        assert_eq!(daemon.removal(), Removal::by(Action::DeleteService));
        assert_eq!(
            web().removal(),
            Removal::after([Action::UpdateService], Action::DeleteService)
        );
    }
}
