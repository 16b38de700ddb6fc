//! Task definition: one revision of what to run.
//!
//! Key: `family:revision`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fact, Kind, Model, parameter};
use crate::{
    arn,
    id::ResourceId,
    relation::{Relation, RelationKind},
    removal::{Action, Removal},
};

#[cfg(feature = "aws")]
pub mod aws;
pub mod looks;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskDefinition {
    pub arn: String,
    pub family: String,
    pub revision: u32,
    /// AWS's word: `ACTIVE`, `INACTIVE`, `DELETE_IN_PROGRESS`.
    pub status: String,
    /// `bridge`, `host`, `awsvpc`, `none`; absent means `bridge` on Linux.
    pub network_mode: Option<String>,
    /// Launch types that it was checked against: `EC2`, `FARGATE`.
    pub requires: Vec<String>,
    /// CPU units for the whole task, 1024 to a vCPU.
    pub cpu: Option<u32>,
    /// MiB for the whole task.
    pub memory: Option<u32>,
    /// Key of the role that its containers have.
    pub task_role: Option<String>,
    /// Key of the role by which ECS pulls images, reads secrets and opens logs.
    pub execution_role: Option<String>,
    /// `host` or `task`.
    pub pid_mode: Option<String>,
    /// `host`, `task`, `none`.
    pub ipc_mode: Option<String>,
    /// `LINUX`, `WINDOWS_SERVER_2022_CORE`.
    pub operating_system: Option<String>,
    /// `X86_64` or `ARM64`.
    pub architecture: Option<String>,
    /// GiB, on Fargate.
    pub ephemeral_storage: Option<u32>,
    pub containers: Vec<ContainerDefinition>,
    pub volumes: Vec<TaskVolume>,
    pub registered: Option<Timestamp>,
    /// How many revisions of its family can be started, counted up to 1,000, and not at all where
    /// its own number is below [`COUNTED_FROM`].
    pub active_revisions: Fact<u32>,
}

/// Whether an id names no revision but a whole family, which to AWS means the latest that can be
/// started.
pub fn is_family(id: &ResourceId) -> bool {
    id.kind == Kind::TaskDefinition && !id.key.contains(':')
}

/// Revisions are numbered from one on, so that a family that is at a lower one has fewer.
pub const COUNTED_FROM: u32 = 100;

/// What one container is. The command, labels and values of variables are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerDefinition {
    pub name: String,
    pub image: String,
    /// Key of the image's ECR repository, where that is of this account and region.
    pub repository: Option<String>,
    /// Name or ARN of the secret with which another registry is entered.
    pub registry_secret: Option<String>,
    /// Whether the task stops when it stops.
    pub essential: bool,
    /// CPU units, 1024 to a vCPU.
    pub cpu: u32,
    /// MiB; it is killed when it takes more.
    pub memory: Option<u32>,
    /// MiB that are kept free for it.
    pub memory_reservation: Option<u32>,
    pub ports: Vec<PortMapping>,
    /// Ranges of ports, written `8000-8009/tcp`.
    pub ranges: Vec<String>,
    pub environment: Vec<EnvName>,
    /// Secrets that stand in its command and in the options of its log.
    pub in_plain: Vec<InPlain>,
    /// ARNs of the S3 objects that more variables come from.
    pub environment_files: Vec<String>,
    pub secrets: Vec<SecretRef>,
    /// `awslogs`, `awsfirelens`, `json-file`, `splunk`; absent means the machine's own.
    pub log_driver: Option<String>,
    /// Option `awslogs-group`.
    pub log_group: Option<String>,
    /// Option `awslogs-region`, where that is another region than the definition's.
    pub log_region: Option<String>,
    /// Option `mode`: `blocking` or `non-blocking`.
    pub log_mode: Option<String>,
    pub privileged: bool,
    pub read_only_root: bool,
    /// Absent means the image decides.
    pub user: Option<String>,
    /// Linux capabilities that it has beyond Docker's usual ones.
    pub capabilities: Vec<String>,
    /// `no-new-privileges`, `label:…`, `apparmor:…`.
    pub security_options: Vec<String>,
    pub mounts: Vec<Mount>,
    /// Whether a health check is defined.
    pub health_check: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortMapping {
    pub container_port: u16,
    /// 0: any free port of the machine.
    pub host_port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    pub name: Option<String>,
}

/// An environment variable without its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvName {
    pub name: String,
    /// Characters in its value.
    pub length: usize,
    /// What its value has the form of: `url-with-password`, `aws-access-key`, `private-key`,
    /// `json-web-token`, `service-token`; of no secret: `reference` for an ARN or a path, `number`.
    pub looks: Option<String>,
}

/// Something that has the form of a secret, outside of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InPlain {
    /// AWS's field: `command`, `entryPoint`, `logConfiguration.options.splunk-token`.
    pub at: String,
    /// As of a variable, or `named-secret` where what stands before it says so.
    pub looks: String,
}

/// An environment variable, or a log option, whose value ECS fetches at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretRef {
    pub name: String,
    /// ARN of the secret, with or without `:field:stage:version` behind it, or name or ARN of the
    /// parameter.
    pub from: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskVolume {
    pub name: String,
    /// Directory or socket of the machine.
    pub host_path: Option<String>,
    /// Key of the EFS file system.
    pub file_system: Option<String>,
    /// `ENABLED` or `DISABLED`, on the way to EFS; absent means disabled.
    pub transit_encryption: Option<String>,
    /// Docker's volume driver: `local`, `rexray/ebs`.
    pub driver: Option<String>,
}

/// Where a container sees a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mount {
    pub volume: String,
    /// Path in the container.
    pub path: String,
    pub read_only: bool,
}

impl TaskDefinition {
    /// Whether it can be started: a word that is new to us does not say that it cannot.
    pub fn is_active(&self) -> bool {
        !matches!(self.status.as_str(), "INACTIVE" | "DELETE_IN_PROGRESS")
    }
}

impl SecretRef {
    /// The secret or parameter, where it is of the account and region of the definition `own`.
    fn held(&self, own: &str) -> Option<ResourceId> {
        if self.from.starts_with("arn:") {
            return arn::beside(&self.from, own)
                .filter(|it| matches!(it.kind, Kind::Secret | Kind::Parameter));
        }
        parameter::named(&self.from)
    }
}

impl ContainerDefinition {
    /// With what another registry is entered, where that is beside the definition `own`.
    fn registry_secret(&self, own: &str) -> Option<ResourceId> {
        let text = self.registry_secret.as_deref()?;
        if text.starts_with("arn:") {
            return arn::beside(text, own).filter(|it| it.kind == Kind::Secret);
        }
        (!text.is_empty()).then(|| ResourceId::new(Kind::Secret, text))
    }

    fn relations(&self, own: &str) -> impl Iterator<Item = Relation> {
        let to =
            |kind, of, key: &str, evidence| Relation::new(kind, ResourceId::new(of, key), evidence);
        let logs = self.log_group.iter().filter(|_| self.log_region.is_none());
        let logs = logs.map(move |it| {
            let evidence = "logConfiguration.options.awslogs-group";
            to(RelationKind::WritesTo, Kind::LogGroup, it, evidence)
        });
        let image = self.repository.iter();
        let image = image.map(move |it| {
            to(
                RelationKind::Uses,
                Kind::Repository,
                it,
                "containerDefinitions.image",
            )
        });
        let files = self.environment_files.iter();
        let files = files.filter_map(|it| {
            let bucket = arn::resource(it)?;
            Some(Relation::new(
                RelationKind::Uses,
                bucket,
                "environmentFiles.value",
            ))
        });
        let secrets = self.secrets.iter().filter_map(move |it| {
            let held = it.held(own)?;
            Some(Relation::new(RelationKind::Uses, held, "valueFrom"))
        });
        let registry = self.registry_secret(own).map(|it| {
            let evidence = "repositoryCredentials.credentialsParameter";
            Relation::new(RelationKind::Uses, it, evidence)
        });
        logs.chain(image)
            .chain(files)
            .chain(secrets)
            .chain(registry)
    }
}

/// The ECR repository that an image comes from, where it is of that account and region.
///
/// ECR's hosts are `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, and `ACCOUNT.dkr-ecr.REGION.on.aws`
/// where they answer by IPv6.
pub fn repository(image: &str, account: &str, region: &str) -> Option<String> {
    let (host, path) = image.split_once('/')?;
    let mut labels = host.split('.');
    let ours = labels.next() == Some(account)
        && labels.next().is_some_and(|it| it.starts_with("dkr"))
        && labels.any(|it| it == region);
    let path = path.split('@').next().unwrap_or(path);
    let name = path.split(':').next().unwrap_or(path);
    (ours && !name.is_empty()).then(|| name.to_owned())
}

impl Model for TaskDefinition {
    fn relations(&self) -> Vec<Relation> {
        let uses = |kind, key: &String, evidence| {
            Relation::new(RelationKind::Uses, ResourceId::new(kind, key), evidence)
        };
        let task = self.task_role.iter();
        let task = task.map(|it| uses(Kind::Role, it, "taskRoleArn"));
        let execution = self.execution_role.iter();
        let execution = execution.map(|it| uses(Kind::Role, it, "executionRoleArn"));
        let files = self
            .volumes
            .iter()
            .filter_map(|it| it.file_system.as_ref())
            .map(|it| uses(Kind::FileSystem, it, "efsVolumeConfiguration.fileSystemId"));
        task.chain(execution)
            .chain(files)
            .chain(
                self.containers
                    .iter()
                    .flat_map(|it| it.relations(&self.arn)),
            )
            .collect()
    }

    fn removal(&self) -> Removal {
        if !self.is_active() {
            return Removal::Follows("it is deregistered; AWS keeps its text");
        }
        Removal::by(Action::DeregisterTaskDefinition)
    }

    fn state(&self) -> Option<&str> {
        Some(&self.status)
    }

    fn summary(&self) -> String {
        let images = self.containers.iter().map(|it| it.image.as_str());
        let images: Vec<&str> = images.collect();
        let mode = self.network_mode.as_deref().unwrap_or("bridge");
        format!("network mode {mode}, {}", images.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(container: ContainerDefinition) -> Vec<String> {
        let definition = TaskDefinition {
            arn: "arn:aws:ecs:us-east-1:1:task-definition/web:3".to_owned(),
            containers: vec![container],
            ..TaskDefinition::default()
        };
        let relations = definition.relations();
        relations.iter().map(|it| it.to.to_string()).collect()
    }

    #[test]
    fn an_image_of_this_account_and_region_names_its_repository() {
        let of = |image: &str| repository(image, "123456789012", "us-east-1");
        let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        for tail in ["team/web:1.2", "team/web@sha256:ab", "team/web:1@sha256:ab"] {
            let image = format!("{host}/{tail}");
            assert_eq!(of(&image).as_deref(), Some("team/web"));
        }
        let dual = "123456789012.dkr-ecr.us-east-1.on.aws/web";
        assert_eq!(of(dual).as_deref(), Some("web"));
    }

    #[test]
    fn other_images_name_no_repository() {
        for image in [
            "nginx",
            "convox/api:3",
            "210987654321.dkr.ecr.us-east-1.amazonaws.com/web",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web",
            "123456789012.example.us-east-1.test/web",
        ] {
            assert_eq!(
                repository(image, "123456789012", "us-east-1"),
                None,
                "{image}"
            );
        }
    }

    #[test]
    fn logs_of_another_region_are_not_a_group_of_ours() {
        let mut container = ContainerDefinition {
            log_group: Some("/ecs/web".to_owned()),
            ..ContainerDefinition::default()
        };
        assert_eq!(holds(container.clone()), ["log-group//ecs/web"]);
        container.log_region = Some("eu-west-1".to_owned());
        assert!(holds(container).is_empty());
    }

    #[test]
    fn a_file_of_variables_keeps_its_bucket_in_use() {
        let container = ContainerDefinition {
            environment_files: vec!["arn:aws:s3:::settings/web/env".to_owned()],
            ..ContainerDefinition::default()
        };
        assert_eq!(holds(container), ["bucket/settings"]);
    }

    #[test]
    fn what_is_fetched_at_the_start_names_a_secret_or_a_parameter() {
        let secret = "arn:aws:secretsmanager:us-east-1:1:secret:db-a1B2c3";
        for (from, held) in [
            (secret.to_owned(), Some(format!("secret/{secret}"))),
            (
                format!("{secret}:password::"),
                Some(format!("secret/{secret}")),
            ),
            (
                "arn:aws:ssm:us-east-1:1:parameter/prod/db".to_owned(),
                Some("parameter//prod/db".to_owned()),
            ),
            ("token".to_owned(), Some("parameter/token".to_owned())),
            (
                "arn:aws:ssm:us-east-1:2:parameter/of/others".to_owned(),
                None,
            ),
            (
                "arn:aws:ssm:eu-west-1:1:parameter/far/away".to_owned(),
                None,
            ),
            ("arn:aws:s3:::settings".to_owned(), None),
        ] {
            let container = ContainerDefinition {
                secrets: vec![SecretRef {
                    name: "IT".to_owned(),
                    from: from.clone(),
                }],
                ..ContainerDefinition::default()
            };
            let all: Vec<String> = held.into_iter().collect();
            assert_eq!(holds(container), all, "{from}");
        }
    }

    #[test]
    fn another_registry_is_entered_with_a_secret_by_name_or_arn() {
        let arn = "arn:aws:secretsmanager:us-east-1:1:secret:hub-a1B2c3";
        for (text, held) in [
            ("hub", "secret/hub".to_owned()),
            (arn, format!("secret/{arn}")),
        ] {
            let container = ContainerDefinition {
                registry_secret: Some(text.to_owned()),
                ..ContainerDefinition::default()
            };
            assert_eq!(holds(container), [held]);
        }
    }

    #[test]
    fn a_deregistered_revision_keeps_its_roles_for_the_tasks_that_still_run() {
        let definition = TaskDefinition {
            status: "INACTIVE".to_owned(),
            task_role: Some("web".to_owned()),
            ..TaskDefinition::default()
        };
        assert_eq!(definition.relations().len(), 1);
        assert!(matches!(definition.removal(), Removal::Follows(_)));
    }
}
