"""Slips of ECS: what it tells of clusters, services and tasks, and the agent on its instances."""

import base64
import itertools
import re
import sys

from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance
from moto.ecs.models import Cluster, ContainerInstance, EC2ContainerServiceBackend, Service, Task, ecs_backends
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
def tasks_say_what_runs_in_them() -> None:
    """A task shows all its containers with the ports they are reached at, those Docker chose counting up from
    32768; moto shows the first container, without ports and with the ARN of the task definition."""

    def container(task, definition, taken):
        ports = []
        for mapping in definition["portMappings"]:
            host_port = mapping.get("hostPort") or next(port for port in itertools.count(32768) if port not in taken)
            taken.add(host_port)
            reached_at = {"bindIP": "0.0.0.0", "containerPort": mapping["containerPort"], "hostPort": host_port}
            ports.append(reached_at | {"protocol": mapping.get("protocol", "tcp")})
        return {
            "containerArn": re.sub(":task/.*", f":container/{mock_random.uuid4()}", task.task_arn),
            "taskArn": task.task_arn,
            "name": definition["name"],
            "image": definition["image"],
            "lastStatus": "RUNNING",
            "networkBindings": ports,
            "networkInterfaces": [],
            "healthStatus": "UNKNOWN",
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
        task.health_status = "UNKNOWN"
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
def services_say_when_they_were_created() -> None:
    """A service has a time of creation; moto's has none."""

    @around(Service, "__init__")
    def make(init, service, *args, **options):
        init(service, *args, **options)
        service.created_at = utcnow()


@slip
def all_capacity_providers_are_described() -> None:
    """Whoever names no capacity provider is told of all; moto fails."""

    @around(EC2ContainerServiceBackend, "describe_capacity_providers")
    def describe(call, ecs, names):
        return call(ecs, names or list(ecs.capacity_providers))
