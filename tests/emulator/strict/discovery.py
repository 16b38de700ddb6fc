"""Cloud Map: namespaces go without services, services without instances, and operations take their time."""

from moto.servicediscovery.models import ServiceDiscoveryBackend

from slips.patch import around
from strict.later import after
from strict.patches import patch
from strict.rules import Refused, refuses


@refuses("servicediscovery:DeleteNamespace")
def namespaces_go_empty(call) -> None:
    """A namespace goes when no service is left in it."""
    if any(it.namespace_id == call["Id"] for it in call.backend("servicediscovery").services.values()):
        raise Refused(
            "ResourceInUse", "Namespace has associated services; delete the services before deleting the namespace"
        )


@refuses("servicediscovery:DeleteService")
def services_go_empty(call) -> None:
    """A service goes when no instance is registered with it."""
    service = call.backend("servicediscovery").services.get(call["Id"])
    if service is None:
        raise Refused("ServiceNotFound", f"Service {call['Id']} not found.")
    if service.instances:
        raise Refused(
            "ResourceInUse",
            "Service contains registered instances; delete the instances before deleting the service",
        )


@patch
def operations_take_their_time() -> None:
    """The deletion of a namespace and the departure of an instance are operations that are pending for a while; moto's
    are done at once."""

    def pending(end, backend, **given):
        operation = backend.operations[backend._create_operation(*OPERATIONS[end.__name__](**given))]
        operation.status = "PENDING"

        def done():
            made = end(backend, **given)
            backend.operations.pop(made, None)
            operation.status = "SUCCESS"

        after(2, ("servicediscovery:GetOperation",), done)
        return operation.id

    for name in OPERATIONS:
        around(ServiceDiscoveryBackend, name)(known(pending))


OPERATIONS = {
    "delete_namespace": lambda namespace_id: ("DELETE_NAMESPACE", {"NAMESPACE": namespace_id}),
    "deregister_instance": lambda service_id, instance_id: ("DEREGISTER_INSTANCE", {"INSTANCE": instance_id}),
}


def known(pending):
    """moto itself says of what is not there that it is not."""

    def call(end, backend, **given):
        if end.__name__ == "delete_namespace":
            backend.get_namespace(given["namespace_id"])
        else:
            backend.get_service(given["service_id"])
        return pending(end, backend, **given)

    return call
