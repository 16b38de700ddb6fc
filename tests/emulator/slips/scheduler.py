"""The scheduler of ECS, which moto does not have."""

from moto.ecs.models import EC2ContainerServiceBackend
from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends

from slips.ecs import bindings, of, on, running
from slips.patch import around, slip
from slips.service_connect import put_proxy, tell_cloud_map


@slip
def services_run_their_tasks() -> None:
    """A service keeps as many tasks running as it wants, spread over the instances, and tells its load balancers
    where they listen; moto starts none."""
    stop = EC2ContainerServiceBackend.stop_task

    def keep_running(ecs):
        for service in ecs.services.values():
            if not service.deployments:  # another controller deploys
                continue
            wanted = service.desired_count if service.status == "ACTIVE" else 0
            there = of(service, running(ecs, service.cluster_name))
            # Those of an older deployment go first.
            there.sort(key=lambda task: task.started_by != service.deployments[0]["id"])
            current = [task for task in there if task.started_by == service.deployments[0]["id"]]
            for task in there[min(wanted, len(current)) :]:
                stop(ecs, service.cluster_name, task.task_arn, "Scaling activity initiated by deployment")
            for _ in range(wanted - len(current)):
                start(ecs, service)
            tell_cloud_map(ecs, service)
            tell_load_balancers(ecs, service)
            tell_deployments(service, wanted)

    def then_keep_running(call, ecs, *args, **options):
        answer = call(ecs, *args, **options)
        keep_running(ecs)
        return answer

    for call in "create_service", "update_service", "delete_service", "stop_task", "register_container_instance":
        around(EC2ContainerServiceBackend, call)(then_keep_running)

    @around(EC2ContainerServiceBackend, "deregister_container_instance")
    def deregister(leave, ecs, cluster, container_instance, force):
        instance = leave(ecs, cluster, container_instance, force)
        for task in on(instance.container_instance_arn, running(ecs, instance.cluster_name)):
            task.last_status = task.desired_status = "STOPPED"
        keep_running(ecs)
        return instance


def start(ecs, service) -> None:
    tags = []
    if getattr(service, "enable_ecs_managed_tags", False):
        names = {"aws:ecs:clusterName": service.cluster_name, "aws:ecs:serviceName": service.name}
        tags = [{"key": key, "value": value} for key, value in names.items()]
    begin = on_fargate if service.launch_type == "FARGATE" else on_an_instance
    for task in begin(ecs, service, tags):
        task.enable_execute_command = getattr(service, "enable_execute_command", False)
        put_proxy(task, service)


def on_fargate(ecs, service, tags) -> list:
    """Starts one task in the subnet where the service has fewest."""
    wanted = service.network_configuration["awsvpcConfiguration"]
    taken = [task.interface.subnet.id for task in of(service, running(ecs, service.cluster_name))]
    there = {"awsvpcConfiguration": wanted | {"subnets": [min(wanted["subnets"], key=taken.count)]}}
    return ecs.run_task(
        service.cluster_name,
        service.task_definition,
        1,
        None,
        service.deployments[0]["id"],
        tags,
        "FARGATE",
        networking_configuration=there,
        group=f"service:{service.name}",
    )


def on_an_instance(ecs, service, tags) -> list:
    """Starts one task where the service has fewest, then where there are fewest, if its ports are free there."""
    definitions = ecs.describe_task_definition(service.task_definition).container_definitions
    ports = {mapping.get("hostPort") for definition in definitions for mapping in definition["portMappings"]} - {
        None,
        0,
    }
    candidates = []
    for instance in ecs.container_instances.get(service.cluster_name, {}).values():
        there = on(instance.container_instance_arn, running(ecs, service.cluster_name))
        if instance.status == "ACTIVE" and not ports & {binding["hostPort"] for binding in bindings(there)}:
            candidates.append((len(of(service, there)), len(there), len(candidates), instance.id))
    if not candidates:
        return []
    *_, instance_id = min(candidates)
    deployment, group = service.deployments[0]["id"], f"service:{service.name}"
    return ecs.start_task(
        service.cluster_name, service.task_definition, [instance_id], None, deployment, tags, group=group
    )


def tell_load_balancers(ecs, service) -> None:
    instances = {it.container_instance_arn: it for it in ecs.container_instances.get(service.cluster_name, {}).values()}
    targets = {}
    for task in of(service, running(ecs, service.cluster_name)):
        mapped = {
            (definition["name"], mapping["containerPort"])
            for definition in ecs.describe_task_definition(task.task_definition_arn).container_definitions
            for mapping in definition["portMappings"]
        }
        for container in task.containers:
            for address in container["networkInterfaces"]:
                for name, port in mapped:
                    if name == container["name"]:
                        target = {"Id": address["privateIpv4Address"], "Port": port}
                        targets.setdefault((name, port), []).append(target)
            for binding in container["networkBindings"]:
                target = {"Id": instances[task.container_instance_arn].ec2_instance_id, "Port": binding["hostPort"]}
                targets.setdefault((container["name"], binding["containerPort"]), []).append(target)

    for balancer in service.load_balancers:
        told = targets.get((balancer["containerName"], int(balancer["containerPort"])), [])
        group = elbv2_backends[ecs.account_id][ecs.region_name].target_groups.get(balancer.get("targetGroupArn"))
        classic = elb_backends[ecs.account_id][ecs.region_name].load_balancers.get(balancer.get("loadBalancerName"))
        if group:
            group.targets = {target["Id"]: target for target in told}
        if classic:
            classic.instance_sparse_ids = [target["Id"] for target in told]


def tell_deployments(service, wanted: int) -> None:
    for deployment in service.deployments:
        done = service.pending_count == 0
        deployment["desiredCount"] = wanted
        deployment["runningCount"] = service.running_count
        deployment["pendingCount"] = service.pending_count
        deployment["rolloutState"] = "COMPLETED" if done else "IN_PROGRESS"
        deployment["rolloutStateReason"] = (
            f"ECS deployment {deployment['id']} {'completed' if done else 'in progress'}."
        )
