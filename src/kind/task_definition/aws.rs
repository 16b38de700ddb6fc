//! Reads task definitions: the revisions that something of the rack refers to, one by one.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::{
    error::SdkError,
    operation::list_task_definitions::ListTaskDefinitionsError,
    types::{self, TaskDefinitionField},
};
use futures_util::future::BoxFuture;

use super::{
    COUNTED_FROM, ContainerDefinition, EnvName, InPlain, Mount, PortMapping, SecretRef,
    TaskDefinition, TaskVolume, looks, repository,
};
use crate::{
    arn::Arn,
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, key, tag_map},
    },
    id::ResourceId,
    kind::{
        AsKind as _, Fact, Kind,
        task::aws::{number, protocol},
    },
    snapshot::Resource,
};

const LIST: Call = Call::new(Service::Ecs, "ListTaskDefinitions");
const DESCRIBE: Call = Call::new(Service::Ecs, "DescribeTaskDefinition");

pub const READING: Reading = Reading {
    calls: &[DESCRIBE, LIST],
    source: Source::Referred(fetch),
    deepen: Some(deepen),
};

/// A family with more revisions than this is counted no further: each hundred is a request.
const MOST: u32 = 1000;

/// Each family that may have many is counted once, however many of its revisions are known.
fn deepen(aws: &Aws, mut definitions: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async move {
        let mut found = Found::of(Kind::TaskDefinition);
        let families: BTreeSet<String> = definitions
            .iter()
            .filter_map(|it| TaskDefinition::of(&it.attrs))
            .filter(|it| it.revision >= COUNTED_FROM)
            .map(|it| it.family.clone())
            .collect();
        let asked: Vec<String> = families.iter().cloned().collect();
        let answers = aws.each(asked, |family| revisions(aws, family)).await;
        let counted: BTreeMap<String, _> = families.into_iter().zip(answers).collect();
        for resource in &mut definitions {
            let Some(attrs) = TaskDefinition::of_mut(&mut resource.attrs) else {
                continue;
            };
            match counted.get(&attrs.family) {
                Some(Ok(number)) => attrs.active_revisions = Fact::Known(*number),
                Some(Err(error)) => found.failed(LIST, Some(&resource.id), error),
                None => {}
            }
        }
        found.resources = definitions;
        found
    })
}

/// How many revisions of a family can be started.
async fn revisions(aws: &Aws, family: String) -> Result<u32, SdkError<ListTaskDefinitionsError>> {
    let request = aws.ecs.list_task_definitions().family_prefix(family);
    let request = request.status(types::TaskDefinitionStatus::Active);
    let mut pages = request.into_paginator().items().send();
    let mut number = 0;
    while let Some(one) = pages.next().await {
        one?;
        number += 1;
        if number >= MOST {
            break;
        }
    }
    Ok(number)
}

fn fetch(aws: &Aws, ids: Vec<ResourceId>) -> BoxFuture<'_, Found> {
    Box::pin(aws.find_each(Kind::TaskDefinition, ids, |it| one(aws, it)))
}

async fn one(aws: &Aws, id: ResourceId) -> Found {
    let mut found = Found::of(Kind::TaskDefinition);
    let answer = aws
        .ecs
        .describe_task_definition()
        .task_definition(&id.key)
        .include(TaskDefinitionField::Tags)
        .send()
        .await;
    if let Some(answer) = found.answer(DESCRIBE, Some(&id), answer) {
        let tags = tag_map!(answer.tags());
        let made = answer.task_definition.need("taskDefinition");
        let made = made.and_then(resource);
        found.add(DESCRIBE, Some(&id), made.map(|it| it.tags(tags)));
    }
    found
}

fn resource(it: types::TaskDefinition) -> Result<Resource, Missing> {
    let text = it.task_definition_arn.need("taskDefinitionArn")?;
    let arn = Arn::parse(&text).need("taskDefinitionArn")?;
    let containers = it.container_definitions.need("containerDefinitions")?;
    let registered = shape::time(it.registered_at);
    let platform = it.runtime_platform;
    let attrs = TaskDefinition {
        arn: text.clone(),
        family: it.family.need("family")?,
        revision: count(Some(it.revision)),
        status: it.status.need("status")?.as_str().to_owned(),
        network_mode: it.network_mode.map(|it| it.as_str().to_owned()),
        requires: it
            .requires_compatibilities
            .unwrap_or_default()
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect(),
        cpu: number(it.cpu.as_deref()),
        memory: number(it.memory.as_deref()),
        task_role: it.task_role_arn.map(key),
        execution_role: it.execution_role_arn.map(key),
        pid_mode: it.pid_mode.map(|it| it.as_str().to_owned()),
        ipc_mode: it.ipc_mode.map(|it| it.as_str().to_owned()),
        operating_system: platform
            .as_ref()
            .and_then(|it| it.operating_system_family.as_ref())
            .map(|it| it.as_str().to_owned()),
        architecture: platform
            .and_then(|it| it.cpu_architecture)
            .map(|it| it.as_str().to_owned()),
        ephemeral_storage: it.ephemeral_storage.map(|it| count(Some(it.size_in_gib))),
        containers: containers
            .into_iter()
            .map(|it| container(it, arn))
            .collect(),
        volumes: it
            .volumes
            .unwrap_or_default()
            .into_iter()
            .map(volume)
            .collect(),
        registered,
        active_revisions: Fact::Unread,
    };
    let key = key(text.clone());
    Ok(Resource::new(key, attrs).arn(text).created(registered))
}

fn container(it: types::ContainerDefinition, of: Arn<'_>) -> ContainerDefinition {
    let in_plain = in_plain(&it);
    let image = it.image.unwrap_or_default();
    let (ranges, single): (Vec<_>, Vec<_>) = it
        .port_mappings
        .unwrap_or_default()
        .into_iter()
        .partition(|it| it.container_port_range.is_some());
    let mut log = it.log_configuration;
    let log_secrets = log.as_mut().and_then(|it| it.secret_options.take());
    let secrets = it.secrets.unwrap_or_default().into_iter();
    let secrets = secrets.chain(log_secrets.unwrap_or_default());
    // Of the driver's options only these: others are tokens and passwords.
    let option = |name: &str| log.as_ref()?.options.as_ref()?.get(name).cloned();
    let driver = log.as_ref().map(|it| &it.log_driver);
    let to_cloudwatch = driver == Some(&types::LogDriver::Awslogs);
    let linux = it.linux_parameters.and_then(|it| it.capabilities);
    ContainerDefinition {
        name: it.name.unwrap_or_default(),
        repository: repository(&image, of.account, of.region),
        image,
        registry_secret: it.repository_credentials.map(|it| it.credentials_parameter),
        // AWS takes a container for essential unless told otherwise.
        essential: it.essential.unwrap_or(true),
        cpu: count(Some(it.cpu)),
        memory: it.memory.map(|it| count(Some(it))),
        memory_reservation: it.memory_reservation.map(|it| count(Some(it))),
        ports: single.into_iter().filter_map(port).collect(),
        ranges: ranges.into_iter().map(range).collect(),
        environment: it
            .environment
            .unwrap_or_default()
            .into_iter()
            .filter_map(variable)
            .collect(),
        in_plain,
        environment_files: it
            .environment_files
            .unwrap_or_default()
            .into_iter()
            .map(|it| it.value)
            .collect(),
        secrets: secrets
            .map(|it| SecretRef {
                name: it.name,
                from: it.value_from,
            })
            .collect(),
        log_group: option("awslogs-group").filter(|_| to_cloudwatch),
        log_region: option("awslogs-region").filter(|it| it != of.region),
        log_mode: option("mode"),
        log_driver: driver.map(|it| it.as_str().to_owned()),
        privileged: it.privileged.unwrap_or_default(),
        read_only_root: it.readonly_root_filesystem.unwrap_or_default(),
        user: it.user,
        capabilities: linux.and_then(|it| it.add).unwrap_or_default(),
        security_options: it.docker_security_options.unwrap_or_default(),
        mounts: it
            .mount_points
            .unwrap_or_default()
            .into_iter()
            .map(mount)
            .collect(),
        health_check: it.health_check.is_some(),
    }
}

/// The value is measured and dropped here.
fn variable(it: types::KeyValuePair) -> Option<EnvName> {
    let value = it.value.unwrap_or_default();
    Some(EnvName {
        name: it.name?,
        length: value.chars().count(),
        looks: looks::looks_of_variable(&value).map(str::to_owned),
    })
}

/// What has the form of a secret in a container's commands and its log's options, which are
/// dropped here.
fn in_plain(it: &types::ContainerDefinition) -> Vec<InPlain> {
    let found = |at: &str, looks: &str| InPlain {
        at: at.to_owned(),
        looks: looks.to_owned(),
    };
    let commands = [("command", it.command()), ("entryPoint", it.entry_point())];
    let commands = commands.into_iter().flat_map(|(at, words)| {
        let words = words.iter().map(String::as_str);
        looks::looks_in_command(words)
            .into_iter()
            .map(move |it| found(at, it))
    });
    let options = it.log_configuration().and_then(|it| it.options());
    let options: BTreeMap<&String, &String> = options.into_iter().flatten().collect();
    let options = options.into_iter().filter_map(|(name, value)| {
        let looks = looks::looks_of_option(name, value)?;
        Some(found(&format!("logConfiguration.options.{name}"), looks))
    });
    commands.chain(options).collect()
}

fn port(it: types::PortMapping) -> Option<PortMapping> {
    Some(PortMapping {
        container_port: shape::port(it.container_port)?,
        host_port: shape::port(it.host_port).unwrap_or_default(),
        protocol: protocol(it.protocol),
        name: it.name,
    })
}

fn range(it: types::PortMapping) -> String {
    format!(
        "{}/{}",
        it.container_port_range.unwrap_or_default(),
        protocol(it.protocol)
    )
}

fn volume(it: types::Volume) -> TaskVolume {
    let efs = it.efs_volume_configuration;
    let encryption = efs.as_ref().and_then(|it| it.transit_encryption.as_ref());
    TaskVolume {
        name: it.name.unwrap_or_default(),
        host_path: it.host.and_then(|it| it.source_path),
        transit_encryption: encryption.map(|it| it.as_str().to_owned()),
        file_system: efs.map(|it| key(it.file_system_id)),
        driver: it.docker_volume_configuration.and_then(|it| it.driver),
    }
}

fn mount(it: types::MountPoint) -> Mount {
    Mount {
        volume: it.source_volume.unwrap_or_default(),
        path: it.container_path.unwrap_or_default(),
        read_only: it.read_only.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::AsKind, snapshot::Reason, testing::replay::Tape};

    /// An answer with one container that has these fields.
    fn told(container: &str) -> String {
        format!(
            r#"{{"taskDefinition":{{"family":"web","revision":3,"status":"ACTIVE",
            "taskDefinitionArn":"arn:aws:ecs:us-east-1:123456789012:task-definition/web:3",
            "containerDefinitions":[{{"name":"web",{container}}}]}},
            "tags":[{{"key":"app","value":"web"}}]}}"#
        )
    }

    async fn read(answer: String) -> Found {
        let tape = Tape::default().answer(200, answer);
        fetch(&tape.aws(), vec![id()]).await
    }

    fn id() -> ResourceId {
        ResourceId::new(Kind::TaskDefinition, "web:3")
    }

    fn first(found: &Found) -> &ContainerDefinition {
        &TaskDefinition::of(&found.resources[0].attrs)
            .unwrap()
            .containers[0]
    }

    #[tokio::test]
    async fn a_container_is_known_without_its_values() {
        let found = read(told(
            r#""image":"123456789012.dkr.ecr.us-east-1.amazonaws.com/web:7",
            "command":["planted-secret-argument"],"entryPoint":["planted-secret-entry"],
            "environment":[{"name":"TOKEN","value":"planted-secret-value"},
                {"name":"DB","value":"postgres://app:planted-secret-password@db/app"}],
            "secrets":[{"name":"KEY","valueFrom":"arn:aws:ssm:us-east-1:1:parameter/key"}],
            "healthCheck":{"command":["planted-secret-check"]},
            "dockerLabels":{"auth":"planted-secret-label"},
            "logConfiguration":{"logDriver":"splunk","options":{
                "splunk-token":"planted-secret-token"},
                "secretOptions":[{"name":"splunk-url","valueFrom":"url"}]}"#,
        ))
        .await;
        let web = first(&found);
        assert_eq!(web.repository.as_deref(), Some("web"));
        let token = &web.environment[0];
        assert_eq!((token.name.as_str(), token.length), ("TOKEN", 20));
        assert_eq!(
            web.environment[1].looks.as_deref(),
            Some("url-with-password")
        );
        let plain: Vec<(&str, &str)> = web
            .in_plain
            .iter()
            .map(|it| (it.at.as_str(), it.looks.as_str()))
            .collect();
        let option = "logConfiguration.options.splunk-token";
        assert_eq!(plain, [(option, "named-secret")]);
        let names: Vec<&str> = web.secrets.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["KEY", "splunk-url"]);
        assert!(web.health_check);
        assert_eq!(found.resources[0].tags["app"], "web");
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_family_that_is_asked_for_comes_as_its_latest_revision() {
        let tape = Tape::default().answer(200, told(r#""image":"web""#));
        let family = ResourceId::new(Kind::TaskDefinition, "web");
        let found = fetch(&tape.aws(), vec![family]).await;
        assert_eq!(found.resources[0].id, id());
    }

    #[tokio::test]
    async fn a_family_is_counted_once_for_all_its_revisions() {
        let revision = |key: &str| {
            let definition = TaskDefinition {
                family: "web".to_owned(),
                revision: COUNTED_FROM,
                ..TaskDefinition::default()
            };
            Resource::new(key, definition)
        };
        let told = r#"{"taskDefinitionArns":["web:1","web:2","web:3"]}"#;
        let tape = Tape::default().answer(200, told);
        let found = deepen(&tape.aws(), vec![revision("web:2"), revision("web:3")]).await;
        let numbers: Vec<Option<u32>> = found
            .resources
            .iter()
            .filter_map(|it| TaskDefinition::of(&it.attrs))
            .map(|it| it.active_revisions.known().copied())
            .collect();
        assert_eq!(numbers, [Some(3), Some(3)]);
        assert_eq!(tape.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_family_that_cannot_have_many_is_not_counted() {
        let young = Resource::new("web:7", TaskDefinition::default());
        let tape = Tape::default();
        let found = deepen(&tape.aws(), vec![young]).await;
        assert_eq!((found.gaps.len(), tape.asked().len()), (0, 0));
    }

    #[tokio::test]
    async fn only_a_foreign_region_of_logs_is_kept() {
        let log = |region: &str| {
            told(&format!(
                r#""logConfiguration":{{"logDriver":"awslogs","options":{{
                "awslogs-group":"/ecs/web","awslogs-region":"{region}"}}}}"#
            ))
        };
        assert_eq!(first(&read(log("us-east-1")).await).log_region, None);
        let there = read(log("eu-west-1")).await;
        assert_eq!(first(&there).log_region.as_deref(), Some("eu-west-1"));
    }

    #[tokio::test]
    async fn a_port_without_a_host_port_is_dynamic() {
        let found = read(told(
            r#""portMappings":[{"containerPort":3000},
            {"containerPortRange":"8000-8009","protocol":"udp"}]"#,
        ))
        .await;
        let web = first(&found);
        assert_eq!(web.ports[0].host_port, 0);
        assert_eq!(web.ports[0].protocol, "tcp");
        assert_eq!(web.ranges, ["8000-8009/udp"]);
        assert!(web.essential);
    }

    #[tokio::test]
    async fn a_definition_that_is_not_told_is_a_gap_about_it() {
        let found = read(r#"{"taskDefinition":{"family":"web"}}"#.to_owned()).await;
        assert_eq!(found.gaps[0].message, "the answer has no taskDefinitionArn");
        assert_eq!(found.gaps[0].resource, Some(id()));
    }

    #[tokio::test]
    async fn a_refusal_is_a_gap() {
        let denied = r#"{"__type":"AccessDeniedException"}"#;
        let tape = Tape::default().answer(403, denied);
        let found = fetch(&tape.aws(), vec![id()]).await;
        assert_eq!(found.gaps[0].reason, Reason::Denied);
    }
}
