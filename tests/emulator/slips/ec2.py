"""Slips of EC2, Auto Scaling and what other services keep in EC2."""

import ipaddress
import re

from moto.autoscaling.models import FakeAutoScalingGroup, FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import InvalidNetworkAclIdError
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, MetadataOptions
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.vpcs import VPCs
from moto.efs.models import EFSBackend
from moto.elasticache.models import ElastiCacheBackend
from moto.elb.models import ELBBackend
from moto.elbv2.models import ELBv2Backend
from moto.moto_api._internal import mock_random

from slips.patch import around, computed, slip


@slip
def groups_spread_their_instances() -> None:
    """Auto Scaling launches each instance where the group has fewest, and with the profile and the key pair of its
    launch configuration; moto puts all in the first subnet, without profile or key pair."""

    @around(FakeAutoScalingGroup, "replace_autoscaling_group_instances")
    def launch_one_by_one(launch, group, count, tags):
        subnets = group.vpc_zone_identifier
        for _ in range(count):
            if subnets:
                taken = [state.instance.subnet_id for state in group.active_instances()]
                group.vpc_zone_identifier = min(subnets.split(","), key=taken.count)
            launch(group, 1, tags)
            group.vpc_zone_identifier = subnets
            instance = group.instance_states[-1].instance
            if group.launch_config and group.launch_config.iam_instance_profile:
                profile = group.launch_config.iam_instance_profile
                group.ec2_backend.associate_iam_instance_profile(instance.id, iam_instance_profile_name=profile)
            if group.launch_config and group.launch_config.key_name:
                instance.key_name = group.launch_config.key_name
            if group.launch_config and group.launch_config.instance_monitoring_enabled:
                instance.monitoring_state = "enabled"
            if group.launch_config and group.launch_config.key_name:
                instance.key_name = group.launch_config.key_name


@slip
def instances_follow_their_launch_template() -> None:
    """An instance has the profile, the monitoring, the metadata service and the interface that its launch template
    describes; moto takes the image, the disks and little else from it."""

    @around(EC2Backend, "run_instances")
    def launch(run_instances, ec2, *args, **options):
        asked = options.get("launch_template")
        data = ec2._get_template_from_args(asked).data if asked else {}
        for interface in data.get("NetworkInterfaces", [])[:1]:
            if options.get("associate_public_ip") is None:
                options["associate_public_ip"] = interface.get("AssociatePublicIpAddress")
            options["security_group_ids"] = options.get("security_group_ids") or interface.get("Groups", [])
        reservation = run_instances(ec2, *args, **options)
        for instance in reservation.instances:
            if "IamInstanceProfile" in data:
                profile = data["IamInstanceProfile"]
                ec2.associate_iam_instance_profile(
                    instance.id,
                    iam_instance_profile_name=profile.get("Name"),
                    iam_instance_profile_arn=profile.get("Arn"),
                )
            if data.get("Monitoring", {}).get("Enabled"):
                instance.monitoring_state = "enabled"
            if "MetadataOptions" in data:
                instance.metadata_options = MetadataOptions(data["MetadataOptions"])
        return reservation


@slip
def launch_templates_show_their_tags() -> None:
    """A launch template shows the tags it has; moto those it was made with."""
    computed(LaunchTemplate, "tags", lambda template: template.get_tags())


@slip
def groups_notify_topics() -> None:
    """A group tells topics of SNS when it launches and terminates instances; moto does not know that it can."""

    def put(response):
        asked = response._get_params()
        group = response.autoscaling_backend.autoscaling_groups[asked["AutoScalingGroupName"]]
        group.notifications = getattr(group, "notifications", {}) | {asked["TopicARN"]: asked["NotificationTypes"]}
        return EmptyResult()

    def describe(response):
        asked = response._get_param("AutoScalingGroupNames") or []
        configurations = [
            {"AutoScalingGroupName": group.name, "TopicARN": topic, "NotificationType": kind}
            for group in response.autoscaling_backend.autoscaling_groups.values()
            if group.name in asked or not asked
            for topic, kinds in getattr(group, "notifications", {}).items()
            for kind in kinds
        ]
        return ActionResult({"NotificationConfigurations": configurations})

    AutoScalingResponse.put_notification_configuration = put
    AutoScalingResponse.describe_notification_configurations = describe


@slip
def scaling_policies_are_told_by_their_arn() -> None:
    """Auto Scaling answers PutScalingPolicy with the PolicyARN; moto with nothing, for it spells that otherwise."""

    @around(AutoScalingResponse, "put_scaling_policy")
    def put(put_scaling_policy, response):
        answer = put_scaling_policy(response)
        return ActionResult({"PolicyARN": answer.result["PolicyArn"]})


@slip
def scaling_policies_have_ids() -> None:
    """The ARN of each scaling policy holds an id drawn for it; moto's all hold the same."""
    same = FakeScalingPolicy.arn.fget

    @around(FakeScalingPolicy, "__init__")
    def make(init, policy, *args, **options):
        init(policy, *args, **options)
        policy.drawn = str(mock_random.uuid4())

    arn = property(lambda policy: re.sub("(?<=scalingPolicy:)[^:]+", policy.drawn, same(policy)))
    FakeScalingPolicy.arn = FakeScalingPolicy.policy_arn = arn


@slip
def instances_boot_from_their_image() -> None:
    """The first disk of an instance is the one its image names; moto attaches /dev/sda1 whatever the image says."""

    def attach_root(instance):
        volume = instance.ec2_backend.create_volume(size=8, zone_name=instance.availability_zone, volume_type="gp2")
        instance.ec2_backend.attach_volume(volume.id, instance.id, instance.root_device_name, True)

    Instance.setup_defaults = attach_root


@slip
def instances_take_their_interfaces_along() -> None:
    """The interface made for an instance is deleted with it; moto keeps it, attached to nothing."""

    @around(Instance, "prep_nics")
    def prepare(prepare_nics, instance, nics, **options):
        prepare_nics(instance, nics, **options)
        given = {nic.get("NetworkInterfaceId") for nic in nics}
        for interface in instance.nics.values():
            if interface.id not in given:
                interface.delete_on_termination = True
                interface.description = ""


class Held:
    """The attachment of an interface to something in an account of AWS."""

    def __init__(self, interface, holder):
        self.attachment_id = interface.attachment_id
        self.attach_time = utcnow()
        self.delete_on_termination = False
        self.device_index = 1
        self.network_card_index = 0
        self.instance_id = None
        self.instance_owner_id = holder
        self.status = "attached"


def hold(interface, holder, description):
    interface.attachment_id = f"eni-attach-{mock_random.get_random_hex(17)}"
    interface.held = Held(interface, holder)
    interface.requester_id = holder
    interface.requester_managed = True
    interface.status = "in-use"
    interface.description = description


@slip
def services_of_aws_hold_interfaces() -> None:
    """A load balancer has an interface in each of its subnets, and one of AWS's own accounts holds it, like those
    of databases, caches, mount targets, NAT gateways and endpoints; moto makes none for the first three and leaves
    the others free."""

    def make(ec2, balancer, subnet_ids, description):
        for subnet_id in subnet_ids:
            subnet = ec2.get_subnet(subnet_id)
            interface = ec2.create_network_interface(
                subnet,
                subnet.get_available_subnet_ip(instance=None),
                group_ids=balancer.security_groups,
                public_ip_auto_assign=balancer.scheme == "internet-facing",
            )
            hold(interface, "amazon-elb", description)

    def drop(ec2, description):
        for interface in [each for each in ec2.enis.values() if each.description == description]:
            interface.delete()

    attached = NetworkInterface.attachment.fget
    NetworkInterface.attachment = property(lambda interface: getattr(interface, "held", None) or attached(interface))

    @around(ELBv2Backend, "create_load_balancer")
    def create(create_load_balancer, elb, *args, **options):
        balancer = create_load_balancer(elb, *args, **options)
        subnets = [subnet.id for subnet in balancer.subnets]
        make(elb.ec2_backend, balancer, subnets, f"ELB {balancer.arn.split('loadbalancer/')[1]}")
        return balancer

    @around(ELBv2Backend, "delete_load_balancer")
    def delete(delete_load_balancer, elb, arn):
        delete_load_balancer(elb, arn)
        drop(elb.ec2_backend, f"ELB {arn.split('loadbalancer/')[1]}")

    @around(ELBBackend, "create_load_balancer")
    def create_classic(create_load_balancer, elb, *args, **options):
        balancer = create_load_balancer(elb, *args, **options)
        make(ec2_backends[elb.account_id][elb.region_name], balancer, balancer.subnets, f"ELB {balancer.name}")
        return balancer

    @around(ELBBackend, "delete_load_balancer")
    def delete_classic(delete_load_balancer, elb, name):
        delete_load_balancer(elb, name)
        drop(ec2_backends[elb.account_id][elb.region_name], f"ELB {name}")

    def settle(ec2, subnet_ids, zone, groups, holder, description):
        """An interface for what stands in one subnet of a group, if it stands in a network."""
        subnets = [ec2.get_subnet(subnet_id) for subnet_id in subnet_ids]
        for subnet in [it for it in subnets if it.availability_zone == zone][:1]:
            address = subnet.get_available_subnet_ip(instance=None)
            interface = ec2.create_network_interface(subnet, address, group_ids=groups)
            hold(interface, holder, description)
            return interface

    @around(ElastiCacheBackend, "create_cache_cluster")
    def create_cache(create_cache_cluster, elasticache, *args, **options):
        cache = create_cache_cluster(elasticache, *args, **options)
        if group := elasticache.cache_subnet_groups.get(cache.cache_subnet_group_name):
            settle(
                ec2_backends[elasticache.account_id][elasticache.region_name],
                group.subnet_ids,
                cache.preferred_availability_zone,
                cache.security_group_ids,
                "amazon-elasticache",
                f"ElastiCache {cache.cache_cluster_id}",
            )
        return cache

    @around(ElastiCacheBackend, "delete_cache_cluster")
    def delete_cache(delete_cache_cluster, elasticache, name):
        drop(ec2_backends[elasticache.account_id][elasticache.region_name], f"ElastiCache {name}")
        return delete_cache_cluster(elasticache, name)

    @around(EC2Backend, "create_nat_gateway")
    def create_nat(create_nat_gateway, ec2, *args, **options):
        gateway = create_nat_gateway(ec2, *args, **options)
        hold(gateway._eni, "amazon-aws", f"Interface for NAT Gateway {gateway.id}")
        gateway._eni.interface_type = "nat_gateway"
        gateway._eni._group_set = []
        return gateway

    @around(EC2Backend, "delete_nat_gateway")
    def delete_nat(delete_nat_gateway, ec2, gateway_id):
        drop(ec2, f"Interface for NAT Gateway {gateway_id}")
        return delete_nat_gateway(ec2, gateway_id)

    @around(EC2Backend, "create_vpc_endpoint")
    def create_endpoint(create_vpc_endpoint, ec2, *args, **options):
        endpoint = create_vpc_endpoint(ec2, *args, **options)
        for entry in endpoint.dns_entries:
            service = ".".join(reversed(endpoint.service_name.split(".")[3:]))
            entry["dns_name"] = f"{entry['dns_name'].split('.')[0]}.{service}.{ec2.region_name}.vpce.amazonaws.com"
            entry["hosted_zone_id"] = "Z7HUB22UULQXV"
        for interface_id in endpoint.network_interface_ids:
            interface = ec2.get_network_interface(interface_id)
            hold(interface, "amazon-aws", f"VPC Endpoint Interface {endpoint.id}")
            interface.interface_type = "vpc_endpoint"
            interface._group_set = [ec2.get_security_group_from_id(group) for group in endpoint.security_group_ids]
        return endpoint

    @around(EFSBackend, "create_mount_target")
    def mount(create_mount_target, efs, *args, **options):
        target = create_mount_target(efs, *args, **options)
        interface = efs.ec2_backend.get_network_interface(target.network_interface_id)
        hold(interface, "amazon-efs", f"EFS mount target for {target.file_system_id} ({target.mount_target_id})")
        return target


@slip
def interfaces_have_addresses_of_their_subnets() -> None:
    """An interface has an address of its subnet; moto gives those of NAT gateways and endpoints one from anywhere."""

    @around(EC2Backend, "create_network_interface")
    def create(create_network_interface, ec2, subnet, private_ip_address=None, *args, **options):
        address = private_ip_address
        within = ec2.get_subnet(subnet) if isinstance(subnet, str) else subnet
        if isinstance(address, str) and ipaddress.ip_address(address) not in within.cidr:
            address = within.get_available_subnet_ip(instance=None)
        return create_network_interface(ec2, within, address, *args, **options)


@slip
def public_addresses_belong_to_amazon() -> None:
    """A public address that is no elastic one belongs to amazon, or to the load balancer's account, and has a public
    name; moto gives it to the account, with a private name."""

    association = NetworkInterface.association.fget

    def with_owner(interface):
        answer = association(interface)
        if answer and "allocationId" not in answer:
            answer["ipOwnerId"] = interface.requester_id if interface.requester_managed else "amazon"
        if answer:
            answer["publicDnsName"] = f"ec2-{interface.public_ip.replace('.', '-')}.compute-1.amazonaws.com"
        return answer

    NetworkInterface.association = property(with_owner)


@slip
def default_groups_trust_themselves() -> None:
    """The default security group of a VPC lets everything in that comes from itself; moto's lets nothing in."""

    @around(EC2Backend, "create_security_group")
    def create(create_security_group, ec2, *args, **options):
        group = create_security_group(ec2, *args, **options)
        if group.is_default:
            ec2.authorize_security_group_ingress(
                group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}], vpc_id=group.vpc_id
            )
        return group


@slip
def volumes_say_whether_they_go_with_their_instance() -> None:
    """The attachment of a volume says whether it is deleted with the instance; moto knows, and does not say."""
    VolumeAttachment.delete_on_termination = property(
        lambda attachment: attachment.instance.block_device_mapping[attachment.device].delete_on_termination
    )


@slip
def networks_take_their_access_lists_along() -> None:
    """The default access list of a VPC goes when the VPC is deleted; moto keeps it."""

    @around(EC2Backend, "delete_vpc")
    def delete(delete_vpc, ec2, vpc_id):
        vpc = delete_vpc(ec2, vpc_id)
        for acl in [acl for acl in ec2.network_acls.values() if acl.vpc_id == vpc_id]:
            del ec2.network_acls[acl.id]
        return vpc


@slip
def unknown_access_lists_are_not_found() -> None:
    """An access list that is not there is told as such; moto says that a route table of that id is not there."""

    @around(EC2Backend, "describe_network_acls")
    def describe(describe_network_acls, ec2, network_acl_ids=None, filters=None):
        for name in network_acl_ids or []:
            if name not in ec2.network_acls:
                raise InvalidNetworkAclIdError(name)
        return describe_network_acls(ec2, network_acl_ids, filters)


@slip
def key_pairs_are_rsa_unless_told() -> None:
    """A key pair that AWS makes is of type rsa where no type is asked for; moto's has none."""

    @around(EC2Backend, "create_key_pair")
    def create(create_key_pair, ec2, name, key_type, *args, **options):
        return create_key_pair(ec2, name, key_type or "rsa", *args, **options)


@slip
def snapshots_are_told_by_whose_they_are() -> None:
    """DescribeSnapshots narrows by owner and by who may restore them; moto gives all, those of AWS's images too."""

    @around(ElasticBlockStore, "describe_snapshots")
    def describe(tell, response):
        owners = response._get_param("OwnerIds", [])
        restorable = response._get_param("RestorableByUserIds", [])

        def wanted(snapshot) -> bool:
            own = snapshot.owner_id == response.current_account
            return ("self" not in owners or own) and (
                "all" not in restorable or "all" in snapshot.create_volume_permission_groups
            )

        return ActionResult({"Snapshots": [it for it in tell(response).result["Snapshots"] if wanted(it)]})


@slip
def public_access_is_blocked_where_somebody_said_so() -> None:
    """DescribeVpcBlockPublicAccessOptions tells what the account keeps from its VPCs, `off` where nobody set it; moto
    does not know the call."""

    def describe(response) -> ActionResult:
        options = {
            "AwsAccountId": response.current_account,
            "AwsRegion": response.region,
            "State": "default-state",
            "InternetGatewayBlockMode": "off",
            "ManagedBy": "account",
            "ExclusionsAllowed": "allowed",
        }
        return ActionResult({"VpcBlockPublicAccessOptions": options})

    VPCs.describe_vpc_block_public_access_options = describe
