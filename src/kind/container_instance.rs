//! Container instance: a machine that has joined a cluster.
//!
//! Key: `cluster/id`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerInstance {
    /// Key of its cluster.
    pub cluster: String,
    /// EC2's id of the machine; of an external one the id that Systems Manager gave it.
    pub instance: Option<String>,
    /// AWS's word: `ACTIVE`, `DRAINING`, `REGISTERING`, `INACTIVE`.
    pub status: String,
    pub status_reason: Option<String>,
    pub agent_connected: bool,
    pub agent_version: Option<String>,
    /// As the agent writes it: `DockerVersion: 20.10.25`.
    pub docker_version: Option<String>,
    pub running_tasks: u32,
    pub pending_tasks: u32,
    /// CPU units, 1024 to a vCPU.
    pub registered_cpu: u32,
    /// CPU units that no task has asked for.
    pub remaining_cpu: u32,
    /// MiB.
    pub registered_memory: u32,
    /// MiB that no task has asked for.
    pub remaining_memory: u32,
    pub registered: Option<Timestamp>,
    pub capacity_provider: Option<String>,
    pub zone: Option<String>,
    pub instance_type: Option<String>,
    pub ami: Option<String>,
}

impl ContainerInstance {
    /// An inactive container instance is a deregistered one.
    pub fn is_active(&self) -> bool {
        self.status != "INACTIVE"
    }
}

impl Model for ContainerInstance {
    fn relations(&self) -> Vec<Relation> {
        if !self.is_active() {
            return Vec::new();
        }
        let cluster = ResourceId::new(Kind::Cluster, &self.cluster);
        let machine = self.instance.iter().map(|it| {
            let machine = ResourceId::new(Kind::Instance, it);
            Relation::new(RelationKind::RunsOn, machine, "ec2InstanceId")
        });
        [Relation::new(RelationKind::PartOf, cluster, "clusterArn")]
            .into_iter()
            .chain(machine)
            .collect()
    }

    fn removal(&self) -> Removal {
        if !self.is_active() {
            return Removal::Follows("it is deregistered; AWS still describes it for a while");
        }
        Removal::by(Action::DeregisterContainerInstance)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let lost = if self.agent_connected {
            ""
        } else {
            ", agent not connected"
        };
        format!(
            "{} tasks on {}, {} of {} CPU units and {} of {} MiB free{lost}",
            self.running_tasks,
            self.instance.as_deref().unwrap_or("an unknown machine"),
            self.remaining_cpu,
            self.registered_cpu,
            self.remaining_memory,
            self.registered_memory
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_on_its_machine_until_it_is_deregistered() {
        let mut it = ContainerInstance {
            cluster: "prod".to_owned(),
            instance: Some("i-1".to_owned()),
            status: "DRAINING".to_owned(),
            ..ContainerInstance::default()
        };
        let relations = it.relations();
        assert_eq!(relations[1].kind, RelationKind::RunsOn);
        assert_eq!(relations[1].to.to_string(), "instance/i-1");
        it.status = "INACTIVE".to_owned();
        assert_eq!(it.relations(), []);
    }
}
