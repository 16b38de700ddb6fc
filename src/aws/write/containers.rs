//! Stops what ECS runs and takes its places away.

use aws_sdk_ecs::types::ContainerInstanceStatus;

use super::{asked, done, not_done};
use crate::{
    aws::{
        Aws,
        look::{halves, scalable},
        refusal::{Class, Refusal},
    },
    teardown::plan::Act,
};

const NO_CLUSTER: &str = "ClusterNotFoundException";
const NO_SERVICE: &[&str] = &[
    NO_CLUSTER,
    "ServiceNotFoundException",
    "ServiceNotActiveException",
];

pub(super) async fn deregister_target(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let Some((namespace, resource, dimension)) = scalable(key) else {
        let message = format!("`{key}` names no scalable target");
        return Err(Refusal::new(Class::Never, "NotAsked", message));
    };
    let request = aws.application_autoscaling.deregister_scalable_target();
    let request = request.service_namespace(namespace).resource_id(resource);
    let answer = request.scalable_dimension(dimension).send().await;
    done(answer, &["ObjectNotFoundException"])
}

pub(super) async fn scale_to_zero(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (cluster, service) = halves(key);
    let request = aws.ecs.update_service().cluster(cluster).service(service);
    done(request.desired_count(0).send().await, NO_SERVICE)
}

/// By force where the plan says so, as for a daemon, which has no count to bring down.
pub(super) async fn delete_service(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let (cluster, service) = halves(&act.on.key);
    let force = act.with.get("force").is_some_and(|it| it == "true");
    let request = aws.ecs.delete_service().cluster(cluster).service(service);
    done(request.force(force).send().await, NO_SERVICE)
}

pub(super) async fn stop_task(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (cluster, task) = halves(key);
    let request = aws.ecs.stop_task().cluster(cluster).task(task);
    let request = request.reason("racklens: teardown of the rack");
    let done = done(request.send().await, &[NO_CLUSTER]);
    done.map_err(|it| {
        if it.code == "InvalidParameterException" && it.message.contains("was not found") {
            return Refusal {
                class: Class::Already,
                ..it
            };
        }
        it
    })
}

pub(super) async fn drain_instance(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let (cluster, instance) = halves(key);
    let request = aws.ecs.update_container_instances_state().cluster(cluster);
    let request = request.container_instances(instance);
    let answer = request.status(ContainerInstanceStatus::Draining).send();
    let answer = asked(answer.await, &[NO_CLUSTER])?;
    match answer.failures.unwrap_or_default().into_iter().next() {
        Some(it) if it.reason() != Some("MISSING") && it.reason() != Some("INACTIVE") => {
            Err(not_done(it.reason(), it.detail(), false))
        }
        _ => Ok(()),
    }
}

pub(super) async fn deregister_instance(aws: &Aws, act: &Act) -> Result<(), Refusal> {
    let (cluster, instance) = halves(&act.on.key);
    let force = act.with.get("force").is_some_and(|it| it == "true");
    let request = aws.ecs.deregister_container_instance().cluster(cluster);
    let request = request.container_instance(instance).force(force);
    done(request.send().await, &[NO_CLUSTER])
}

/// Takes all capacity providers from a cluster, so that they can go.
pub(super) async fn clear_providers(aws: &Aws, cluster: &str) -> Result<(), Refusal> {
    let request = aws.ecs.put_cluster_capacity_providers().cluster(cluster);
    let request = request.set_capacity_providers(Some(Vec::new()));
    let request = request.set_default_capacity_provider_strategy(Some(Vec::new()));
    done(request.send().await, &[NO_CLUSTER])
}

pub(super) async fn delete_provider(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let request = aws.ecs.delete_capacity_provider();
    let done = done(request.capacity_provider(name).send().await, &[]);
    done.map_err(|it| {
        if it.message.contains("does not exist") || it.message.contains("not found") {
            return Refusal {
                class: Class::Already,
                ..it
            };
        }
        it
    })
}

pub(super) async fn delete_cluster(aws: &Aws, name: &str) -> Result<(), Refusal> {
    let answer = aws.ecs.delete_cluster().cluster(name).send().await;
    done(answer, &[NO_CLUSTER])
}

pub(super) async fn deregister_definition(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let request = aws.ecs.deregister_task_definition().task_definition(key);
    done(request.send().await, &[])
}

/// Deletes an inactive revision; AWS answers 200 for one that it does not delete.
pub(super) async fn delete_definition(aws: &Aws, key: &str) -> Result<(), Refusal> {
    let request = aws.ecs.delete_task_definitions().task_definitions(key);
    let answer = asked(request.send().await, &[])?;
    match answer.failures.unwrap_or_default().into_iter().next() {
        Some(it) if it.reason() != Some("MISSING") => {
            Err(not_done(it.reason(), it.detail(), false))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{aws::write, testing::replay::Tape};

    #[tokio::test]
    async fn a_revision_that_was_not_deleted_is_an_error_although_the_answer_is_200() {
        let failed = r#"{"taskDefinitions":[],"failures":[{"arn":"web:1","reason":"ACTIVE","detail":"deregister it first"}]}"#;
        let tape = Tape::default().answer(200, failed);
        let aws = write::clients(&tape.aws(), "us-east-1");
        let refusal = delete_definition(&aws, "web:1").await.unwrap_err();
        assert_eq!(refusal.to_string(), "ACTIVE: deregister it first");
    }
}
