//! Reads container instances: ids by page, descriptions a hundred at a time.

use aws_sdk_ecs::types::{self, ContainerInstanceField};
use futures_util::future::BoxFuture;

use super::ContainerInstance;
use crate::{
    aws::{
        Aws, Call, Found, Service,
        found::{Missing, Need},
        read::{Reading, Source},
        shape::{self, count, last, tag_map},
    },
    kind::{
        Kind,
        service::aws::{left_out, live},
    },
    snapshot::Resource,
};

const LIST: Call = Call::new(Service::Ecs, "ListContainerInstances");
const DESCRIBE: Call = Call::new(Service::Ecs, "DescribeContainerInstances");
/// The most that DescribeContainerInstances takes at once.
const BATCH: usize = 100;

pub const READING: Reading = Reading {
    calls: &[LIST, DESCRIBE],
    source: Source::InsideRack(Kind::Cluster, inside),
    deepen: None,
};

fn inside(aws: &Aws, clusters: Vec<Resource>) -> BoxFuture<'_, Found> {
    Box::pin(async {
        let clusters = live(clusters);
        aws.find_each(Kind::ContainerInstance, clusters, |it| of_cluster(aws, it))
            .await
    })
}

async fn of_cluster(aws: &Aws, cluster: Resource) -> Found {
    let mut found = Found::of(Kind::ContainerInstance);
    let name = &cluster.id.key;
    let request = aws.ecs.list_container_instances().cluster(name);
    let arns = request.into_paginator().items().send();
    let arns = found.collect(LIST, Some(&cluster.id), arns).await;
    let batches = arns.chunks(BATCH).map(<[String]>::to_vec);
    let answers = aws.each(batches, |batch| {
        aws.ecs
            .describe_container_instances()
            .cluster(name)
            .set_container_instances(Some(batch))
            .include(ContainerInstanceField::Tags)
            .send()
    });
    for answer in answers.await {
        let Some(answer) = found.answer(DESCRIBE, Some(&cluster.id), answer) else {
            continue;
        };
        for instance in answer.container_instances.unwrap_or_default() {
            found.add(DESCRIBE, Some(&cluster.id), resource(name, instance));
        }
        left_out(&mut found, DESCRIBE, Some(&cluster.id), answer.failures);
    }
    found
}

fn resource(cluster: &str, instance: types::ContainerInstance) -> Result<Resource, Missing> {
    let arn = instance
        .container_instance_arn
        .need("containerInstanceArn")?;
    let registered = instance.registered_resources.unwrap_or_default();
    let remaining = instance.remaining_resources.unwrap_or_default();
    let attributes = instance.attributes.unwrap_or_default();
    let attribute = |name: &str| {
        let found = attributes.iter().find(|it| it.name == name);
        found.and_then(|it| it.value.clone())
    };
    let registered_at = shape::time(instance.registered_at);
    let (agent, docker) = instance
        .version_info
        .map(|it| (it.agent_version, it.docker_version))
        .unwrap_or_default();
    let attrs = ContainerInstance {
        cluster: cluster.to_owned(),
        instance: instance.ec2_instance_id,
        status: instance.status.need("status")?,
        status_reason: instance.status_reason,
        agent_connected: instance.agent_connected,
        agent_version: agent,
        docker_version: docker,
        running_tasks: count(Some(instance.running_tasks_count)),
        pending_tasks: count(Some(instance.pending_tasks_count)),
        registered_cpu: amount(&registered, "CPU"),
        remaining_cpu: amount(&remaining, "CPU"),
        registered_memory: amount(&registered, "MEMORY"),
        remaining_memory: amount(&remaining, "MEMORY"),
        registered: registered_at,
        capacity_provider: instance.capacity_provider_name,
        zone: attribute("ecs.availability-zone"),
        instance_type: attribute("ecs.instance-type"),
        ami: attribute("ecs.ami-id"),
    };
    Ok(Resource::new(format!("{cluster}/{}", last(&arn)), attrs)
        .name(last(&arn).to_owned())
        .arn(arn)
        .created(registered_at)
        .tags(tag_map!(instance.tags.unwrap_or_default())))
}

/// How much of a resource there is; a resource that is not told of is not there.
fn amount(resources: &[types::Resource], name: &str) -> u32 {
    let found = resources.iter().find(|it| it.name() == Some(name));
    count(found.map(|it| it.integer_value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::AsKind,
        testing::{cluster, replay::Tape},
    };

    const ONE: &str =
        r#"{"containerInstanceArns":["arn:aws:ecs:us-east-1:1:container-instance/prod/c1"]}"#;

    #[tokio::test]
    async fn a_machine_tells_what_it_has_and_what_is_left() {
        let tape = Tape::default().answer(200, ONE).answer(
            200,
            r#"{"containerInstances":[{
                "containerInstanceArn":"arn:aws:ecs:us-east-1:1:container-instance/prod/c1",
                "ec2InstanceId":"i-1","status":"ACTIVE","agentConnected":true,
                "versionInfo":{"agentVersion":"1.79.0"},
                "registeredResources":[{"name":"CPU","type":"INTEGER","integerValue":2048},
                    {"name":"MEMORY","type":"INTEGER","integerValue":3885},
                    {"name":"PORTS","type":"STRINGSET","stringSetValue":["22"]}],
                "remainingResources":[{"name":"CPU","type":"INTEGER","integerValue":512}],
                "attributes":[{"name":"ecs.availability-zone","value":"us-east-1a"}]}]}"#,
        );
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        let it = ContainerInstance::of(&found.resources[0].attrs).unwrap();
        assert_eq!(found.resources[0].id.key, "prod/c1");
        assert_eq!((it.registered_cpu, it.remaining_cpu), (2048, 512));
        assert_eq!(it.registered_memory, 3885);
        assert_eq!(it.zone.as_deref(), Some("us-east-1a"));
        assert!(it.agent_connected);
    }

    #[tokio::test]
    async fn a_refused_listing_is_a_gap_about_the_cluster() {
        let tape = Tape::default().answer(403, r#"{"__type":"AccessDeniedException"}"#);
        let found = inside(&tape.aws(), vec![cluster("prod")]).await;
        assert_eq!(found.gaps[0].call, "ecs:ListContainerInstances");
        let about = found.gaps[0].resource.as_ref().unwrap();
        assert_eq!(about.to_string(), "cluster/prod");
    }
}
