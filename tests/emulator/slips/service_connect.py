"""Slips of Service Connect: ECS keeps the names of its services in Cloud Map."""

import json
import re
import string

from moto.ecs.models import EC2ContainerServiceBackend
from moto.moto_api._internal import mock_random
from moto.servicediscovery import models as cloud_map
from moto.servicediscovery.models import ServiceInstance, servicediscovery_backends
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from slips.ecs import asked, of, running
from slips.patch import around, slip

MANAGED = [{"Key": "AmazonECSManaged", "Value": "true"}]


@slip
def names_have_ids_of_cloud_map() -> None:
    """The id of a namespace or a service of Cloud Map ends in sixteen letters and digits; moto's in 20 or 8."""

    def shorten(make):
        def init(it, *args, **options):
            make(it, *args, **options)
            drawn = f"{it.id.split('-')[0]}-{cloud_map.random_id(16)}"
            it.arn = it.arn.replace(it.id, drawn)
            it.id = drawn

        return init

    for model in cloud_map.Namespace, cloud_map.Service:
        model.__init__ = shorten(model.__init__)


@slip
def names_are_counted() -> None:
    """Cloud Map tells how many services a namespace has, and how many instances a service; moto tells neither."""

    @around(cloud_map.Namespace, "to_json")
    def namespace(to_json, it):
        _, _, _, region, account, _ = it.arn.split(":")[:6]
        services = servicediscovery_backends[account][region].services.values()
        return to_json(it) | {"ServiceCount": sum(service.namespace_id == it.id for service in services)}

    @around(cloud_map.Service, "to_json")
    def service(to_json, it):
        return to_json(it) | {"InstanceCount": len(it.instances)}


def namespace_of(ecs, name_or_arn: str):
    """The namespace of that name, which is made if there is none."""
    names = servicediscovery_backends[ecs.account_id][ecs.region_name]

    def find():
        return next((it for it in names.list_namespaces() if name_or_arn in (it.name, it.arn)), None)

    if find() is None:
        names.create_http_namespace(name_or_arn, f"ecs-{name_or_arn}", "", MANAGED)
    return find()


@slip
def clusters_make_their_namespace() -> None:
    """A cluster with a namespace for Service Connect makes it if there is none, and tells its ARN; moto repeats the
    name it was given."""

    @around(EC2ContainerServiceBackend, "create_cluster")
    def create(create_cluster, ecs, *args, **options):
        cluster = create_cluster(ecs, *args, **options)
        if cluster.service_connect_defaults:
            cluster.service_connect_defaults = {
                "namespace": namespace_of(ecs, cluster.service_connect_defaults["namespace"]).arn
            }
        return cluster


@slip
def services_give_their_names_to_cloud_map() -> None:
    """A service with Service Connect has a service in Cloud Map for each port it gives a name, its deployment tells
    both, and its tasks are that service's instances; moto forgets what it was told about Service Connect."""

    @around(EC2ContainerServiceBackend, "create_service")
    def create(create_service, ecs, *args, **options):
        service = create_service(ecs, *args, **options)
        wanted = asked("serviceConnectConfiguration")
        if wanted and wanted["enabled"]:
            names = servicediscovery_backends[ecs.account_id][ecs.region_name]
            defaults = ecs.clusters[service.cluster_name].service_connect_defaults or {}
            namespace = namespace_of(ecs, wanted.get("namespace") or defaults["namespace"])
            resources = []
            for port in wanted.get("services", []):
                name = port.get("discoveryName", port["portName"])
                made = names.create_service(name, namespace.id, f"ecs-{name}", "", None, None, None, MANAGED, "HTTP")
                resources.append({"discoveryName": name, "discoveryArn": made.arn})
            service.deployments[0]["serviceConnectConfiguration"] = wanted
            service.deployments[0]["serviceConnectResources"] = resources
        return service


def put_proxy(task, service) -> None:
    """Gives a task of a service with Service Connect the container that carries its requests, which no task
    definition names."""
    if "serviceConnectConfiguration" not in service.deployments[0]:
        return
    drawn = "".join(mock_random.choice(string.ascii_letters) for _ in range(5))
    name = f"ecs-service-connect-{drawn}"
    task.containers.append(
        task.containers[0]
        | {
            "containerArn": re.sub("[^/]+$", str(mock_random.uuid4()), task.containers[0]["containerArn"]),
            "name": name,
            "image": None,
            "healthStatus": "HEALTHY",
            "memory": None,
        }
    )
    details = [{"name": "ContainerName", "value": name}]
    attachment = {"id": str(mock_random.uuid4()), "type": "Service Connect", "status": "ATTACHED", "details": details}
    task.attachments.append(attachment)


def tell_cloud_map(ecs, service) -> None:
    deployment = service.deployments[0]
    if "serviceConnectResources" not in deployment:
        return
    names = servicediscovery_backends[ecs.account_id][ecs.region_name].services.values()
    wanted = deployment["serviceConnectConfiguration"]["services"]
    ports = {it.get("discoveryName", it["portName"]): it["portName"] for it in wanted}
    mapped = {
        mapping.get("name"): mapping["containerPort"]
        for definition in ecs.describe_task_definition(service.task_definition).container_definitions
        for mapping in definition["portMappings"]
    }
    for resource in deployment["serviceConnectResources"]:
        (name,) = (it for it in names if it.arn == resource["discoveryArn"])
        name.instances = [
            ServiceInstance(
                name.id,
                task.id,
                task.id,
                {
                    "AWS_INSTANCE_IPV4": task.interface.private_ip_address,
                    "AWS_INSTANCE_PORT": str(mapped[ports[resource["discoveryName"]]]),
                    "ECS_CLUSTER_NAME": service.cluster_name,
                    "ECS_SERVICE_NAME": service.name,
                },
            )
            for task in of(service, running(ecs, service.cluster_name))
        ]
