//! Reads tasks: ids by page, descriptions a hundred at a time, of the rack's own clusters; of
//! neighbours' those that no service started.

use aws_sdk_ecs::types::{self, DesiredStatus, TaskField};
use futures_util::future::BoxFuture;

use super::{Binding, Container, Override, Task};
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, key, last, tag_map, text},
    },
    kind::{
        AsKind as _, Kind,
        service::aws::{left_out, live},
    },
    snapshot::Resource,
};

const LIST: Call = Call::new(Service::Ecs, "ListTasks");
const DESCRIBE: Call = Call::new(Service::Ecs, "DescribeTasks");
/// The most that DescribeTasks takes at once.
const BATCH: usize = 100;

pub const READING: Reading = Reading {
    calls: &[LIST, DESCRIBE],
    source: Source::InsideRack(Kind::Cluster, inside),
    deepen: None,
};

fn inside(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let clusters = live(clusters);
        aws.find_each(Kind::Task, clusters, |it| of_cluster(aws, it))
            .await
    })
}

/// Of the tasks in these clusters, those that no service started.
pub fn ask_for_lone(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let mut found = inside(aws, clusters).await;
        let lone = |it: &Task| it.service().is_none();
        found
            .resources
            .retain(|it| Task::of(&it.attrs).is_some_and(lone));
        found
    })
}

async fn of_cluster(aws: &Aws, cluster: Resource) -> Found {
    let mut found = Found::of(Kind::Task);
    let name = &cluster.id.key;
    let request = aws
        .ecs
        .list_tasks()
        .cluster(name)
        .desired_status(DesiredStatus::Running);
    let arns = request.into_paginator().items().send();
    let arns = found.collect(LIST, Some(&cluster.id), arns).await;
    let batches = arns.chunks(BATCH).map(<[String]>::to_vec);
    let answers = aws.each(batches, |batch| {
        aws.ecs
            .describe_tasks()
            .cluster(name)
            .set_tasks(Some(batch))
            .include(TaskField::Tags)
            .send()
    });
    for answer in answers.await {
        let Some(answer) = found.answer(DESCRIBE, Some(&cluster.id), answer) else {
            continue;
        };
        for task in answer.tasks.unwrap_or_default() {
            found.add(DESCRIBE, Some(&cluster.id), resource(name, task));
        }
        left_out(&mut found, DESCRIBE, Some(&cluster.id), answer.failures);
    }
    found
}

fn resource(cluster: &str, task: types::Task) -> Result<Resource, Missing> {
    let arn = task.task_arn.need("taskArn")?;
    let attachments = task.attachments.unwrap_or_default();
    let attributes = task.attributes.unwrap_or_default();
    let overrides = task.overrides;
    let attrs = Task {
        cluster: cluster.to_owned(),
        task_definition: key(task.task_definition_arn.need("taskDefinitionArn")?),
        group: task.group.unwrap_or_default(),
        started_by: text(task.started_by),
        last_status: task.last_status.need("lastStatus")?,
        desired_status: task.desired_status.unwrap_or_default(),
        health: task.health_status.map(|it| it.as_str().to_owned()),
        launch_type: text(task.launch_type.map(|it| it.as_str().to_owned())),
        capacity_provider: task.capacity_provider_name,
        platform_version: task.platform_version,
        platform_family: task.platform_family,
        architecture: attributes
            .into_iter()
            .find(|it| it.name == "ecs.cpu-architecture")
            .and_then(|it| it.value),
        zone: task.availability_zone,
        subnet: details(&attachments, "subnetId").into_iter().next(),
        cpu: number(task.cpu.as_deref()),
        memory: number(task.memory.as_deref()),
        ephemeral_storage: task
            .ephemeral_storage
            .map(|it| shape::count(Some(it.size_in_gib))),
        container_instance: task
            .container_instance_arn
            .map(|it| format!("{cluster}/{}", last(&it))),
        started: shape::time(task.started_at),
        containers: task
            .containers
            .unwrap_or_default()
            .into_iter()
            .map(container)
            .collect(),
        interfaces: details(&attachments, "networkInterfaceId"),
        volumes: details(&attachments, "volumeId"),
        task_role: overrides
            .as_ref()
            .and_then(|it| it.task_role_arn.clone())
            .map(key),
        execution_role: overrides
            .as_ref()
            .and_then(|it| it.execution_role_arn.clone())
            .map(key),
        overrides: overrides
            .and_then(|it| it.container_overrides)
            .unwrap_or_default()
            .into_iter()
            .map(overriding)
            .filter(|it| it.command || !it.environment.is_empty())
            .collect(),
        execute_command: task.enable_execute_command,
    };
    Ok(Resource::new(format!("{cluster}/{}", last(&arn)), attrs)
        .name(last(&arn).to_owned())
        .arn(arn)
        .created(shape::time(task.created_at))
        .tags(tag_map!(task.tags.unwrap_or_default())))
}

/// CPU units or MiB, where AWS writes them as a number.
pub fn number(told: Option<&str>) -> Option<u32> {
    told.and_then(|it| it.trim().parse().ok())
}

/// What the attachments that are still there say under that name.
fn details(attachments: &[types::Attachment], name: &str) -> Vec<String> {
    attachments
        .iter()
        .filter(|it| it.status() != Some("DELETED"))
        .flat_map(|it| it.details())
        .filter(|it| it.name() == Some(name))
        .filter_map(|it| it.value.clone())
        .collect()
}

fn container(it: types::Container) -> Container {
    let (ranges, single): (Vec<_>, Vec<_>) = it
        .network_bindings
        .unwrap_or_default()
        .into_iter()
        .partition(|it| it.container_port_range.is_some());
    let interfaces = it.network_interfaces.unwrap_or_default();
    Container {
        name: it.name.unwrap_or_default(),
        image: it.image.unwrap_or_default(),
        digest: it.image_digest,
        status: it.last_status.unwrap_or_default(),
        health: it.health_status.map(|it| it.as_str().to_owned()),
        exit_code: it.exit_code,
        bindings: single.into_iter().filter_map(binding).collect(),
        ranges: ranges.into_iter().map(range).collect(),
        private_ips: interfaces
            .into_iter()
            .flat_map(|it| [it.private_ipv4_address, it.ipv6_address])
            .flatten()
            .collect(),
    }
}

fn binding(it: types::NetworkBinding) -> Option<Binding> {
    Some(Binding {
        bind_ip: it.bind_ip.unwrap_or_default(),
        container_port: shape::port(it.container_port)?,
        host_port: shape::port(it.host_port)?,
        protocol: protocol(it.protocol),
    })
}

fn range(it: types::NetworkBinding) -> String {
    format!(
        "{}:{}/{}",
        it.container_port_range.unwrap_or_default(),
        it.host_port_range.unwrap_or_default(),
        protocol(it.protocol)
    )
}

/// AWS leaves the protocol out where it is TCP.
pub fn protocol(it: Option<types::TransportProtocol>) -> String {
    let it = it.unwrap_or(types::TransportProtocol::Tcp);
    it.as_str().to_owned()
}

fn overriding(it: types::ContainerOverride) -> Override {
    let environment = it.environment.unwrap_or_default();
    Override {
        container: it.name.unwrap_or_default(),
        environment: environment.into_iter().filter_map(|it| it.name).collect(),
        command: it.command.is_some_and(|it| !it.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::AsKind,
        snapshot::Reason,
        testing::{cluster, replay::Tape},
    };

    const ONE: &str = r#"{"taskArns":["arn:aws:ecs:us-east-1:1:task/prod/t1"]}"#;

    async fn read(task: &str) -> Found {
        let tape = Tape::default()
            .answer(200, ONE)
            .answer(200, format!(r#"{{"tasks":[{task}]}}"#));
        inside(&tape.aws(), vec![cluster("prod")]).await
    }

    fn first(found: &Found) -> &Task {
        Task::of(&found.resources[0].attrs).unwrap()
    }

    #[tokio::test]
    async fn a_hundred_and_one_tasks_are_described_by_two_calls() {
        let arns: Vec<String> = (0..101).map(|it| format!(r#""t{it}""#)).collect();
        let (page, rest) = arns.split_at(100);
        let tape = Tape::default()
            .answer(
                200,
                format!(r#"{{"taskArns":[{}],"nextToken":"t"}}"#, page.join(",")),
            )
            .answer(200, format!(r#"{{"taskArns":[{}]}}"#, rest.join(",")))
            .answer(200, r#"{"tasks":[]}"#)
            .answer(200, r#"{"tasks":[]}"#);
        inside(&tape.aws(), vec![cluster("prod")]).await;
        let asked = tape.asked();
        assert_eq!(asked.len(), 4);
        assert!(asked[3].contains(r#"["t100"]"#));
    }

    #[tokio::test]
    async fn of_a_neighbours_tasks_those_that_a_service_started_are_left_out() {
        let task = |id: &str, group: &str| {
            format!(
                r#"{{"taskArn":"{id}","group":"{group}","lastStatus":"RUNNING",
                "taskDefinitionArn":"web:3"}}"#
            )
        };
        let both = [task("t1", "service:web"), task("t2", "family:web")].join(",");
        let tape = Tape::default()
            .answer(200, ONE)
            .answer(200, format!(r#"{{"tasks":[{both}]}}"#));
        let found = ask_for_lone(&tape.aws(), vec![cluster("other")]).await;
        let keys = found.resources.iter().map(|it| it.id.key.as_str());
        assert_eq!(keys.collect::<Vec<_>>(), ["other/t2"]);
    }

    #[tokio::test]
    async fn a_bridged_container_tells_its_ports() {
        let found = read(
            r#"{"taskArn":"arn:aws:ecs:us-east-1:1:task/t1","lastStatus":"RUNNING",
            "taskDefinitionArn":"arn:aws:ecs:us-east-1:1:task-definition/web:3",
            "containerInstanceArn":"arn:aws:ecs:us-east-1:1:container-instance/c1",
            "group":"service:web","cpu":"256","memory":"0.5 GB",
            "containers":[{"name":"web","networkBindings":[
                {"bindIP":"0.0.0.0","containerPort":3000,"hostPort":32768,"protocol":"tcp"},
                {"containerPortRange":"8000-8001","hostPortRange":"49153-49154"}]}]}"#,
        )
        .await;
        let task = first(&found);
        // ARNs of the old form leave the cluster out.
        assert_eq!(found.resources[0].id.key, "prod/t1");
        assert_eq!(task.container_instance.as_deref(), Some("prod/c1"));
        assert_eq!((task.cpu, task.memory), (Some(256), None));
        let web = &task.containers[0];
        assert_eq!(web.bindings[0].host_port, 32768);
        assert_eq!(web.ranges, ["8000-8001:49153-49154/tcp"]);
    }

    #[tokio::test]
    async fn an_attached_interface_is_known_until_it_is_deleted() {
        let eni = |status: &str, id: &str| {
            format!(
                r#"{{"type":"ElasticNetworkInterface","status":"{status}","details":[
                {{"name":"networkInterfaceId","value":"{id}"}}]}}"#
            )
        };
        let found = read(&format!(
            r#"{{"taskArn":"t1","lastStatus":"RUNNING","taskDefinitionArn":"web:3",
            "attachments":[{},{}],"containers":[{{"networkInterfaces":[
                {{"privateIpv4Address":"10.0.1.7"}}]}}]}}"#,
            eni("DELETED", "eni-0"),
            eni("ATTACHED", "eni-1")
        ))
        .await;
        assert_eq!(first(&found).interfaces, ["eni-1"]);
        assert_eq!(first(&found).containers[0].private_ips, ["10.0.1.7"]);
    }

    #[tokio::test]
    async fn overrides_leave_names_and_no_values() {
        let found = read(
            r#"{"taskArn":"t1","lastStatus":"RUNNING","taskDefinitionArn":"web:3",
            "overrides":{"taskRoleArn":"arn:aws:iam::1:role/migrate","containerOverrides":[
                {"name":"web","command":["planted-secret-argument"],
                "environment":[{"name":"DATABASE_URL","value":"planted-secret-url"}]},
                {"name":"sidecar"}]}}"#,
        )
        .await;
        let task = first(&found);
        assert_eq!(task.overrides.len(), 1);
        assert_eq!(task.overrides[0].environment, ["DATABASE_URL"]);
        assert!(task.overrides[0].command);
        assert_eq!(task.task_role.as_deref(), Some("migrate"));
        assert!(!format!("{found:?}").contains("planted-secret"));
    }

    #[tokio::test]
    async fn a_task_without_a_status_is_a_gap_about_its_cluster() {
        let found = read(r#"{"taskArn":"t1","taskDefinitionArn":"web:3"}"#).await;
        assert!(found.resources.is_empty());
        assert_eq!(found.gaps[0].message, "the answer has no lastStatus");
        assert_eq!(found.gaps[0].reason, Reason::Malformed);
    }

    #[tokio::test]
    async fn a_refused_description_is_a_gap() {
        let tape = Tape::default()
            .answer(200, ONE)
            .answer(403, r#"{"__type":"AccessDeniedException"}"#);
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        assert_eq!(found.gaps[0].action, "ecs:DescribeTasks");
    }
}
