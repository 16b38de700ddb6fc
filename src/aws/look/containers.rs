//! Looks at what ECS runs, and what scales it.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_ecs::types::DesiredStatus;

use super::{Look, Seen, There, told};
use crate::{
    aws::{Aws, refusal::Refusal, shape},
    text,
};

const NO_CLUSTER: &str = "ClusterNotFoundException";

pub(super) async fn cluster(aws: &Aws, name: &str) -> Look {
    let told = told(
        aws.ecs.describe_clusters().clusters(name).send().await,
        &[NO_CLUSTER],
    )?;
    let cluster = told.and_then(|it| it.clusters?.into_iter().next());
    let status = cluster.and_then(|it| it.status);
    Ok(match status.as_deref() {
        // AWS describes an inactive one for a while.
        None | Some("INACTIVE") => Seen::Gone,
        Some("DEPROVISIONING") => Seen::Going("the cluster is being deleted".to_owned()),
        other => There::default().state(other).into(),
    })
}

pub(super) async fn service(aws: &Aws, key: &str) -> Look {
    let (cluster, name) = halves(key);
    let request = aws.ecs.describe_services().cluster(cluster).services(name);
    let Some(told) = told(request.send().await, &[NO_CLUSTER])? else {
        return Ok(Seen::Gone);
    };
    let Some(it) = told.services.unwrap_or_default().into_iter().next() else {
        return Ok(Seen::Gone);
    };
    Ok(match it.status.as_deref() {
        Some("DRAINING") => Seen::Going(format!(
            "the service is draining, {} left",
            text::count(
                usize::try_from(it.running_count).unwrap_or_default(),
                "task"
            )
        )),
        // It is not listed among the running ones any more while its tasks still stop.
        Some("INACTIVE") | None => match tasks(aws, cluster, Some(name)).await? {
            0 => Seen::Gone,
            it => Seen::Going(format!(
                "{} of the service still stop",
                text::count(it, "task")
            )),
        },
        other => There::made(shape::time(it.created_at)).state(other).into(),
    })
}

/// How many tasks of a cluster, or of one service of it, have not stopped.
///
/// # Errors
/// When AWS does not tell.
pub async fn tasks(aws: &Aws, cluster: &str, service: Option<&str>) -> Result<usize, Refusal> {
    let mut arns = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let request = aws.ecs.list_tasks().cluster(cluster).desired_status(status);
        let mut pages = request.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            match told(item, &[NO_CLUSTER])? {
                Some(arn) => arns.push(arn),
                None => return Ok(0),
            }
        }
    }
    let group = service.map(|it| format!("service:{it}"));
    let mut left = 0;
    for batch in arns.chunks(100) {
        let request = aws.ecs.describe_tasks().cluster(cluster);
        let answer = request.set_tasks(Some(batch.to_vec())).send().await;
        let tasks = told(answer, &[NO_CLUSTER])?.and_then(|it| it.tasks);
        left += tasks
            .unwrap_or_default()
            .iter()
            .filter(|it| {
                group
                    .as_deref()
                    .is_none_or(|group| it.group() == Some(group))
            })
            .filter(|it| it.last_status() != Some("STOPPED"))
            .count();
    }
    Ok(left)
}

pub(super) async fn task(aws: &Aws, key: &str) -> Look {
    let (cluster, id) = halves(key);
    let request = aws.ecs.describe_tasks().cluster(cluster).tasks(id);
    let told = told(request.send().await, &[NO_CLUSTER])?;
    let task = told.and_then(|it| it.tasks?.into_iter().next());
    Ok(match task {
        None => Seen::Gone,
        Some(it) if it.last_status() == Some("STOPPED") => Seen::Gone,
        Some(it) if it.desired_status() == Some("STOPPED") => {
            let status = it.last_status.unwrap_or_default();
            Seen::Going(format!("the task is stopping ({status})"))
        }
        Some(it) => There::made(shape::time(it.created_at))
            .state(it.last_status)
            .into(),
    })
}

pub(super) async fn task_definition(aws: &Aws, key: &str) -> Look {
    let request = aws.ecs.describe_task_definition().task_definition(key);
    let told = match told(request.send().await, &[]) {
        // ECS has no code of its own for a revision that was deleted.
        Err(it)
            if it.code == "ClientException"
                && it.message.contains("Unable to describe task definition") =>
        {
            None
        }
        other => other?,
    };
    let Some(it) = told.and_then(|it| it.task_definition) else {
        return Ok(Seen::Gone);
    };
    Ok(match it.status.as_ref().map(|it| it.as_str()) {
        // Nothing can be started from it any more; deleted ones go when nothing runs of them.
        Some("INACTIVE" | "DELETE_IN_PROGRESS") => Seen::Gone,
        other => There::made(shape::time(it.registered_at))
            .state(other)
            .into(),
    })
}

pub(super) async fn container_instance(aws: &Aws, key: &str) -> Look {
    let (cluster, id) = halves(key);
    let request = aws.ecs.describe_container_instances().cluster(cluster);
    let answer = request.container_instances(id).send().await;
    let told = told(answer, &[NO_CLUSTER])?;
    let found = told.and_then(|it| it.container_instances?.into_iter().next());
    Ok(match found {
        None => Seen::Gone,
        Some(it) => match it.status.as_deref() {
            Some("INACTIVE") => Seen::Gone,
            Some("DEREGISTERING") => {
                Seen::Going("the container instance is leaving the cluster".to_owned())
            }
            _ => There::made(shape::time(it.registered_at))
                .state(it.status)
                .into(),
        },
    })
}

pub(super) async fn capacity_provider(aws: &Aws, name: &str) -> Look {
    let request = aws.ecs.describe_capacity_providers();
    let answer = request.capacity_providers(name).send().await;
    let told = told(answer, &[])?;
    let Some(it) = told.and_then(|it| it.capacity_providers?.into_iter().next()) else {
        return Ok(Seen::Gone);
    };
    if it
        .status
        .as_ref()
        .is_some_and(|it| it.as_str() == "INACTIVE")
    {
        return Ok(Seen::Gone);
    }
    let update = it.update_status.as_ref().map(|it| it.as_str());
    Ok(match update {
        Some("DELETE_COMPLETE") => Seen::Gone,
        Some("DELETE_IN_PROGRESS") => {
            Seen::Going("the capacity provider is being deleted".to_owned())
        }
        // AWS answers that it deletes, and says only here that it could not.
        Some("DELETE_FAILED") => There {
            stuck: Some(it.update_status_reason.unwrap_or_else(|| {
                "the capacity provider is in use and could not be deleted".to_owned()
            })),
            ..There::default()
        }
        .into(),
        _ => There::default()
            .state(it.status.map(|it| it.as_str().to_owned()))
            .into(),
    })
}

/// `namespace/resource-id/dimension`, where the resource id has slashes of its own.
pub(super) async fn scalable_target(aws: &Aws, key: &str) -> Look {
    let Some((namespace, resource, dimension)) = scalable(key) else {
        return Err(Refusal::new(
            crate::aws::refusal::Class::Never,
            "NotAsked",
            format!("`{key}` names no scalable target"),
        ));
    };
    let request = aws.application_autoscaling.describe_scalable_targets();
    let answer = request
        .service_namespace(namespace)
        .resource_ids(resource)
        .scalable_dimension(dimension)
        .send()
        .await;
    let told = told(answer, &["ObjectNotFoundException"])?;
    let found = told.and_then(|it| it.scalable_targets?.into_iter().next());
    Ok(found.map_or(Seen::Gone, |it| {
        There::made(shape::time(Some(it.creation_time))).into()
    }))
}

/// A scalable target's three names.
pub fn scalable(key: &str) -> Option<(ServiceNamespace, &str, ScalableDimension)> {
    let (namespace, rest) = key.split_once('/')?;
    let (resource, dimension) = rest.rsplit_once('/')?;
    Some((namespace.into(), resource, dimension.into()))
}

/// `cluster/name`.
pub fn halves(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("default", key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::replay::Tape;

    #[tokio::test]
    async fn a_capacity_provider_that_could_not_be_deleted_says_why() {
        let failed = r#"{"capacityProviders":[{"name":"cp","status":"ACTIVE","updateStatus":"DELETE_FAILED","updateStatusReason":"it is in use"}]}"#;
        let tape = Tape::default().answer(200, failed);
        let Seen::There(there) = capacity_provider(&tape.aws(), "cp").await.unwrap() else {
            panic!("it is there")
        };
        assert_eq!(there.stuck.as_deref(), Some("it is in use"));
    }

    #[tokio::test]
    async fn a_service_whose_tasks_still_stop_is_not_gone() {
        let inactive = r#"{"services":[{"serviceName":"web","status":"INACTIVE"}]}"#;
        let none = r#"{"taskArns":[]}"#;
        let one = r#"{"taskArns":["arn:aws:ecs:us-east-1:1:task/c/1"]}"#;
        let stopping = r#"{"tasks":[{"group":"service:web","lastStatus":"STOPPING"}]}"#;
        let tape = Tape::default().answer(200, inactive).answer(200, none);
        let tape = tape.answer(200, one).answer(200, stopping);
        let seen = service(&tape.aws(), "c/web").await.unwrap();
        assert_eq!(
            seen,
            Seen::Going("1 task of the service still stop".to_owned())
        );
    }

    #[tokio::test]
    async fn an_inactive_cluster_is_gone_although_it_is_described() {
        let inactive = r#"{"clusters":[{"clusterName":"c","status":"INACTIVE"}]}"#;
        let tape = Tape::default().answer(200, inactive);
        assert_eq!(cluster(&tape.aws(), "c").await, Ok(Seen::Gone));
    }

    #[test]
    fn a_scalable_target_has_three_names_with_slashes_among_them() {
        let (namespace, resource, dimension) =
            scalable("ecs/service/prod/web/ecs:service:DesiredCount").unwrap();
        assert_eq!(namespace.as_str(), "ecs");
        assert_eq!(resource, "service/prod/web");
        assert_eq!(dimension.as_str(), "ecs:service:DesiredCount");
    }
}
