//! ECS task: containers that run together.
//!
//! Key: `cluster/id`.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Kind, Model, Place};
use crate::{
    charge::Charge,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;

/// GiB of ephemeral storage that Fargate gives for nothing.
const FREE_STORAGE: u32 = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Task {
    /// Key of its cluster.
    pub cluster: String,
    /// Key of its revision, `family:3`.
    pub task_definition: String,
    /// Who it counts for: `service:web`, or `family:web` when it was started by hand.
    pub group: String,
    /// What the starter called itself: a deployment's id, a schedule, free text.
    pub started_by: Option<String>,
    /// AWS's word: `PROVISIONING`, `PENDING`, `RUNNING`, `DEPROVISIONING`, `STOPPED`.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: Option<String>,
    /// `EC2`, `FARGATE`, `EXTERNAL`.
    pub launch_type: Option<String>,
    pub capacity_provider: Option<String>,
    pub platform_version: Option<String>,
    /// Fargate's: `Linux`, `Windows Server 2022 Core`.
    pub platform_family: Option<String>,
    /// `x86_64` or `arm64`.
    pub architecture: Option<String>,
    pub zone: Option<String>,
    /// In `awsvpc` mode, where its interface sits.
    pub subnet: Option<String>,
    /// CPU units, 1024 to a vCPU.
    pub cpu: Option<u32>,
    /// MiB.
    pub memory: Option<u32>,
    /// GiB, on Fargate.
    pub ephemeral_storage: Option<u32>,
    /// Key of the container instance, `cluster/id`.
    pub container_instance: Option<String>,
    pub started: Option<Timestamp>,
    pub containers: Vec<Container>,
    /// Ids of the network interfaces that ECS made for it.
    pub interfaces: Vec<String>,
    /// Ids of the volumes that ECS made for it.
    pub volumes: Vec<String>,
    /// What was given at its start in place of what its definition says.
    pub overrides: Vec<Override>,
    /// Key of the task role given at its start.
    pub task_role: Option<String>,
    /// Key of the execution role given at its start.
    pub execution_role: Option<String>,
    /// Whether `ExecuteCommand` may open a shell in it.
    pub execute_command: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Container {
    pub name: String,
    pub image: String,
    pub digest: Option<String>,
    /// AWS's word: `PENDING`, `RUNNING`, `STOPPED`.
    pub status: String,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: Option<String>,
    pub exit_code: Option<i32>,
    /// Ports of the machine that lead to it.
    pub bindings: Vec<Binding>,
    /// Ranges of ports that lead to it, written `8000-8009:49153-49162/tcp`.
    pub ranges: Vec<String>,
    /// In `awsvpc` mode, IPv4 and IPv6.
    pub private_ips: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Binding {
    /// `0.0.0.0` for all addresses of the machine.
    pub bind_ip: String,
    pub container_port: u16,
    pub host_port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// What one container was given at the task's start. Values and the command are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Override {
    pub container: String,
    /// Names of environment variables.
    pub environment: Vec<String>,
    /// Whether the command was replaced.
    pub command: bool,
}

impl Task {
    /// The name of the service that it counts for.
    pub fn service(&self) -> Option<&str> {
        self.group.strip_prefix("service:")
    }

    pub fn is_stopped(&self) -> bool {
        self.last_status == "STOPPED"
    }

    /// What Fargate calls its kind of machine in usage types; empty for Linux on x86.
    fn machine(&self) -> &'static str {
        let windows = self.platform_family.as_deref();
        if windows.is_some_and(|it| it.to_ascii_lowercase().starts_with("windows")) {
            return "Windows-";
        }
        match self.architecture.as_deref() {
            Some(it) if it.eq_ignore_ascii_case("arm64") => "ARM-",
            _ => "",
        }
    }

    fn fargate_charges(&self, cpu: u32, memory: u32) -> Vec<Charge> {
        let spot = self.capacity_provider.as_deref() == Some("FARGATE_SPOT");
        let usage = |what: &str| {
            let spot = if spot { "SpotUsage:" } else { "" };
            format!("{spot}Fargate-{}{what}", self.machine())
        };
        let hourly = |component, usage, units: Decimal| {
            Charge::per_hour(component, "AmazonECS", usage, units)
        };
        // 1024 CPU units to a vCPU, 1024 MiB to a GB.
        let share = |it: u32| Decimal::from(it) / Decimal::from(1024);
        let mut charges = vec![
            hourly("vCPU", usage("vCPU-Hours:perCPU"), share(cpu)),
            hourly("memory", usage("GB-Hours"), share(memory)),
        ];
        if self.machine() == "Windows-" {
            let licence = usage("OS-Hours:perCPU");
            charges.push(hourly("Windows licence", licence, share(cpu)));
        }
        let paid = self.ephemeral_storage.unwrap_or_default();
        let paid = paid.saturating_sub(FREE_STORAGE);
        if paid > 0 {
            let storage = "Fargate-EphemeralStorage-GB-Hours".to_owned();
            charges.push(hourly("ephemeral storage", storage, paid.into()));
        }
        charges
    }
}

impl Model for Task {
    fn relations(&self) -> Vec<Relation> {
        if self.is_stopped() {
            return Vec::new();
        }
        let one = |kind, of, key: &Option<String>, evidence| {
            let to = ResourceId::new(of, key.as_ref()?);
            Some(Relation::new(kind, to, evidence))
        };
        let part_of = |kind, key: String, evidence| {
            Relation::new(RelationKind::PartOf, ResourceId::new(kind, key), evidence)
        };
        let service = self.service().map(|it| {
            let service = format!("{}/{it}", self.cluster);
            part_of(Kind::Service, service, "group")
        });
        let definition = ResourceId::new(Kind::TaskDefinition, &self.task_definition);
        let made = |kind, ids: &Vec<String>, evidence| {
            let make = |it: &String| {
                let made = ResourceId::new(kind, it);
                Relation::new(RelationKind::Makes, made, evidence)
            };
            ids.iter().map(make).collect::<Vec<_>>()
        };
        let uses = RelationKind::Uses;
        let mut relations = vec![
            part_of(Kind::Cluster, self.cluster.clone(), "clusterArn"),
            Relation::new(uses, definition, "taskDefinitionArn"),
        ];
        relations.extend(service);
        relations.extend(one(
            RelationKind::RunsOn,
            Kind::ContainerInstance,
            &self.container_instance,
            "containerInstanceArn",
        ));
        relations.extend(one(
            RelationKind::SitsIn,
            Kind::Subnet,
            &self.subnet,
            "attachments.subnetId",
        ));
        relations.extend(made(
            Kind::NetworkInterface,
            &self.interfaces,
            "attachments.networkInterfaceId",
        ));
        relations.extend(made(Kind::Volume, &self.volumes, "attachments.volumeId"));
        for (role, evidence) in [
            (&self.task_role, "overrides.taskRoleArn"),
            (&self.execution_role, "overrides.executionRoleArn"),
        ] {
            relations.extend(one(uses, Kind::Role, role, evidence));
        }
        relations
    }

    fn charges(&self) -> Vec<Charge> {
        // A task on a machine of ours is paid for with the machine.
        if self.launch_type.as_deref() != Some("FARGATE") || self.is_stopped() {
            return Vec::new();
        }
        match (self.cpu, self.memory) {
            (Some(cpu), Some(memory)) => self.fargate_charges(cpu, memory),
            _ => vec![Charge::unread(
                "vCPU and memory",
                "AmazonECS",
                "its size was not read",
            )],
        }
    }

    fn removal(&self) -> Removal {
        if self.is_stopped() {
            return Removal::Follows("it has stopped; AWS still describes it for a while");
        }
        if self.service().is_some() {
            return Removal::Follows("ECS stops a service's tasks with the service");
        }
        Removal::by(Action::StopTask)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.last_status)
    }

    fn place(&self) -> Place<'_> {
        Place {
            zone: self.zone.as_deref(),
            subnet: self.subnet.as_deref(),
            ..Place::default()
        }
    }

    fn summary(&self) -> String {
        let containers = self.containers.iter().map(|it| it.name.as_str());
        let containers: Vec<&str> = containers.collect();
        format!(
            "{} of {}: {}",
            self.task_definition,
            self.group,
            containers.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::Amount;

    fn running(group: &str) -> Task {
        Task {
            cluster: "prod".to_owned(),
            task_definition: "web:3".to_owned(),
            group: group.to_owned(),
            last_status: "RUNNING".to_owned(),
            ..Task::default()
        }
    }

    fn fargate() -> Task {
        Task {
            launch_type: Some("FARGATE".to_owned()),
            cpu: Some(256),
            memory: Some(512),
            ephemeral_storage: Some(20),
            ..running("service:web")
        }
    }

    #[test]
    fn it_is_part_of_the_service_in_its_group() {
        let relations = running("service:web").relations();
        let service = relations.iter().find(|it| it.to.kind == Kind::Service);
        let service = service.unwrap();
        assert_eq!(service.to.key, "prod/web");
        assert_eq!(service.kind, RelationKind::PartOf);
    }

    #[test]
    fn a_task_started_by_hand_is_stopped_by_hand() {
        let task = running("family:web");
        assert_eq!(task.service(), None);
        assert_eq!(task.removal(), Removal::by(Action::StopTask));
        assert!(matches!(
            running("service:web").removal(),
            Removal::Follows(_)
        ));
    }

    #[test]
    fn it_makes_its_interface() {
        let task = Task {
            interfaces: vec!["eni-1".to_owned()],
            ..running("service:web")
        };
        let made = task.relations();
        let made = made.iter().find(|it| it.kind == RelationKind::Makes);
        assert_eq!(made.unwrap().to.to_string(), "network-interface/eni-1");
    }

    #[test]
    fn a_stopped_task_holds_nothing_and_costs_nothing() {
        let task = Task {
            last_status: "STOPPED".to_owned(),
            ..fargate()
        };
        assert_eq!(task.relations(), []);
        assert_eq!(task.charges(), []);
    }

    #[test]
    fn fargate_bills_shares_of_a_processor_and_of_memory() {
        let charges = fargate().charges();
        assert_eq!(charges.len(), 2);
        assert_eq!(charges[0].usage, "Fargate-vCPU-Hours:perCPU");
        assert_eq!(charges[0].amount, Amount::PerHour(Decimal::new(25, 2)));
        assert_eq!(charges[1].amount, Amount::PerHour(Decimal::new(5, 1)));
    }

    #[test]
    fn arm_and_spot_and_storage_are_other_products() {
        let task = Task {
            architecture: Some("arm64".to_owned()),
            capacity_provider: Some("FARGATE_SPOT".to_owned()),
            ephemeral_storage: Some(21),
            ..fargate()
        };
        let usages: Vec<String> = task.charges().into_iter().map(|it| it.usage).collect();
        assert_eq!(
            usages,
            [
                "SpotUsage:Fargate-ARM-vCPU-Hours:perCPU",
                "SpotUsage:Fargate-ARM-GB-Hours",
                "Fargate-EphemeralStorage-GB-Hours",
            ]
        );
    }

    #[test]
    fn a_task_of_unknown_size_costs_nobody_knows_what() {
        let task = Task {
            memory: None,
            ..fargate()
        };
        assert!(matches!(task.charges()[0].amount, Amount::Unread(_)));
    }

    #[test]
    fn a_task_on_a_machine_of_ours_bills_nothing_itself() {
        assert_eq!(running("service:web").charges(), []);
    }
}
