"""Auto Scaling groups: their machines go first, protected ones stay, and what a group uses stays as long as it."""

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.cloudwatch.models import cloudwatch_backends

from slips.patch import around
from strict import machines
from strict.later import after
from strict.patches import patch
from strict.rules import Refused, refuses

LOOKS = ("autoscaling:DescribeAutoScalingGroups",)
DELETING = "Delete in progress"


@refuses("autoscaling:DeleteAutoScalingGroup")
def groups_go_empty(call) -> None:
    """A group goes when it has no machine, or with all of them if forced; and a protected one not at all."""
    group = call.backend("autoscaling").autoscaling_groups.get(call["AutoScalingGroupName"])
    if group is None:
        return
    protection = getattr(group, "deletion_protection", "none")
    if protection == "prevent-all-deletion" or (protection == "prevent-force-deletion" and call.says("ForceDelete")):
        raise Refused(
            "ValidationError",
            f"You cannot delete AutoScalingGroup '{group.name}' while its deletion protection is {protection}.",
        )
    if group.status == DELETING:
        raise busy()
    if call.says("ForceDelete") or not group.instance_states:
        return
    if group.active_instances():
        raise Refused(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )
    raise busy()


def busy() -> Refused:
    return Refused(
        "ScalingActivityInProgress",
        "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
    )


@refuses("autoscaling:UpdateAutoScalingGroup", "autoscaling:SetInstanceProtection")
def groups_that_go_are_left_alone(call) -> None:
    """A group that is being deleted takes no changes, and of one that is not there AWS says so; moto breaks."""
    group = call.backend("autoscaling").autoscaling_groups.get(call["AutoScalingGroupName"])
    if group is None:
        raise Refused("ValidationError", "AutoScalingGroup name not found - null")
    if group.status == DELETING:
        raise Refused("ValidationError", f"AutoScalingGroup {group.name} is pending delete")
    if len(call.listed("InstanceIds")) > 50:
        raise Refused("ValidationError", "Value at 'instanceIds' must have length less than or equal to 50")


@refuses("autoscaling:DeleteLaunchConfiguration")
def launch_configurations_go_unused(call) -> None:
    """A launch configuration goes when no group has it any more, not even one that is being deleted."""
    name = call["LaunchConfigurationName"]
    for group in call.backend("autoscaling").autoscaling_groups.values():
        if group.launch_configuration_name == name:
            raise Refused(
                "ResourceInUse",
                f"Cannot delete launch configuration {name} because it is attached to AutoScalingGroup {group.name}",
            )


@patch
def groups_are_protected_from_deletion() -> None:
    """A group keeps and tells its deletion protection; moto takes it and forgets it."""

    def remember(change, response):
        answer = change(response)
        asked = response._get_param("DeletionProtection")
        group = response.autoscaling_backend.autoscaling_groups.get(response._get_param("AutoScalingGroupName"))
        if asked and group:
            group.deletion_protection = asked
        return answer

    for change in "create_auto_scaling_group", "update_auto_scaling_group":
        around(AutoScalingResponse, change)(remember)


@patch
def groups_wait_for_their_machines() -> None:
    """A machine that leaves its group is in it, terminating, until it is gone, and the group is being deleted until the
    last one is. With the group go its policies and the alarms that have nothing else to do. moto's go at once."""

    @around(FakeAutoScalingGroup, "set_desired_capacity")
    def scale(set_desired_capacity, group, capacity):
        leaving = [it for it in group.instance_states if it.lifecycle_state == "Terminating"]
        group.instance_states = staying = [it for it in group.instance_states if it not in leaving]
        # moto asks for that many of those that may go, and stops at the first call that AWS refuses.
        set_desired_capacity(group, capacity)
        removed = [it for it in staying if it not in group.instance_states and machines_alive(it)]
        for state in removed:
            state.lifecycle_state = "Terminating"
        order = {id(it): rank for rank, it in enumerate(staying)}
        group.instance_states.sort(key=lambda it: order.get(id(it), len(order)))
        group.instance_states += leaving + removed

    @around(AutoScalingBackend, "set_instance_protection")
    def protect(set_instance_protection, backend, name, *args):
        """A group that could not reach its size because its machines were protected goes on when they are not."""
        set_instance_protection(backend, name, *args)
        group = backend.autoscaling_groups[name]

        def go_on():
            if group.status != DELETING and len(group.active_instances()) > (group.desired_capacity or 0):
                group.set_desired_capacity(group.desired_capacity)

        after(1, LOOKS, go_on)

    FakeAutoScalingGroup.status = None

    @around(AutoScalingBackend, "delete_auto_scaling_group")
    def delete(forget, backend, name):
        group = backend.autoscaling_groups.get(name)
        if group is None:
            return forget(backend, name)
        for state in group.instance_states:
            state.protected_from_scale_in = False
        group.status = DELETING
        group.forget = lambda: end(forget, backend, group)
        group.min_size = 0
        group.set_desired_capacity(0)
        if not group.instance_states:
            after(1, LOOKS, group.forget)

    def end(forget, backend, group):
        if group.name not in backend.autoscaling_groups:
            return
        forget(backend, group.name)
        policies = [it for it in backend.policies.values() if it.auto_scaling_group_name == group.name]
        gone = {policy.arn for policy in policies}
        for policy in policies:
            backend.policies = {name: it for name, it in backend.policies.items() if it is not policy}
        cloudwatch = cloudwatch_backends[backend.account_id][backend.region_name]
        for name, alarm in list(cloudwatch.alarms.items()):
            actions = set(alarm.alarm_actions or [])
            if actions & gone:
                alarm.alarm_actions = [it for it in alarm.alarm_actions if it not in gone]
                if not alarm.alarm_actions:
                    del cloudwatch.alarms[name]
        backend.lifecycle_hooks = {
            key: it for key, it in backend.lifecycle_hooks.items() if it.auto_scaling_group_name != group.name
        }

    def let_go(instance):
        group = getattr(instance, "autoscaling_group", None)
        if group is None:
            return
        group.instance_states = [it for it in group.instance_states if it.instance is not instance]
        if group.status == DELETING and not group.instance_states:
            group.forget()

    machines.MOURNERS.append(let_go)


def machines_alive(state) -> bool:
    return state.instance._state.name != "terminated"
