"""Slips of ECS: what it tells of clusters, services and tasks, and the agent on its instances."""

import base64
import contextvars
import inspect
import itertools
import re
import sys

from moto.autoscaling.models import autoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance
from moto.ecs.models import Cluster, ContainerInstance, EC2ContainerServiceBackend, Service, Task, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api import state_manager
from moto.moto_api._internal import mock_random

from slips.patch import around, computed, slip


def running(ecs, cluster_name: str) -> list[Task]:
    return [task for task in ecs.tasks.get(cluster_name, {}).values() if task.last_status == "RUNNING"]


def on(instance_arn: str, tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if task.container_instance_arn == instance_arn]


def of(service: Service, tasks: list[Task]) -> list[Task]:
    return [task for task in tasks if task.group == f"service:{service.name}"]


def bindings(tasks: list[Task]) -> list[dict]:
    return [binding for task in tasks for container in task.containers for binding in container["networkBindings"]]


# The request to make a service that is being answered.
ASKED = contextvars.ContextVar("asked", default=None)


def asked(name: str):
    """What the request to make a service says under that name; nothing where a template makes it."""
    request = ASKED.get()
    return request and request._get_param(name)


@slip
def instances_join_their_cluster() -> None:
    """The ECS agent of an instance registers it with the cluster its user data names, and it leaves when it is
    terminated; moto runs no agent."""

    @around(EC2Backend, "run_instances")
    def launch(run_instances, ec2, *args, **options):
        reservation = run_instances(ec2, *args, **options)
        ecs = ecs_backends[ec2.account_id][ec2.region_name]
        for instance in reservation.instances:
            named = re.search(r"ECS_CLUSTER=(\S+)", base64.b64decode(str(instance.user_data or "")).decode())
            if named and named[1] in ecs.clusters:
                ecs.register_container_instance(named[1], instance.id)
        return reservation

    @around(Instance, "terminate")
    def terminate(terminate_instance, instance):
        state = terminate_instance(instance)
        ecs = ecs_backends[instance.owner_id][instance.region_name]
        for cluster, members in list(ecs.container_instances.items()):
            for member in list(members.values()):
                if member.ec2_instance_id == instance.id and cluster in ecs.clusters:
                    ecs.deregister_container_instance(cluster, member.id, force=True)
        return state


@slip
def instances_offer_what_their_type_has() -> None:
    """A container instance registers the processors and the memory of its type; moto those of one larger type."""

    @around(ContainerInstance, "__init__")
    def register(init, instance, *args, **options):
        init(instance, *args, **options)
        kind = INSTANCE_TYPES[instance.attributes["ecs.instance-type"]]
        # The kernel keeps some 2.7 % of the memory: a t2.small offers 1993 of its 2048 MiB.
        offered = {
            "CPU": 1024 * kind["VCpuInfo"]["DefaultVCpus"],
            "MEMORY": int(kind["MemoryInfo"]["SizeInMiB"] * 0.9735),
        }
        for resource in instance.registered_resources + instance.remaining_resources:
            resource["integerValue"] = offered.get(resource["name"], 0)
        instance.version_info = {
            "agentVersion": "1.17.3",
            "agentHash": "0f0f4ac",
            "dockerVersion": "DockerVersion: 17.12.1-ce",
        }


@slip
def clusters_count_what_they_hold() -> None:
    """A cluster, a container instance and a service count what is there; in moto the counts drift or stay 0."""

    def home(cluster):
        return ecs_backends[cluster.arn.split(":")[4]][cluster.region_name]

    def active(cluster):
        services = home(cluster).services.values()
        return sum(service.cluster_name == cluster.name and service.status == "ACTIVE" for service in services)

    def registered(cluster):
        return len(home(cluster).container_instances.get(cluster.name, {}))

    def running_on(instance):
        return len(on(instance.container_instance_arn, running(instance._backend, instance.cluster_name)))

    def running_for(service):
        return len(of(service, running(service._backend, service.cluster_name)))

    def pending_for(service):
        return max(service.desired_count - service.running_count, 0) if service.status == "ACTIVE" else 0

    computed(Cluster, "active_services_count", active)
    computed(Cluster, "registered_container_instances_count", registered)
    computed(Cluster, "running_tasks_count", lambda cluster: len(running(home(cluster), cluster.name)))
    computed(Cluster, "pending_tasks_count", lambda cluster: 0)
    computed(ContainerInstance, "running_tasks_count", running_on)
    computed(Service, "running_count", running_for)
    computed(Service, "pending_count", pending_for)


@slip
def arns_stay_as_they_were_given() -> None:
    """What was made before an account went over to long ARNs keeps its short one, and what is made after has an id of
    32 digits; moto makes every ARN anew whenever it is asked, and every id a UUID."""

    def keep(model, attribute):
        make_arn = getattr(model, attribute).fget
        setattr(model, attribute, property(lambda it: it.__dict__.get("given_arn") or make_arn(it)))

        @around(model, "__init__")
        def make(init, it, *args, **options):
            init(it, *args, **options)
            if model is not Service and it.cluster_name in make_arn(it).split("/"):
                it.id = it.id.replace("-", "")
            it.given_arn = make_arn(it)

    keep(ContainerInstance, "container_instance_arn")
    keep(Service, "arn")
    keep(Task, "task_arn")


@slip
def tasks_say_what_runs_in_them() -> None:
    """A task shows all its containers with the ports they are reached at, those Docker chose counting up from
    32768; moto shows the first container, without ports and with the ARN of the task definition."""

    def container(task, definition, taken):
        # The long form of an ARN names the cluster and the task too.
        within = f"{task.cluster_name}/{task.id}/" if f"/{task.cluster_name}/" in task.task_arn else ""
        ports = []
        for mapping in definition["portMappings"]:
            host_port = mapping.get("hostPort") or next(port for port in itertools.count(32768) if port not in taken)
            taken.add(host_port)
            reached_at = {"bindIP": "0.0.0.0", "containerPort": mapping["containerPort"], "hostPort": host_port}
            ports.append(reached_at | {"protocol": mapping.get("protocol", "tcp")})
        return {
            "containerArn": re.sub(":task/.*", f":container/{within}{mock_random.uuid4()}", task.task_arn),
            "taskArn": task.task_arn,
            "name": definition["name"],
            "image": definition["image"],
            "lastStatus": "RUNNING",
            "networkBindings": ports,
            "networkInterfaces": [],
            "healthStatus": "HEALTHY" if "healthCheck" in definition else "UNKNOWN",
            "cpu": str(definition["cpu"]),
            "memory": str(definition.get("memory", "")),
        }

    @around(Task, "__init__")
    def start(init, task, cluster, task_definition, *args, **options):
        init(task, cluster, task_definition, *args, **options)
        definitions = task_definition.container_definitions
        neighbours = on(task.container_instance_arn, running(task._backend, task.cluster_name))
        taken = {binding["hostPort"] for binding in bindings(neighbours)}
        task.containers = [container(task, definition, taken) for definition in definitions]
        # What the instance has left is reckoned from this, and moto would count a port 0.
        task.resource_requirements["PORTS"] = [binding["hostPort"] for binding in bindings([task])]
        task.overrides = task.overrides or {
            "containerOverrides": [{"name": definition["name"]} for definition in definitions]
        }
        task.cpu = task_definition.cpu or str(sum(int(definition["cpu"]) for definition in definitions))
        task.memory = task_definition.memory or str(sum(int(definition.get("memory", 0)) for definition in definitions))
        task.launch_type = task.launch_type or "EC2"
        task.connectivity = "CONNECTED"
        checked = any("healthCheck" in definition for definition in definitions)
        task.health_status = "HEALTHY" if checked else "UNKNOWN"
        task.version = 2
        for moment in "created_at", "connectivity_at", "pull_started_at", "pull_stopped_at", "started_at":
            setattr(task, moment, utcnow())


@slip
def tasks_run_until_they_are_stopped() -> None:
    """A task stays as it is when it is described; moto moves it one step nearer to its end each time."""
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": sys.maxsize})


@slip
def tasks_are_listed_by_service() -> None:
    """ListTasks keeps to the service and the cluster asked for, and to running tasks unless asked for stopped ones;
    moto ignores the service, takes any cluster whose name contains the one asked for, and lists stopped tasks too."""

    @around(EC2ContainerServiceBackend, "list_tasks")
    def list_tasks(list_all, ecs, cluster, container_instance, family, started_by, service, desired_status):
        tasks = list_all(ecs, cluster, container_instance, family, started_by, None, desired_status or "RUNNING")
        wanted = (cluster or "default").split("/")[-1]
        group = service and f"service:{service.split('/')[-1]}"
        return [task for task in tasks if task.cluster_name == wanted and group in (None, task.group)]


@slip
def what_is_inactive_is_not_listed() -> None:
    """A deleted cluster or service is INACTIVE for who knows its name, and not listed; moto lists it for ever."""

    @around(EC2ContainerServiceBackend, "list_clusters")
    def list_clusters(list_all, ecs):
        return [arn for arn in list_all(ecs) if ecs.clusters[arn.split("/")[-1]].status != "INACTIVE"]

    @around(EC2ContainerServiceBackend, "list_services")
    def list_services(list_all, ecs, *args, **options):
        inactive = {service.arn for service in ecs.services.values() if service.status == "INACTIVE"}
        return [arn for arn in list_all(ecs, *args, **options) if arn not in inactive]


@slip
def services_run_where_their_strategy_says() -> None:
    """A service without a launch type takes the capacity providers it names, or those of its cluster, and says so, as
    do its tasks and the instances of the provider; moto forgets the strategy and says EC2."""

    @around(EC2ContainerServiceBackend, "create_service")
    def create(create_service, ecs, *args, capacity_provider_strategy=None, **options):
        given = inspect.signature(create_service).bind(ecs, *args, **options).arguments
        service = create_service(ecs, *args, **options)
        cluster = ecs._get_cluster(given["cluster_str"])
        named = capacity_provider_strategy or asked("capacityProviderStrategy")
        strategy = named or cluster.default_capacity_provider_strategy
        if strategy and not given.get("launch_type"):
            defaults = {"base": 0, "weight": 0}
            service.capacity_provider_strategy = [defaults | provider for provider in strategy]
            service.launch_type = None
            for deployment in service.deployments:
                deployment["launchType"] = None
                deployment["capacityProviderStrategy"] = service.capacity_provider_strategy
        return service

    def of_instance(instance):
        ec2 = ec2_backends[instance._backend.account_id][instance._backend.region_name]
        group = getattr(ec2.get_instance(instance.ec2_instance_id), "autoscaling_group", None)
        for provider in instance._backend.capacity_providers.values():
            if group and provider.auto_scaling_group_provider["autoScalingGroupArn"] == group.arn:
                return provider.name
        return None

    def of_task(task):
        found = task._backend.container_instances.get(task.cluster_name, {}).values()
        return next((of_instance(it) for it in found if it.container_instance_arn == task.container_instance_arn), None)

    computed(ContainerInstance, "capacity_provider_name", of_instance)
    computed(Task, "capacity_provider_name", of_task)


@slip
def capacity_providers_are_listed() -> None:
    """DescribeCapacityProviders without names lists all of the account, and the two of Fargate, which AWS owns; moto
    fails, and does not know those of Fargate."""

    @around(EC2ContainerServiceBackend, "describe_capacity_providers")
    def describe(describe_capacity_providers, ecs, names):
        arn = f"arn:aws:ecs:{ecs.region_name}:{ecs.account_id}:capacity-provider"
        of_fargate = {
            name: {"capacityProviderArn": f"{arn}/{name}", "name": name, "status": "ACTIVE", "tags": []}
            for name in ("FARGATE", "FARGATE_SPOT")
        }
        names = names or [*of_fargate, *ecs.capacity_providers]
        known, failures = describe_capacity_providers(ecs, [name for name in names if name not in of_fargate])
        return [of_fargate[name] for name in names if name in of_fargate] + known, failures


@slip
def managed_scaling_has_a_policy_and_alarms() -> None:
    """While a cluster has a capacity provider that scales its group, ECS keeps a policy on the group, with two alarms;
    moto's ECS does nothing."""

    @around(EC2ContainerServiceBackend, "put_cluster_capacity_providers")
    def take(put_cluster_capacity_providers, ecs, cluster_name, providers, strategy):
        cluster = put_cluster_capacity_providers(ecs, cluster_name, providers, strategy)
        kept = ecs.__dict__.setdefault("kept_for_scaling", {})
        for by in [it for it in kept if it[0] == cluster.name and it[1] not in cluster.capacity_providers]:
            forget(ecs, *kept.pop(by))
        for name in cluster.capacity_providers:
            details = ecs.capacity_providers[name].auto_scaling_group_provider if name in ecs.capacity_providers else {}
            managed = details.get("managedScaling", {}).get("status") == "ENABLED"
            if managed and (cluster.name, name) not in kept:
                group = details["autoScalingGroupArn"].rsplit("/", 1)[-1]
                target = float(details["managedScaling"]["targetCapacity"])
                kept[cluster.name, name] = watch(ecs, cluster.name, name, group, target)
        return cluster

    def forget(ecs, policy, alarms):
        autoscaling = autoscaling_backends[ecs.account_id][ecs.region_name]
        autoscaling.policies.pop(policy, None)
        cloudwatch_backends[ecs.account_id][ecs.region_name].delete_alarms(alarms)

    def watch(ecs, cluster, provider, group, target):
        metric = {"Namespace": "AWS/ECS/ManagedScaling", "MetricName": "CapacityProviderReservation"}
        dimensions = [
            {"Name": "CapacityProviderName", "Value": provider},
            {"Name": "ClusterName", "Value": cluster},
        ]
        policy = autoscaling_backends[ecs.account_id][ecs.region_name].put_scaling_policy(
            name=f"ECSManagedAutoScalingPolicy-{mock_random.uuid4()}",
            policy_type="TargetTrackingScaling",
            metric_aggregation_type=None,
            adjustment_type=None,
            as_name=group,
            min_adjustment_magnitude=None,
            scaling_adjustment=None,
            cooldown=None,
            target_tracking_config={
                "CustomizedMetricSpecification": metric | {"Dimensions": dimensions, "Statistic": "Average"},
                "TargetValue": target,
                "DisableScaleIn": False,
            },
            step_adjustments=[],
            estimated_instance_warmup=None,
            predictive_scaling_configuration={},
        )
        alarms = []
        for level, comparison in ("High", "GreaterThanThreshold"), ("Low", "LessThanThreshold"):
            alarm = cloudwatch_backends[ecs.account_id][ecs.region_name].put_metric_alarm(
                name=f"TargetTracking-{group}-Alarm{level}-{mock_random.uuid4()}",
                namespace=metric["Namespace"],
                metric_name=metric["MetricName"],
                comparison_operator=comparison,
                evaluation_periods=1 if level == "High" else 15,
                period=60,
                threshold=target,
                statistic="Average",
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
                dimensions=dimensions,
                alarm_actions=[policy.arn],
            )
            alarms.append(alarm.name)
        return policy.name, alarms


@slip
def services_say_when_they_were_created() -> None:
    """A service has a time of creation; moto's has none."""

    @around(Service, "__init__")
    def make(init, service, *args, **options):
        init(service, *args, **options)
        service.created_at = utcnow()


@slip
def services_remember_what_they_were_told() -> None:
    """A service tells all that it was made with and what AWS chose in its place, and ECS registers its tasks by a role
    of its own where none is named; moto forgets most of it."""

    @around(EC2ContainerServiceResponse, "create_service")
    def answer(create_service, response):
        token = ASKED.set(response)
        try:
            return create_service(response)
        finally:
            ASKED.reset(token)

    @around(Service, "__init__")
    def make(init, service, *args, **options):
        init(service, *args, **options)
        if ASKED.get() is None:
            return
        service.deployment_configuration = asked("deploymentConfiguration") or {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
        }
        service.enable_ecs_managed_tags = bool(asked("enableECSManagedTags"))
        service.enable_execute_command = bool(asked("enableExecuteCommand"))
        service.health_check_grace_period_seconds = asked("healthCheckGracePeriodSeconds")
        role = service.role_arn
        if service.network_configuration and not role:
            role = "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        if role and not role.startswith("arn:"):
            service.role_arn = f"arn:aws:iam::{service._account_id}:role/{role}"
        if service.launch_type == "FARGATE":
            service.platform_version = service.platform_version or "LATEST"
            service.platform_family = "Linux"
            service.deployments[0] |= {"platformVersion": "1.4.0", "platformFamily": "Linux"}


@slip
def new_task_definitions_are_deployed() -> None:
    """A service that is given another task definition begins a deployment, and tells the ARN of the revision; moto
    goes on with the old deployment, and repeats what it was given."""

    @around(EC2ContainerServiceBackend, "update_service")
    def update(update_service, ecs, properties):
        service = update_service(ecs, properties)
        if not service.deployments:
            return service
        service.task_definition = ecs.describe_task_definition(service.task_definition).arn
        deployment = service.deployments[0]
        if deployment["taskDefinition"] != service.task_definition:
            deployment |= {
                "id": f"ecs-svc/{mock_random.randint(0, 32**12)}",
                "taskDefinition": service.task_definition,
                "createdAt": utcnow(),
                "updatedAt": utcnow(),
            }
        return service
