"""Slips of tasks in network mode awsvpc, which have a network interface each and so no ports of a machine."""

from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_network_interfaces import random_public_ip
from moto.ec2.utils import generate_dns_from_ip
from moto.ecs.models import EC2ContainerServiceBackend, Task

from slips.ec2 import hold
from slips.patch import around, slip


@slip
def tasks_have_their_own_interface() -> None:
    """A task in network mode awsvpc has an interface with an address of its subnet, which ECS holds and takes away
    with the task, and its containers are reached there; moto gives it any address, leaves it free, and keeps it."""

    @around(Task, "__init__")
    def start(init, task, cluster, task_definition, *args, **options):
        init(task, cluster, task_definition, *args, **options)
        if task_definition.network_mode != "awsvpc":
            return
        ec2 = ec2_backends[task._account_id][task.region_name]
        (attachment,) = task.attachments
        details = {it["name"]: it["value"] for it in attachment["details"]}
        interface = task.interface = ec2.get_network_interface(details["networkInterfaceId"])
        wanted = task.network_configuration["awsvpcConfiguration"]
        place(interface, wanted.get("assignPublicIp") == "ENABLED")
        arn = f"arn:aws:ecs:{task.region_name}:{task._account_id}:attachment/{attachment['id']}"
        hold(interface, "amazon-ecs", arn)
        interface.add_tags({tag["key"]: tag["value"] for tag in task.tags})
        attachment["details"] = [
            {"name": "subnetId", "value": interface.subnet.id},
            {"name": "networkInterfaceId", "value": interface.id},
            {"name": "macAddress", "value": interface.mac_address},
            {"name": "privateDnsName", "value": generate_dns_from_ip(interface.private_ip_address)},
            {"name": "privateIPv4Address", "value": interface.private_ip_address},
        ]
        address = {"attachmentId": attachment["id"], "privateIpv4Address": interface.private_ip_address}
        for container in task.containers:
            container["networkBindings"] = []
            container["networkInterfaces"] = [address]
        task.resource_requirements["PORTS"] = []
        task.availability_zone = interface.subnet.availability_zone

    @around(EC2ContainerServiceBackend, "stop_task")
    def stop(stop_task, ecs, *args, **options):
        task = stop_task(ecs, *args, **options)
        if interface := task.__dict__.pop("interface", None):
            interface.delete()
            for attachment in task.attachments:
                attachment["status"] = "DELETED"
        return task


def place(interface, public: bool) -> None:
    interface.private_ip_address = interface.subnet.get_available_subnet_ip(instance=None)
    interface.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": interface.private_ip_address}]
    interface.private_dns_name = generate_dns_from_ip(interface.private_ip_address)
    interface.public_ip = random_public_ip() if public else None


@slip
def tasks_on_fargate_say_what_they_run_on() -> None:
    """A task on Fargate tells the platform, the processor and the disk it was given; moto tells none of it."""

    @around(Task, "__init__")
    def start(init, task, *args, **options):
        init(task, *args, **options)
        if task.launch_type == "FARGATE":
            task.platform_version = "1.4.0"
            task.platform_family = "Linux"
            task.ephemeral_storage = {"sizeInGiB": 20}
            task.attributes = [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
            task.connectivity_at = utcnow()


@slip
def containers_share_what_their_task_takes() -> None:
    """A container need not say how much memory it takes where its task does; moto fails to start such a task."""

    @around(EC2ContainerServiceBackend, "_calculate_task_resource_requirements")
    def requirements(calculate, ecs, task_definition):
        if all({"memory", "memoryReservation"} & set(it) for it in task_definition.container_definitions):
            return calculate(task_definition)
        return {
            "CPU": int(task_definition.cpu or 0),
            "MEMORY": int(task_definition.memory or 0),
            "PORTS": [],
            "PORTS_UDP": [],
        }
