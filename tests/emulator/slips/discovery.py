"""Slips of Cloud Map."""

import json

from moto.servicediscovery.models import Namespace
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from slips.patch import around, slip


@slip
def services_are_listed_by_namespace() -> None:
    """A listing of services with filter NAMESPACE_ID, an id or an ARN, holds those of that namespace, and it does not
    tell the namespace itself; moto lists all, with theirs."""

    @around(ServiceDiscoveryResponse, "list_services")
    def listed(list_services, response):
        services = json.loads(list_services(response))["Services"]
        for asked in json.loads(response.body).get("Filters", []):
            if asked["Name"] == "NAMESPACE_ID":
                ids = [value.split("/")[-1] for value in asked["Values"]]
                services = [service for service in services if service["NamespaceId"] in ids]
        for service in services:
            del service["NamespaceId"]
        return json.dumps({"Services": services})


@slip
def namespaces_tell_the_bare_id_of_their_zone() -> None:
    """A namespace tells its hosted zone's id; moto puts /hostedzone/ before it."""

    @around(Namespace, "to_json")
    def tell(to_json, namespace):
        told = to_json(namespace)
        dns = told["Properties"]["DnsProperties"] or {}
        if "HostedZoneId" in dns:
            told["Properties"]["DnsProperties"] = {**dns, "HostedZoneId": dns["HostedZoneId"].split("/")[-1]}
        return told
