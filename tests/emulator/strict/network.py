"""Networks: what stands in a subnet, wears a security group or hangs on a VPC keeps it from going."""

from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint

from slips.patch import around
from strict.later import after
from strict.patches import patch
from strict.rules import Refused, refuses

LOOKS = ("ec2:DescribeNatGateways", "ec2:DescribeNetworkInterfaces", "ec2:DescribeAddresses")


def alive(instance) -> bool:
    return instance._state.name != "terminated"


def instances(ec2) -> list:
    return [it for reservation in ec2.reservations.values() for it in reservation.instances if alive(it)]


def dependent(what: str, name: str) -> Refused:
    return Refused("DependencyViolation", f"The {what} '{name}' has dependencies and cannot be deleted.")


@refuses("ec2:DeleteSubnet")
def subnets_go_empty(call) -> None:
    """A subnet goes when no interface is left in it, free or in use, whoever's it is."""
    ec2, name = call.backend("ec2"), call["SubnetId"]
    standing = any(interface.subnet.id == name for interface in ec2.enis.values())
    if standing or any(it.subnet_id == name for it in instances(ec2)):
        raise dependent("subnet", name)


@refuses("ec2:DeleteSecurityGroup")
def security_groups_go_unworn_and_unnamed(call) -> None:
    """A security group goes when no interface wears it and no rule of another group names it; the default one never."""
    ec2, name = call.backend("ec2"), call["GroupId"]
    groups = {group.id: group for of_vpc in ec2.groups.values() for group in of_vpc.values()}
    if name not in groups:
        return
    if groups[name].is_default:
        raise Refused(
            "CannotDelete", f'the specified group: "{name}" name: "default" cannot be deleted by a user'
        )
    worn = any(name in {group.id for group in interface.group_set} for interface in ec2.enis.values())
    worn = worn or any(name in {group.id for group in it.security_groups} for it in instances(ec2))
    named = any(
        rule.source_group.get("GroupId") == name
        for group in groups.values()
        if group.id != name
        for rule in [*group.ingress_rules, *group.egress_rules]
    )
    if worn or named:
        raise Refused("DependencyViolation", f"resource {name} has a dependent object")


@refuses("ec2:DeleteVpc")
def networks_go_empty(call) -> None:
    """A VPC goes when nothing but its default group, access list and main route table is left in it."""
    ec2, name = call.backend("ec2"), call["VpcId"]
    if name not in ec2.vpcs:
        return
    attached = any(name == getattr(it.vpc, "id", None) for it in ec2.internet_gateways.values())
    groups = any(not group.is_default for group in ec2.groups.get(name, {}).values())
    endpoints = any(it.vpc_id == name and it.state != "deleted" for it in ec2.vpc_end_points.values())
    translated = any(it.vpc_id == name and it.state != "deleted" for it in ec2.nat_gateways.values())
    subnets = ec2.describe_subnets(filters={"vpc-id": [name]})
    tables = [it for it in ec2.route_tables.values() if it.vpc_id == name and not it.main_association_id]
    lists = [it for it in ec2.network_acls.values() if it.vpc_id == name and not it.default]
    if attached or groups or endpoints or translated or subnets or tables or lists:
        raise dependent("vpc", name)


@refuses("ec2:DeleteRouteTable")
def route_tables_go_unless_main(call) -> None:
    """The main route table of a VPC goes with the VPC alone."""
    table = call.backend("ec2").route_tables.get(call["RouteTableId"])
    if table and table.main_association_id:
        raise dependent("routeTable", table.id)


@refuses("ec2:DisassociateRouteTable")
def main_tables_stay_associated(call) -> None:
    """The main route table of a VPC cannot be disassociated from it."""
    name = call["AssociationId"]
    if any(table.main_association_id == name for table in call.backend("ec2").route_tables.values()):
        raise Refused(
            "InvalidParameterValue", f"cannot disassociate the main route table association {name}"
        )


@refuses("ec2:DeleteNetworkAcl")
def default_access_lists_stay(call) -> None:
    """The default access list of a VPC goes with the VPC alone."""
    name = call["NetworkAclId"]
    found = call.backend("ec2").network_acls.get(name)
    if found and found.default:
        raise Refused("InvalidParameterValue", f"cannot delete default network ACL {name}")


@refuses("ec2:DetachInternetGateway")
def gateways_stay_while_addresses_are_mapped(call) -> None:
    """An internet gateway stays on its VPC while something in there has a public address."""
    ec2, name = call.backend("ec2"), call["VpcId"]
    if any(interface.vpc_id == name and interface.public_ip for interface in ec2.enis.values()):
        raise Refused(
            "DependencyViolation",
            f"Network {name} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway.",
        )


@refuses("ec2:DeleteInternetGateway")
def gateways_go_detached(call) -> None:
    """An internet gateway goes when it is detached."""
    gateway = call.backend("ec2").internet_gateways.get(call["InternetGatewayId"])
    if gateway and gateway.vpc:
        raise Refused(
            "DependencyViolation", f"The internetGateway '{gateway.id}' has dependencies and cannot be deleted."
        )


def addresses(call) -> list:
    wanted = call["AllocationId"], call["PublicIp"], call["AssociationId"]
    return [
        it
        for it in call.backend("ec2").addresses
        if {it.allocation_id, it.public_ip, it.association_id} & set(filter(None, wanted))
    ]


@refuses("ec2:ReleaseAddress")
def addresses_go_unused(call) -> None:
    """An elastic address is released when nothing uses it any more."""
    for address in addresses(call):
        if address.association_id:
            raise Refused("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")


@refuses("ec2:DisassociateAddress")
def addresses_of_services_stay(call) -> None:
    """The address of a NAT gateway or a load balancer is not ours to take away."""
    for address in addresses(call):
        if address.eni and address.eni.requester_managed:
            raise Refused("AuthFailure", "You do not have permission to access the specified resource.")


@refuses("ec2:DeleteNetworkInterface")
def interfaces_go_free(call) -> None:
    """An interface goes when nothing holds it, and none that a service made is ours."""
    name = call["NetworkInterfaceId"]
    interface = call.backend("ec2").enis.get(name)
    if interface and (interface.attachment or interface.status == "in-use"):
        raise Refused("InvalidParameterValue", f"Network interface '{name}' is currently in use.")
    if interface and interface.requester_managed:
        raise Refused("AuthFailure", "You do not have permission to access the specified resource.")


@refuses("ec2:DetachNetworkInterface")
def interfaces_of_services_stay_attached(call) -> None:
    """What a service attached only the service detaches, and the first interface of a machine nobody."""
    for interface in call.backend("ec2").enis.values():
        attachment = interface.attachment
        if attachment is None or attachment.attachment_id != call["AttachmentId"]:
            continue
        if interface.requester_managed:
            raise Refused("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
        if interface.device_index == 0:
            raise Refused(
                "OperationNotPermitted",
                "The network interface at device index 0 and networkCard index 0 cannot be detached.",
            )


@refuses("ec2:DeleteNatGateway")
def unknown_nat_gateways_are_not_found(call) -> None:
    """A NAT gateway that never was is not found; moto breaks."""
    name = call["NatGatewayId"]
    if name not in call.backend("ec2").nat_gateways:
        raise Refused("NatGatewayNotFound", f"The Nat Gateway {name} was not found")


@patch
def nat_gateways_take_their_time() -> None:
    """A NAT gateway is being deleted for some minutes, and holds its interface and its address until then; moto's is
    deleted at once and keeps both."""

    @around(EC2Backend, "delete_nat_gateway")
    def delete(end, ec2, name):
        gateway = ec2.nat_gateways[name]
        if gateway.state in ("deleting", "deleted"):
            return gateway
        gateway.state = "deleting"

        def gone():
            for address in ec2.addresses:
                if address.eni is gateway._eni:
                    ec2.disassociate_address(address=address.public_ip)
            end(ec2, name)

        after(3, LOOKS, gone)
        return gateway


@patch
def endpoints_take_their_time() -> None:
    """An endpoint is being deleted for some minutes, and holds its interfaces until then; moto's goes at once and then
    is told of for ever."""

    @around(EC2Backend, "delete_vpc_endpoints")
    def delete(end, ec2, vpce_ids=None):
        for name in vpce_ids or []:
            endpoint = ec2.vpc_end_points.get(name)
            if endpoint is None or endpoint.state != "available":
                continue
            endpoint.state = "deleting"
            endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"

            def gone(name=name):
                end(ec2, [name])
                del ec2.vpc_end_points[name]

            after(3, ("ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces"), gone)


@patch
def endpoints_keep_their_routes() -> None:
    """A table has a route to an endpoint as long as the endpoint names it; moto's routes stay as they were when that
    changes."""

    @around(VPCEndPoint, "modify")
    def modify(modify, endpoint, *args):
        before = list(endpoint.route_table_ids)
        modify(endpoint, *args)
        ec2, there = endpoint.ec2_backend, endpoint.destination_prefix_list_id
        for table in before:
            if table not in endpoint.route_table_ids:
                ec2.delete_route(table, there)
        for table in endpoint.route_table_ids:
            if table not in before:
                ec2.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=there)


@patch
def networks_take_everything_of_their_own_along() -> None:
    """The default group and the main route table of a VPC go with it, and the association of a subnet with the subnet;
    moto keeps some of each."""

    @around(EC2Backend, "delete_vpc")
    def delete(delete_vpc, ec2, name):
        vpc = delete_vpc(ec2, name)
        ec2.groups.pop(name, None)
        return vpc

    @around(EC2Backend, "delete_subnet")
    def delete_subnet(delete_subnet, ec2, name):
        subnet = delete_subnet(ec2, name)
        for table in [*ec2.route_tables.values(), *ec2.network_acls.values()]:
            for key, it in list(table._associations.items()):
                if it == name or getattr(it, "subnet_id", None) == name:
                    del table._associations[key]
        return subnet
