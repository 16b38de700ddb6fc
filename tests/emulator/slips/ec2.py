"""Slips of EC2, Auto Scaling and what other services keep in EC2."""

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.elastic_block_store import VolumeAttachment
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance
from moto.efs.models import EFSBackend
from moto.elb.models import ELBBackend
from moto.elbv2.models import ELBv2Backend
from moto.moto_api._internal import mock_random

from slips.patch import around, slip


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
    of the mount targets of a file system; moto makes none for the former and leaves the latter free."""

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

    @around(EFSBackend, "create_mount_target")
    def mount(create_mount_target, efs, *args, **options):
        target = create_mount_target(efs, *args, **options)
        interface = efs.ec2_backend.get_network_interface(target.network_interface_id)
        hold(interface, "amazon-efs", f"EFS mount target for {target.file_system_id} ({target.mount_target_id})")
        return target


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
def key_pairs_are_rsa_unless_told() -> None:
    """A key pair that AWS makes is of type rsa where no type is asked for; moto's has none."""

    @around(EC2Backend, "create_key_pair")
    def create(create_key_pair, ec2, name, key_type, *args, **options):
        return create_key_pair(ec2, name, key_type or "rsa", *args, **options)
