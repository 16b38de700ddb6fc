"""ECS: clusters go empty, services drain, tasks stop slowly, capacity providers fail to go with status 200."""

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend, applicationautoscaling_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, ecs_backends
from moto.iam.models import iam_backends

from slips.patch import around
from strict.later import after
from strict.patches import patch, under_the_slips
from strict.rules import Refused, refuses

TASKS = (
    "ecs:DescribeTasks",
    "ecs:ListTasks",
    "ecs:DescribeServices",
    "ecs:DescribeClusters",
    "ecs:DescribeContainerInstances",
)
OF_AWS = ("FARGATE", "FARGATE_SPOT")


def last(name: str | None) -> str:
    return (name or "default").split("/")[-1]


def services(ecs, cluster: str) -> list:
    return [it for it in ecs.services.values() if it.cluster_name == cluster and it.status != "INACTIVE"]


def tasks(ecs, cluster: str) -> list:
    return [it for it in ecs.tasks.get(cluster, {}).values() if it.last_status != "STOPPED"]


def disconnect(instance: str) -> dict:
    """Makes the agent of a machine fall silent; it is how a container instance survives its machine."""
    ecs = ecs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
    for members in ecs.container_instances.values():
        for member in members.values():
            if member.ec2_instance_id == instance:
                member.agent_connected = False
                return {"containerInstance": member.container_instance_arn}
    raise ValueError(f"{instance} is in no cluster")


@refuses("ecs:DeleteCluster")
def clusters_go_empty(call) -> None:
    """A cluster goes when no service of it is active or draining, no task runs and no machine is registered."""
    ecs, name = call.backend("ecs"), last(call["cluster"])
    if name not in ecs.clusters:
        return
    if services(ecs, name):
        raise Refused(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    if tasks(ecs, name):
        raise Refused("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    if ecs.container_instances.get(name):
        raise Refused(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    is_settled(ecs.clusters[name])


def is_settled(cluster) -> None:
    if getattr(cluster, "attachments_status", None) == "UPDATE_IN_PROGRESS":
        raise Refused(
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED "
            "state before they can be updated.",
        )


@refuses("ecs:PutClusterCapacityProviders")
def providers_leave_clusters_unused(call) -> None:
    """A capacity provider leaves a cluster when no service and no task of it uses it."""
    ecs, name = call.backend("ecs"), last(call["cluster"])
    if name not in ecs.clusters:
        return
    is_settled(ecs.clusters[name])
    leaving = set(ecs.clusters[name].capacity_providers or []) - set(call["capacityProviders"] or [])
    strategies = [getattr(service, "capacity_provider_strategy", None) or [] for service in services(ecs, name)]
    used = {it["capacityProvider"] for strategy in strategies for it in strategy}
    used |= {task.capacity_provider_name for task in tasks(ecs, name)}
    if leaving & used:
        raise Refused(
            "ResourceInUseException", "The specified capacity provider is in use and cannot be removed."
        )


@refuses("ecs:DeleteCapacityProvider")
def known_providers_are_deleted(call) -> None:
    """The capacity providers of AWS stay, and of one that never was AWS says so; moto breaks."""
    name = last(call["capacityProvider"])
    if name in OF_AWS:
        raise Refused("ClientException", "The specified capacity provider is reserved and cannot be deleted.")
    if name not in call.backend("ecs").capacity_providers:
        raise Refused("ClientException", "The specified capacity provider was not found.")


@refuses("ecs:StopTask")
def known_tasks_are_stopped(call) -> None:
    """Of a task that is not there AWS says so; moto breaks."""
    found = call.backend("ecs").tasks.get(last(call["cluster"]), {})
    if not any(last(arn) == last(call["task"]) for arn in found):
        raise Refused("InvalidParameterException", "The referenced task was not found.")


@refuses("ecs:DeregisterContainerInstance")
def known_machines_are_deregistered(call) -> None:
    """Of a container instance that is not there AWS says so; moto breaks."""
    if last(call["containerInstance"]) not in call.backend("ecs").container_instances.get(last(call["cluster"]), {}):
        raise Refused("InvalidParameterException", "The referenced container instance was not found.")


@under_the_slips
def tasks_take_their_time() -> None:
    """A task that is to stop deactivates first, and has its interface until it has stopped; moto's stops at once."""

    @around(EC2ContainerServiceBackend, "stop_task")
    def stop(stop_task, ecs, cluster, name, reason):
        known = ecs.tasks.get(last(cluster), {})
        for arn, task in known.items():
            if last(arn) == last(name) and task.desired_status == "STOPPED":
                return task
        task = stop_task(ecs, cluster, name, reason)
        interface = task.__dict__.pop("interface", None)
        task.last_status = "DEACTIVATING"

        def stopped():
            task.last_status = "STOPPED"
            if interface:
                interface.delete()
                for attachment in task.attachments:
                    attachment["status"] = "DELETED"

        after(2, TASKS + ("ec2:DescribeNetworkInterfaces",), stopped)
        return task


@patch
def services_drain() -> None:
    """A deleted service drains until its last task has stopped, unlisted but in its cluster; moto's is gone at once."""

    @around(EC2ContainerServiceBackend, "delete_service")
    def delete(delete_service, ecs, cluster, name, force):
        service = delete_service(ecs, cluster, name, force)
        service.desired_count = 0
        service.status = "DRAINING"

        def drained():
            if lost_its_role(service):
                # What its tasks held can never be given back, and nothing but the role of that name helps.
                after(1, ("ecs:DescribeServices",), drained)
                return
            busy = [it for it in tasks(ecs, service.cluster_name) if it.group == f"service:{service.name}"]
            if busy:
                after(1, ("ecs:DescribeServices",), drained)
            else:
                service.status = "INACTIVE"

        after(3, ("ecs:DescribeServices",), drained)
        return service

    @around(EC2ContainerServiceBackend, "list_services")
    def list_services(list_all, ecs, *args, **options):
        draining = {service.arn for service in ecs.services.values() if service.status == "DRAINING"}
        return [arn for arn in list_all(ecs, *args, **options) if arn not in draining]


def lost_its_role(service) -> bool:
    name = last(service.role_arn) if service.role_arn else ""
    roles = iam_backends[service._account_id]["aws"].roles.values()
    return bool(name) and not name.startswith("AWSServiceRoleFor") and all(role.name != name for role in roles)


@patch
def scaled_services_come_back() -> None:
    """A service with a scalable target is given back its least number of tasks when somebody takes them away."""

    @around(EC2ContainerServiceBackend, "update_service")
    def update(update_service, ecs, properties):
        service = update_service(ecs, properties)
        scaling = applicationautoscaling_backends[ecs.account_id][ecs.region_name]

        def scale():
            targets = scaling.targets.get("ecs:service:DesiredCount", {})
            target = targets.get(f"service/{service.cluster_name}/{service.name}")
            least = target.min_capacity or 0 if target else 0
            if service.status == "ACTIVE" and service.desired_count < least:
                update_service(ecs, {"cluster": service.cluster_name, "service": service.name, "desired_count": least})

        after(2, ("ecs:DescribeServices",), scale)
        return service


@refuses("application-autoscaling:DeregisterScalableTarget")
def known_targets_are_deregistered(call) -> None:
    """Of a scalable target that is not there AWS says so; moto has another code."""
    known = call.backend("applicationautoscaling").targets.get(call["ScalableDimension"], {})
    if call["ResourceId"] not in known:
        raise Refused(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {call['ServiceNamespace']}, resource ID: "
            f"{call['ResourceId']}, scalable dimension: {call['ScalableDimension']}",
        )


@patch
def targets_take_their_policies_along() -> None:
    """The scaling policies of a target go with it; moto's stay."""

    @around(ApplicationAutoscalingBackend, "deregister_scalable_target")
    def deregister(end, scaling, namespace, resource, dimension):
        end(scaling, namespace, resource, dimension)
        for policy in list(scaling.policies.values()):
            if (policy.resource_id, policy.scalable_dimension) == (resource, dimension):
                scaling.delete_scaling_policy(policy.policy_name, namespace, resource, dimension)


@refuses("ecs:DeleteService", "ecs:UpdateService")
def services_that_go_are_left_alone(call) -> None:
    """A service that drains or has drained is not active any more."""
    name = f"{last(call['cluster'])}:{last(call['service'])}"
    service = call.backend("ecs").services.get(name)
    if service and service.status != "ACTIVE" and call.action == "UpdateService":
        raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
    if service and service.status == "INACTIVE":
        raise Refused("ServiceNotFoundException", "Service not found.")


@patch
def clusters_take_their_time_with_providers() -> None:
    """A cluster is busy for a while when its capacity providers change; moto's never."""

    @around(EC2ContainerServiceBackend, "put_cluster_capacity_providers")
    def put(put_providers, ecs, name, *args, **options):
        before = list(ecs._get_cluster(name).capacity_providers or [])
        cluster = put_providers(ecs, name, *args, **options)
        if cluster.capacity_providers != before:
            cluster.attachments_status = "UPDATE_IN_PROGRESS"
            after(2, ("ecs:DescribeClusters",), lambda: setattr(cluster, "attachments_status", "UPDATE_COMPLETE"))
        return cluster

    Cluster.attachments_status = None


@patch
def providers_fail_to_go_with_status_200() -> None:
    """The deletion of a capacity provider that a cluster has is taken, and fails; another one takes a while."""

    @around(EC2ContainerServiceBackend, "delete_capacity_provider")
    def delete(end, ecs, name):
        provider = ecs._get_provider(name)
        holders = [it for it in ecs.clusters.values() if provider.name in (it.capacity_providers or [])]
        holders = [it.name for it in holders if it.status != "INACTIVE"]
        if holders:
            provider.update_status = "DELETE_FAILED"
            provider.update_status_reason = f"The capacity provider is associated with the cluster {holders[0]}."
            return provider
        provider.update_status = "DELETE_IN_PROGRESS"
        provider.update_status_reason = None
        after(2, ("ecs:DescribeCapacityProviders",), lambda: ecs.capacity_providers.pop(provider.name, None))
        return provider
