"""Machines: protected from termination, and gone only when they have shut down."""

import copy

from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse
from moto.ecs.models import ecs_backends

from slips.patch import around
from strict.later import after
from strict.patches import patch
from strict.rules import Refused, refuses

LOOKS = (
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeVolumes",
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "ecs:DescribeContainerInstances",
    "ecs:ListContainerInstances",
)
# Who is told when a machine is gone.
MOURNERS = []


@refuses("ec2:TerminateInstances")
def protected_machines_stay(call) -> None:
    """None of the machines is terminated when one of them is protected."""
    ec2 = call.backend("ec2")
    for name in call.listed("InstanceId"):
        for instance in ec2.all_instances():
            if instance.id == name and str(instance.disable_api_termination).lower() == "true":
                raise Refused(
                    "OperationNotPermitted",
                    f"The instance '{name}' may not be terminated. "
                    "Modify its 'disableApiTermination' instance attribute and try again.",
                )


@patch
def machines_are_protected_from_the_start() -> None:
    """A machine that is launched with DisableApiTermination is protected; moto forgets it."""

    @around(InstanceResponse, "run_instances")
    def launch(run_instances, response):
        answer = run_instances(response)
        for instance in answer.result.instances:
            instance.disable_api_termination = bool(response._get_bool_param("DisableApiTermination"))
        return answer


@patch
def machines_take_their_time() -> None:
    """A terminated machine shuts down first, and until then it has its interfaces, its disks, its public address and
    its place in a cluster. A cluster keeps a machine whose agent does not answer; moto's lets it go."""

    @around(Instance, "terminate")
    def terminate(end, instance):
        previous = copy.copy(instance._state)
        if instance._state.name in ("shutting-down", "terminated"):
            return previous
        instance._state.name, instance._state.code = "shutting-down", 32

        def gone():
            ecs = ecs_backends[instance.owner_id][instance.region_name]
            deaf = {
                (cluster, member.id): member
                for cluster, members in ecs.container_instances.items()
                for member in members.values()
                if member.ec2_instance_id == instance.id and not member.agent_connected
            }
            for cluster, name in deaf:
                del ecs.container_instances[cluster][name]
            given = [it for it in instance.nics.values() if not it.delete_on_termination]
            for address in instance.ec2_backend.addresses:
                if address.instance is instance or (address.eni and address.eni.instance is instance):
                    instance.ec2_backend.disassociate_address(address=address.public_ip)
            end(instance)
            for interface in given:
                instance.detach_eni(interface)
            for (cluster, name), member in deaf.items():
                ecs.container_instances[cluster][name] = member
            for mourn in MOURNERS:
                mourn(instance)

        after(3, LOOKS, gone)
        return previous

    @around(EC2Backend, "terminate_instances")
    def terminate_all(end, ec2, names):
        """Auto Scaling terminates what is protected from the API."""
        of_groups = [it for it in ec2.all_instances() if it.id in names and getattr(it, "autoscaling_group", None)]
        kept = {it.id: it.disable_api_termination for it in of_groups}
        for instance in of_groups:
            instance.disable_api_termination = False
        try:
            return end(ec2, names)
        finally:
            for instance in of_groups:
                instance.disable_api_termination = kept[instance.id]
