"""Makes every forbidden call, and fails when one is not refused as AWS refuses it.

    python -m strict.check http://127.0.0.1:5000

A rule that refuses nothing here is a hole in every proof that stands on it, so at the end each rule must have refused.
"""

import http.client
import io
import json
import sys
import traceback
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

CHECKS = []
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=120, connect_timeout=60)
ACCOUNT = "123456789012"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"})


class Aws:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def __getattr__(self, service: str):
        made = boto3.client(
            service.replace("_", "-"),
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=ONCE,
        )
        setattr(self, service, made)
        return made

    def tell(self, what: str, told=None):
        """Says something to the door."""
        request = urllib.request.Request(f"{self.endpoint}/-/{what}", json.dumps(told).encode(), method="POST")
        try:
            return json.loads(urllib.request.urlopen(request).read())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error


def check(function):
    CHECKS.append(function)
    return function


def refused(code: str, words: str, call, **given) -> ClientError:
    """Makes the call, and fails unless it is refused with this code and these words."""
    try:
        answer = call(**given)
    except ClientError as error:
        said = error.response["Error"]
        assert said["Code"] == code, f"{said}, expected {code}"
        assert words in said["Message"], f"{said}, expected {words!r}"
        return error
    raise AssertionError(f"{call.__name__} {given} was not refused but answered {answer}")


def until(condition, looks: int, what: str, least: int = 2) -> None:
    """Looks until it is so. A thing that is gone at the first look was never on its way, unless somebody looked before:
    a refusal is a look, too."""
    for count in range(1, looks + 1):
        if condition():
            assert count >= least, f"{what}: at the first look"
            return
    raise AssertionError(f"{what}: not after {looks} looks")


# ---- networks ------------------------------------------------------------------------------------


def network(aws, cidr="10.9.0.0/16") -> tuple[str, str, str]:
    vpc = aws.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr.replace("/16", "/24"))["Subnet"]["SubnetId"]
    group = aws.ec2.create_security_group(GroupName="check", Description="check", VpcId=vpc)["GroupId"]
    return vpc, subnet, group


def machine(aws, subnet: str, *groups: str, **more) -> str:
    answer = aws.ec2.run_instances(
        ImageId="ami-aff65ad2",
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        SecurityGroupIds=list(groups),
        **more,
    )
    return answer["Instances"][0]["InstanceId"]


def state(aws, instance: str) -> str:
    answer = aws.ec2.describe_instances(InstanceIds=[instance])
    return answer["Reservations"][0]["Instances"][0]["State"]["Name"]


def end(aws, instance: str) -> None:
    aws.ec2.terminate_instances(InstanceIds=[instance])
    until(lambda: state(aws, instance) == "terminated", 9, "a machine")


def interfaces(aws, **filters: str) -> list[dict]:
    asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return aws.ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"]


@check
def a_machine_keeps_its_subnet_and_its_group_until_it_is_terminated(aws) -> None:
    _, subnet, group = network(aws)
    instance = machine(aws, subnet, group)
    refused("DependencyViolation", f"The subnet '{subnet}' has dep", aws.ec2.delete_subnet, SubnetId=subnet)
    refused("DependencyViolation", f"resource {group} has a dep", aws.ec2.delete_security_group, GroupId=group)
    aws.ec2.terminate_instances(InstanceIds=[instance])
    assert state(aws, instance) == "shutting-down"
    refused("DependencyViolation", "dep", aws.ec2.delete_subnet, SubnetId=subnet)
    until(lambda: not interfaces(aws, subnet_id=subnet), 9, "the interface of a machine")
    assert state(aws, instance) == "terminated"
    aws.ec2.delete_security_group(GroupId=group)
    aws.ec2.delete_subnet(SubnetId=subnet)


@check
def a_free_interface_keeps_its_subnet(aws) -> None:
    _, subnet, group = network(aws)
    interface = aws.ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    refused("DependencyViolation", "dep", aws.ec2.delete_subnet, SubnetId=subnet)
    aws.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    aws.ec2.delete_subnet(SubnetId=subnet)


@check
def groups_that_name_each_other_hold_each_other(aws) -> None:
    vpc, _, group = network(aws)
    other = aws.ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}]
    aws.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
    aws.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    refused("DependencyViolation", "dependent object", aws.ec2.delete_security_group, GroupId=group)
    aws.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=rule)
    aws.ec2.authorize_security_group_egress(GroupId=other, IpPermissions=rule)
    refused("DependencyViolation", "dependent object", aws.ec2.delete_security_group, GroupId=group)
    aws.ec2.revoke_security_group_egress(GroupId=other, IpPermissions=rule)
    # What it says of itself does not hold it.
    aws.ec2.delete_security_group(GroupId=group)


@check
def a_default_group_stays(aws) -> None:
    vpc, _, _ = network(aws)
    groups = aws.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    (default,) = (it["GroupId"] for it in groups if it["GroupName"] == "default")
    refused("CannotDelete", "cannot be deleted by a user", aws.ec2.delete_security_group, GroupId=default)


@check
def a_network_goes_when_it_is_empty(aws) -> None:
    vpc, subnet, group = network(aws)
    go = {"call": aws.ec2.delete_vpc, "VpcId": vpc}
    words = f"The vpc '{vpc}' has dependencies and cannot be deleted."
    refused("DependencyViolation", words, **go)
    aws.ec2.delete_subnet(SubnetId=subnet)
    refused("DependencyViolation", words, **go)
    aws.ec2.delete_security_group(GroupId=group)
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    refused("DependencyViolation", words, **go)
    refused("DependencyViolation", "has dep", aws.ec2.delete_internet_gateway, InternetGatewayId=gateway)
    aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    refused("Gateway.NotAttached", "", aws.ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
    table = aws.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    refused("DependencyViolation", words, **go)
    aws.ec2.delete_route_table(RouteTableId=table)
    access = aws.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    refused("DependencyViolation", words, **go)
    aws.ec2.delete_network_acl(NetworkAclId=access)
    endpoint = aws.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"]
    refused("DependencyViolation", words, **go)
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    (table,) = aws.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    change = {"VpcEndpointId": endpoint["VpcEndpointId"]}
    aws.ec2.modify_vpc_endpoint(AddRouteTableIds=[table["RouteTableId"]], **change)
    aws.ec2.modify_vpc_endpoint(RemoveRouteTableIds=[table["RouteTableId"]], **change)
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
    refused("DependencyViolation", words, **go)
    here = lambda: {it["VpcEndpointId"] for it in aws.ec2.describe_vpc_endpoints()["VpcEndpoints"]}
    until(lambda: endpoint["VpcEndpointId"] not in here(), 9, "an endpoint")
    aws.ec2.delete_vpc(VpcId=vpc)
    assert not aws.ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
    assert not aws.ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]
    assert not aws.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]


@check
def an_interface_endpoint_holds_its_subnet_and_its_group(aws) -> None:
    vpc, subnet, group = network(aws)
    endpoint = aws.ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.ecr.api",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
        SecurityGroupIds=[group],
    )["VpcEndpoint"]["VpcEndpointId"]
    (interface,) = interfaces(aws, subnet_id=subnet)
    refused(
        "InvalidParameterValue",
        "is currently in use",
        aws.ec2.delete_network_interface,
        NetworkInterfaceId=interface["NetworkInterfaceId"],
    )
    refused(
        "OperationNotPermitted",
        "You are not allowed to manage 'ela-attach' attachments.",
        aws.ec2.detach_network_interface,
        AttachmentId=interface["Attachment"]["AttachmentId"],
    )
    aws.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    refused("DependencyViolation", "dep", aws.ec2.delete_subnet, SubnetId=subnet)
    refused("DependencyViolation", "dep", aws.ec2.delete_security_group, GroupId=group)
    until(lambda: not interfaces(aws, subnet_id=subnet), 9, "the interface of an endpoint")
    aws.ec2.delete_subnet(SubnetId=subnet)
    aws.ec2.delete_security_group(GroupId=group)


@check
def main_and_default_things_go_with_their_network(aws) -> None:
    vpc, _, _ = network(aws)
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
    (table,) = aws.ec2.describe_route_tables(Filters=of_vpc)["RouteTables"]
    refused("DependencyViolation", "has dep", aws.ec2.delete_route_table, RouteTableId=table["RouteTableId"])
    (association,) = (it["RouteTableAssociationId"] for it in table["Associations"])
    refused("InvalidParameterValue", "main", aws.ec2.disassociate_route_table, AssociationId=association)
    (access,) = aws.ec2.describe_network_acls(Filters=of_vpc)["NetworkAcls"]
    refused("InvalidParameterValue", "default", aws.ec2.delete_network_acl, NetworkAclId=access["NetworkAclId"])


@check
def the_association_of_a_subnet_goes_with_it(aws) -> None:
    vpc, subnet, _ = network(aws)
    table = aws.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    aws.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    refused("DependencyViolation", "has dep", aws.ec2.delete_route_table, RouteTableId=table)
    aws.ec2.delete_subnet(SubnetId=subnet)
    aws.ec2.delete_route_table(RouteTableId=table)


@check
def a_public_address_keeps_the_gateway(aws) -> None:
    vpc, subnet, group = network(aws)
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    instance = machine(aws, subnet, group)
    (interface,) = interfaces(aws, subnet_id=subnet)
    refused(
        "OperationNotPermitted",
        "device index 0",
        aws.ec2.detach_network_interface,
        AttachmentId=interface["Attachment"]["AttachmentId"],
    )
    address = aws.ec2.allocate_address(Domain="vpc")
    association = aws.ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=instance)["AssociationId"]
    detach = {"call": aws.ec2.detach_internet_gateway, "InternetGatewayId": gateway, "VpcId": vpc}
    refused("DependencyViolation", f"Network {vpc} has some mapped public address(es).", **detach)
    refused(
        "InvalidIPAddress.InUse",
        f"Address {address['PublicIp']} is in use.",
        aws.ec2.release_address,
        AllocationId=address["AllocationId"],
    )
    aws.ec2.disassociate_address(AssociationId=association)
    aws.ec2.release_address(AllocationId=address["AllocationId"])
    aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)


@check
def a_nat_gateway_holds_its_subnet_and_its_address_until_it_is_deleted(aws) -> None:
    vpc, subnet, _ = network(aws)
    gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = aws.ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = aws.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    (told,) = aws.ec2.describe_addresses(AllocationIds=[address])["Addresses"]
    refused("AuthFailure", "", aws.ec2.disassociate_address, AssociationId=told["AssociationId"])
    aws.ec2.delete_nat_gateway(NatGatewayId=nat)
    refused("InvalidIPAddress.InUse", "in use", aws.ec2.release_address, AllocationId=address)
    refused("DependencyViolation", "dep", aws.ec2.delete_subnet, SubnetId=subnet)
    told = lambda: aws.ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]["State"]
    states = [told() for _ in range(5)]
    assert states[-1] == "deleted", states
    aws.ec2.release_address(AllocationId=address)
    aws.ec2.delete_subnet(SubnetId=subnet)
    aws.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    refused("NatGatewayNotFound", "was not found", aws.ec2.delete_nat_gateway, NatGatewayId="nat-00000000000000000")


@check
def a_dry_run_is_never_asked_for(aws) -> None:
    vpc, _, _ = network(aws)
    refused("DryRunIsUsed", "", aws.ec2.delete_vpc, VpcId=vpc, DryRun=True)
    assert aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]


# ---- machines ------------------------------------------------------------------------------------


@check
def one_protected_machine_keeps_all(aws) -> None:
    _, subnet, group = network(aws)
    one, other = machine(aws, subnet, group), machine(aws, subnet, group, DisableApiTermination=True)
    words = f"The instance '{other}' may not be terminated. Modify its 'disableApiTermination' instance attribute"
    refused("OperationNotPermitted", words, aws.ec2.terminate_instances, InstanceIds=[one, other])
    assert state(aws, one) == "running"
    aws.ec2.modify_instance_attribute(InstanceId=other, DisableApiTermination={"Value": False})
    aws.ec2.terminate_instances(InstanceIds=[one, other])


@check
def an_interface_that_was_given_to_a_machine_is_free_after_it(aws) -> None:
    _, subnet, group = network(aws)
    made = aws.ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]["NetworkInterfaceId"]
    instance = machine(aws, subnet, group)
    aws.ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId=instance, DeviceIndex=1)
    refused("InvalidParameterValue", "in use", aws.ec2.delete_network_interface, NetworkInterfaceId=made)
    end(aws, instance)
    aws.ec2.delete_network_interface(NetworkInterfaceId=made)


@check
def a_disk_is_in_use_until_its_machine_is_terminated(aws) -> None:
    _, subnet, group = network(aws)
    instance = machine(aws, subnet, group)
    zone = aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["AvailabilityZone"]
    disk = aws.ec2.create_volume(Size=1, AvailabilityZone=zone)["VolumeId"]
    aws.ec2.attach_volume(VolumeId=disk, InstanceId=instance, Device="/dev/sdf")
    aws.ec2.terminate_instances(InstanceIds=[instance])
    refused("VolumeInUse", "", aws.ec2.delete_volume, VolumeId=disk)
    until(lambda: state(aws, instance) == "terminated", 9, "a machine")
    aws.ec2.delete_volume(VolumeId=disk)


# ---- groups of machines --------------------------------------------------------------------------


def launch_configuration(aws, name: str, group: str) -> None:
    aws.autoscaling.create_launch_configuration(
        LaunchConfigurationName=name, ImageId="ami-aff65ad2", InstanceType="t2.micro", SecurityGroups=[group]
    )


def scaling_group(aws, name: str, subnet: str, size: int = 2, **more) -> None:
    aws.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchConfigurationName=name,
        MinSize=0,
        MaxSize=9,
        DesiredCapacity=size,
        VPCZoneIdentifier=subnet,
        **more,
    )


def members(aws, name: str) -> list[dict]:
    answer = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return [it for group in answer["AutoScalingGroups"] for it in group["Instances"]]


def groups(aws, name: str) -> list[dict]:
    return aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]


@check
def a_group_of_machines_is_emptied_before_it_goes(aws) -> None:
    _, subnet, group = network(aws)
    launch_configuration(aws, "emptied", group)
    scaling_group(aws, "emptied", subnet)
    go = {"call": aws.autoscaling.delete_auto_scaling_group, "AutoScalingGroupName": "emptied"}
    drop = {"call": aws.autoscaling.delete_launch_configuration, "LaunchConfigurationName": "emptied"}
    refused("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances", **go)
    refused("ResourceInUse", "because it is attached to AutoScalingGroup emptied", **drop)
    aws.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="emptied", MinSize=0, MaxSize=0, DesiredCapacity=0
    )
    assert [it["LifecycleState"] for it in members(aws, "emptied")] == ["Terminating"] * 2
    refused("ScalingActivityInProgress", "while there are scaling activities in progress", **go)
    until(lambda: not members(aws, "emptied"), 9, "the machines of a group")
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="emptied")
    refused("ResourceInUse", "attached", **drop)
    assert not groups(aws, "emptied")
    aws.autoscaling.delete_launch_configuration(LaunchConfigurationName="emptied")


@check
def a_forced_group_is_there_until_its_last_machine_is_gone_protected_or_not(aws) -> None:
    _, subnet, group = network(aws)
    launch_configuration(aws, "forced", group)
    scaling_group(aws, "forced", subnet, NewInstancesProtectedFromScaleIn=True)
    machines = [it["InstanceId"] for it in members(aws, "forced")]
    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName="forced", MinSize=0, DesiredCapacity=0)
    assert {it["LifecycleState"] for it in members(aws, "forced")} == {"InService"}
    # Unprotected it goes on to where it should be, without being told again.
    unprotect = {"InstanceIds": machines[:1], "ProtectedFromScaleIn": False}
    aws.autoscaling.set_instance_protection(AutoScalingGroupName="forced", **unprotect)
    members(aws, "forced")
    assert sorted(it["LifecycleState"] for it in members(aws, "forced")) == ["InService", "Terminating"]
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="forced", ForceDelete=True)
    assert groups(aws, "forced")[0]["Status"] == "Delete in progress"
    refused(
        "ScalingActivityInProgress",
        "in progress",
        aws.autoscaling.delete_auto_scaling_group,
        AutoScalingGroupName="forced",
        ForceDelete=True,
    )
    refused(
        "ValidationError",
        "pending delete",
        aws.autoscaling.update_auto_scaling_group,
        AutoScalingGroupName="forced",
        MinSize=1,
    )
    until(lambda: not groups(aws, "forced"), 9, "a forced group", 1)
    assert {state(aws, it) for it in machines} == {"terminated"}
    refused(
        "ValidationError",
        "not found",
        aws.autoscaling.set_instance_protection,
        AutoScalingGroupName="forced",
        InstanceIds=machines,
        ProtectedFromScaleIn=False,
    )


@check
def a_protected_group_stays(aws) -> None:
    _, subnet, group = network(aws)
    launch_configuration(aws, "kept", group)
    scaling_group(aws, "kept", subnet, 0, DeletionProtection="prevent-all-deletion")
    assert groups(aws, "kept")[0]["DeletionProtection"] == "prevent-all-deletion"
    go = {"call": aws.autoscaling.delete_auto_scaling_group, "AutoScalingGroupName": "kept"}
    refused("ValidationError", "deletion protection", **go)
    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName="kept", DeletionProtection="prevent-force-deletion")
    refused("ValidationError", "deletion protection", ForceDelete=True, **go)
    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName="kept", DeletionProtection="none")
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="kept")


@check
def a_group_replaces_a_machine_that_is_taken_from_it(aws) -> None:
    _, subnet, group = network(aws)
    launch_configuration(aws, "refilled", group)
    scaling_group(aws, "refilled", subnet, 1)
    (before,) = (it["InstanceId"] for it in members(aws, "refilled"))
    aws.ec2.terminate_instances(InstanceIds=[before])
    after = [it["InstanceId"] for it in members(aws, "refilled") if it["LifecycleState"] == "InService"]
    assert len(after) == 1 and before not in after, after


@check
def policies_and_their_alarms_go_with_their_group(aws) -> None:
    _, subnet, group = network(aws)
    launch_configuration(aws, "scaled", group)
    scaling_group(aws, "scaled", subnet, 0)
    policy = aws.autoscaling.put_scaling_policy(
        AutoScalingGroupName="scaled", PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )["PolicyARN"]
    aws.cloudwatch.put_metric_alarm(
        AlarmName="scaled",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[policy],
    )
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="scaled", ForceDelete=True)
    until(lambda: not groups(aws, "scaled"), 9, "a group")
    assert not aws.autoscaling.describe_policies(PolicyNames=["up"])["ScalingPolicies"]
    assert not aws.cloudwatch.describe_alarms(AlarmNames=["scaled"])["MetricAlarms"]


# ---- clusters ------------------------------------------------------------------------------------


def machine_in(aws, cluster: str) -> tuple[str, str]:
    """A machine that joins a cluster, and the container instance it is there."""
    _, subnet, group = network(aws)
    instance = machine(aws, subnet, group, UserData=f"echo ECS_CLUSTER={cluster}")
    (member,) = aws.ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    return instance, member


def define(aws, family: str) -> str:
    container = {"name": "web", "image": "nginx", "cpu": 10, "memory": 10, "portMappings": []}
    return aws.ecs.register_task_definition(family=family, containerDefinitions=[container])["taskDefinition"][
        "taskDefinitionArn"
    ]


@check
def a_cluster_goes_after_its_services_its_tasks_and_its_machines(aws) -> None:
    aws.ecs.create_cluster(clusterName="emptied")
    instance, member = machine_in(aws, "emptied")
    define(aws, "emptied")
    aws.ecs.create_service(cluster="emptied", serviceName="web", taskDefinition="emptied", desiredCount=1)
    (task,) = aws.ecs.list_tasks(cluster="emptied")["taskArns"]
    go = {"call": aws.ecs.delete_cluster, "cluster": "emptied"}
    active = "The Cluster cannot be deleted while Services are active."
    refused("ClusterContainsServicesException", active, **go)
    refused("InvalidParameterException", "scaled above 0", aws.ecs.delete_service, cluster="emptied", service="web")
    refused(
        "InvalidParameterException",
        "running tasks",
        aws.ecs.deregister_container_instance,
        cluster="emptied",
        containerInstance=member,
    )
    aws.ecs.delete_service(cluster="emptied", service="web", force=True)
    assert not aws.ecs.list_services(cluster="emptied")["serviceArns"]
    refused("ClusterContainsServicesException", active, **go)
    status = lambda: aws.ecs.describe_services(cluster="emptied", services=["web"])["services"][0]["status"]
    assert status() == "DRAINING"
    refused("ServiceNotActiveException", "ACTIVE", aws.ecs.update_service, cluster="emptied", service="web")
    until(lambda: status() == "INACTIVE", 9, "a service", 1)
    refused("ServiceNotFoundException", "not found", aws.ecs.delete_service, cluster="emptied", service="web")
    (told,) = aws.ecs.describe_tasks(cluster="emptied", tasks=[task])["tasks"]
    assert told["lastStatus"] == "STOPPED", told
    words = "The Cluster cannot be deleted while Container Instances are active or draining."
    refused("ClusterContainsContainerInstancesException", words, **go)
    end(aws, instance)
    assert not aws.ecs.list_container_instances(cluster="emptied")["containerInstanceArns"]
    aws.ecs.delete_cluster(cluster="emptied")


@check
def a_service_whose_role_is_gone_drains_for_ever(aws) -> None:
    aws.ecs.create_cluster(clusterName="orphan")
    define(aws, "orphan")
    aws.iam.create_role(RoleName="orphan", AssumeRolePolicyDocument=TRUST)
    role = f"arn:aws:iam::{ACCOUNT}:role/orphan"
    aws.ecs.create_service(cluster="orphan", serviceName="web", taskDefinition="orphan", desiredCount=0, role=role)
    aws.iam.delete_role(RoleName="orphan")
    aws.ecs.delete_service(cluster="orphan", service="web")
    status = lambda: aws.ecs.describe_services(cluster="orphan", services=["web"])["services"][0]["status"]
    assert [status() for _ in range(9)] == ["DRAINING"] * 9
    aws.iam.create_role(RoleName="orphan", AssumeRolePolicyDocument=TRUST)
    until(lambda: status() == "INACTIVE", 9, "a service")


@check
def a_scaled_service_comes_back(aws) -> None:
    aws.ecs.create_cluster(clusterName="returning")
    define(aws, "returning")
    aws.ecs.create_service(cluster="returning", serviceName="web", taskDefinition="returning", desiredCount=2)
    scaling = aws.application_autoscaling
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/returning/web",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling.register_scalable_target(MinCapacity=1, MaxCapacity=3, **target)
    wanted = lambda: aws.ecs.describe_services(cluster="returning", services=["web"])["services"][0]["desiredCount"]
    aws.ecs.update_service(cluster="returning", service="web", desiredCount=0)
    until(lambda: wanted() == 1, 9, "a service")
    scaling.put_scaling_policy(
        PolicyName="up",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
        **target,
    )
    scaling.deregister_scalable_target(**target)
    assert not scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId="service/returning/web")[
        "ScalingPolicies"
    ]
    refused("ObjectNotFoundException", "No scalable target", scaling.deregister_scalable_target, **target)
    aws.ecs.update_service(cluster="returning", service="web", desiredCount=0)
    assert [wanted() for _ in range(5)] == [0] * 5


@check
def a_task_stops_slowly(aws) -> None:
    aws.ecs.create_cluster(clusterName="slow")
    _, member = machine_in(aws, "slow")
    define(aws, "slow")
    task = aws.ecs.run_task(cluster="slow", taskDefinition="slow")["tasks"][0]["taskArn"]
    aws.ecs.stop_task(cluster="slow", task=task)
    aws.ecs.deregister_container_instance(cluster="slow", containerInstance=member, force=True)
    refused(
        "ClusterContainsTasksException",
        "The Cluster cannot be deleted while Tasks are active.",
        aws.ecs.delete_cluster,
        cluster="slow",
    )
    status = lambda: aws.ecs.describe_tasks(cluster="slow", tasks=[task])["tasks"][0]["lastStatus"]
    told = [status() for _ in range(4)]
    assert told[-1] == "STOPPED", told
    aws.ecs.delete_cluster(cluster="slow")
    refused(
        "InvalidParameterException", "task was not found", aws.ecs.stop_task, cluster="slow", task="0" * 32
    )
    refused(
        "InvalidParameterException",
        "container instance was not found",
        aws.ecs.deregister_container_instance,
        cluster="slow",
        containerInstance=member,
    )


@check
def a_cluster_keeps_a_machine_whose_agent_is_silent(aws) -> None:
    aws.ecs.create_cluster(clusterName="deaf")
    instance, member = machine_in(aws, "deaf")
    aws.tell("disconnect", {"instance": instance})
    end(aws, instance)
    refused("ClusterContainsContainerInstancesException", "active", aws.ecs.delete_cluster, cluster="deaf")
    aws.ecs.deregister_container_instance(cluster="deaf", containerInstance=member)
    aws.ecs.delete_cluster(cluster="deaf")


@check
def a_capacity_provider_leaves_its_cluster_before_it_goes(aws) -> None:
    _, subnet, group = network(aws)
    launch_configuration(aws, "provided", group)
    scaling_group(aws, "provided", subnet, 0)
    arn = groups(aws, "provided")[0]["AutoScalingGroupARN"]
    aws.ecs.create_capacity_provider(name="provided", autoScalingGroupProvider={"autoScalingGroupArn": arn})
    aws.ecs.create_cluster(clusterName="provided")
    put = lambda *names: aws.ecs.put_cluster_capacity_providers(
        cluster="provided", capacityProviders=list(names), defaultCapacityProviderStrategy=[]
    )
    put("provided")
    busy = "Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state"
    refused("UpdateInProgressException", busy, put_none(aws, "provided"))
    refused("UpdateInProgressException", busy, aws.ecs.delete_cluster, cluster="provided")
    settled = lambda: aws.ecs.describe_clusters(clusters=["provided"])["clusters"][0]["attachmentsStatus"]
    until(lambda: settled() == "UPDATE_COMPLETE", 9, "a cluster", 1)
    define(aws, "provided")
    strategy = [{"capacityProvider": "provided", "weight": 1}]
    aws.ecs.create_service(
        cluster="provided",
        serviceName="web",
        taskDefinition="provided",
        desiredCount=0,
        capacityProviderStrategy=strategy,
    )
    in_use = "The specified capacity provider is in use and cannot be removed."
    refused("ResourceInUseException", in_use, put_none(aws, "provided"))
    aws.ecs.delete_service(cluster="provided", service="web")
    refused("ResourceInUseException", in_use, put_none(aws, "provided"))
    status = lambda: aws.ecs.describe_services(cluster="provided", services=["web"])["services"][0]["status"]
    until(lambda: status() == "INACTIVE", 9, "a service")
    told = aws.ecs.delete_capacity_provider(capacityProvider="provided")["capacityProvider"]
    assert told["updateStatus"] == "DELETE_FAILED" and "cluster provided" in told["updateStatusReason"], told
    put()
    until(lambda: settled() == "UPDATE_COMPLETE", 9, "a cluster")
    told = aws.ecs.delete_capacity_provider(capacityProvider="provided")["capacityProvider"]
    assert told["updateStatus"] == "DELETE_IN_PROGRESS", told
    left = lambda: [it["name"] for it in aws.ecs.describe_capacity_providers()["capacityProviders"]]
    until(lambda: "provided" not in left(), 9, "a capacity provider")
    refused("ClientException", "not found", aws.ecs.delete_capacity_provider, capacityProvider="provided")
    refused("ClientException", "reserved", aws.ecs.delete_capacity_provider, capacityProvider="FARGATE")
    aws.ecs.delete_cluster(cluster="provided")


def put_none(aws, cluster: str):
    def put_cluster_capacity_providers():
        return aws.ecs.put_cluster_capacity_providers(
            cluster=cluster, capacityProviders=[], defaultCapacityProviderStrategy=[]
        )

    return put_cluster_capacity_providers


# ---- load balancers ------------------------------------------------------------------------------


def balancer(aws, name: str, *groups: str, subnets: list[str]) -> str:
    return aws.elbv2.create_load_balancer(Name=name, Subnets=subnets, SecurityGroups=list(groups))["LoadBalancers"][0][
        "LoadBalancerArn"
    ]


def network_of_two(aws) -> tuple[str, list[str], str]:
    vpc, subnet, group = network(aws)
    other = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", AvailabilityZone="us-east-1b")
    return vpc, [subnet, other["Subnet"]["SubnetId"]], group


@check
def a_protected_balancer_stays_and_the_interfaces_of_a_deleted_one_linger(aws) -> None:
    vpc, subnets, group = network_of_two(aws)
    arn = balancer(aws, "lingering", group, subnets=subnets)
    protect = lambda value: aws.elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": value}]
    )
    protect("true")
    words = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    refused("OperationNotPermitted", words, aws.elbv2.delete_load_balancer, LoadBalancerArn=arn)
    protect("false")
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    refused("LoadBalancerNotFound", "", aws.elbv2.describe_load_balancers, LoadBalancerArns=[arn])
    refused("DependencyViolation", "dependent object", aws.ec2.delete_security_group, GroupId=group)
    refused("DependencyViolation", "has dep", aws.ec2.delete_subnet, SubnetId=subnets[0])
    # Each refusal was a look, too.
    left = [len(interfaces(aws, group_id=group)) for _ in range(4)]
    assert left[0] == 2 and left[-1] == 0, left
    aws.ec2.delete_security_group(GroupId=group)


@check
def the_last_lines_of_an_access_log_come_late(aws) -> None:
    _, subnets, group = network_of_two(aws)
    aws.s3.create_bucket(Bucket="check-logs")
    arn = balancer(aws, "logging", group, subnets=subnets)
    logs = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "check-logs"}
    attributes = [{"Key": key, "Value": value} for key, value in logs.items()]
    aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="check-logs")
    until(lambda: not interfaces(aws, group_id=group), 9, "the interfaces of a balancer")
    refused("BucketNotEmpty", "", aws.s3.delete_bucket, Bucket="check-logs")


@check
def the_interfaces_of_a_function_linger_and_those_of_another_do_not_go_with_it(aws) -> None:
    _, subnets, group = network_of_two(aws)
    role = aws.iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as code:
        code.writestr("index.py", "def handler(event, context): pass")
    functions = getattr(aws, "lambda")
    for name in ("web", "web-worker"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Role=role,
            Handler="index.handler",
            Code={"ZipFile": packed.getvalue()},
            VpcConfig={"SubnetIds": subnets, "SecurityGroupIds": [group]},
        )
    assert len(interfaces(aws, group_id=group)) == 4
    functions.delete_function(FunctionName="web")
    refused("ResourceNotFoundException", "", functions.get_function, FunctionName="web")
    assert len(interfaces(aws, group_id=group)) == 4
    refused("DependencyViolation", "has dep", aws.ec2.delete_subnet, SubnetId=subnets[0])
    until(lambda: len(interfaces(aws, group_id=group)) == 2, 9, "the interfaces of a function")
    functions.delete_function(FunctionName="web-worker")
    until(lambda: not interfaces(aws, group_id=group), 9, "the interfaces of the other function")
    aws.ec2.delete_security_group(GroupId=group)


@check
def the_interfaces_of_a_classic_balancer_linger(aws) -> None:
    _, subnets, group = network_of_two(aws)
    aws.elb.create_load_balancer(
        LoadBalancerName="classic",
        Subnets=subnets,
        SecurityGroups=[group],
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}],
    )
    aws.elb.delete_load_balancer(LoadBalancerName="classic")
    refused("DependencyViolation", "dependent object", aws.ec2.delete_security_group, GroupId=group)
    until(lambda: not interfaces(aws, group_id=group), 9, "the interfaces of a classic balancer")
    aws.ec2.delete_security_group(GroupId=group)


@check
def a_certificate_goes_after_its_listener(aws) -> None:
    vpc, subnets, group = network_of_two(aws)
    arn = balancer(aws, "certified", group, subnets=subnets)
    certificate = aws.acm.request_certificate(DomainName="check.example")["CertificateArn"]
    targets = aws.elbv2.create_target_group(Name="certified", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    forward = [{"Type": "forward", "TargetGroupArn": targets["TargetGroupArn"]}]
    listener = aws.elbv2.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=forward,
    )["Listeners"][0]["ListenerArn"]
    (rule,) = aws.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    refused("OperationNotPermitted", "Default rule", aws.elbv2.delete_rule, RuleArn=rule["RuleArn"])
    refused(
        "ResourceInUse", "", aws.elbv2.delete_target_group, TargetGroupArn=targets["TargetGroupArn"]
    )
    in_use = lambda: aws.acm.describe_certificate(CertificateArn=certificate)["Certificate"].get("InUseBy", [])
    assert in_use() == [arn]
    words = f"Certificate {certificate} in account {ACCOUNT} is in use."
    refused("ResourceInUseException", words, aws.acm.delete_certificate, CertificateArn=certificate)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)
    refused("ResourceInUseException", words, aws.acm.delete_certificate, CertificateArn=certificate)
    told = [in_use() for _ in range(3)]
    assert told[-1] == [], told
    aws.acm.delete_certificate(CertificateArn=certificate)


# ---- data ----------------------------------------------------------------------------------------


@check
def a_database_goes_slowly_and_with_a_word_about_its_snapshot(aws) -> None:
    vpc, subnets, group = network_of_two(aws)
    aws.rds.create_db_subnet_group(DBSubnetGroupName="check", DBSubnetGroupDescription="check", SubnetIds=subnets)
    aws.rds.create_db_instance(
        DBInstanceIdentifier="check",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        MasterUsername="root",
        MasterUserPassword="planted-secret",
        AllocatedStorage=20,
        DBSubnetGroupName="check",
        VpcSecurityGroupIds=[group],
        DeletionProtection=True,
    )
    go = {"call": aws.rds.delete_db_instance, "DBInstanceIdentifier": "check"}
    protected = "Cannot delete protected DB Instance, please disable deletion protection and try again."
    refused("InvalidParameterCombination", protected, SkipFinalSnapshot=True, **go)
    aws.rds.modify_db_instance(DBInstanceIdentifier="check", DeletionProtection=False, ApplyImmediately=True)
    refused("InvalidParameterCombination", "is required unless", **go)
    both = {"SkipFinalSnapshot": True, "FinalDBSnapshotIdentifier": "last"}
    refused("InvalidParameterCombination", "can not be specified", **both, **go)
    in_use = {"call": aws.rds.delete_db_subnet_group, "DBSubnetGroupName": "check"}
    refused("InvalidDBSubnetGroupStateFault", "at least one database instance: check", **in_use)
    aws.rds.delete_db_instance(DBInstanceIdentifier="check", FinalDBSnapshotIdentifier="last")
    told = lambda: aws.rds.describe_db_instances(DBInstanceIdentifier="check")["DBInstances"][0]["DBInstanceStatus"]
    assert told() == "deleting"
    refused("InvalidDBInstanceState", "already being deleted", SkipFinalSnapshot=True, **go)
    refused("InvalidDBSubnetGroupStateFault", "still using it", **in_use)
    gone = lambda: "check" not in {
        it["DBInstanceIdentifier"] for it in aws.rds.describe_db_instances()["DBInstances"]
    }
    until(gone, 9, "a database")
    (snapshot,) = aws.rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"]
    assert snapshot["Status"] == "available"
    aws.rds.delete_db_subnet_group(DBSubnetGroupName="check")
    assert not interfaces(aws, group_id=group)


@check
def a_cluster_of_databases_goes_after_its_members(aws) -> None:
    credentials = {"MasterUsername": "root", "MasterUserPassword": "planted-secret"}
    aws.rds.create_db_cluster(DBClusterIdentifier="aurora", Engine="aurora-mysql", **credentials)
    aws.rds.create_db_instance(
        DBInstanceIdentifier="member",
        DBInstanceClass="db.r5.large",
        Engine="aurora-mysql",
        DBClusterIdentifier="aurora",
    )
    go = {"call": aws.rds.delete_db_cluster, "DBClusterIdentifier": "aurora", "SkipFinalSnapshot": True}
    words = "Cluster cannot be deleted, it still contains DB instances in non-deleting state."
    refused("InvalidDBClusterStateFault", words, **go)
    aws.rds.delete_db_instance(DBInstanceIdentifier="member", SkipFinalSnapshot=True)
    refused("InvalidParameterCombination", "is required unless", go["call"], DBClusterIdentifier="aurora")
    aws.rds.delete_db_cluster(DBClusterIdentifier="aurora", SkipFinalSnapshot=True)
    refused("InvalidDBClusterStateFault", "already being deleted", **go)
    clusters = lambda: {it["DBClusterIdentifier"] for it in aws.rds.describe_db_clusters()["DBClusters"]}
    until(lambda: "aurora" not in clusters(), 12, "a cluster of databases")


@check
def a_cluster_of_databases_holds_its_group_of_subnets(aws) -> None:
    _, subnets, _ = network_of_two(aws)
    aws.rds.create_db_subnet_group(DBSubnetGroupName="held", DBSubnetGroupDescription="held", SubnetIds=subnets)
    aws.rds.create_db_cluster(
        DBClusterIdentifier="held",
        Engine="aurora-mysql",
        DBSubnetGroupName="held",
        MasterUsername="root",
        MasterUserPassword="planted-secret",
    )
    refused(
        "InvalidDBSubnetGroupStateFault",
        "at least one database cluster: held",
        aws.rds.delete_db_subnet_group,
        DBSubnetGroupName="held",
    )


@check
def a_cache_goes_slowly(aws) -> None:
    _, subnets, group = network_of_two(aws)
    aws.elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="check", CacheSubnetGroupDescription="check", SubnetIds=subnets
    )
    aws.elasticache.create_cache_cluster(
        CacheClusterId="check",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
        CacheSubnetGroupName="check",
        SecurityGroupIds=[group],
    )
    in_use = {"call": aws.elasticache.delete_cache_subnet_group, "CacheSubnetGroupName": "check"}
    refused("CacheSubnetGroupInUse", "in use", **in_use)
    aws.elasticache.delete_cache_cluster(CacheClusterId="check")
    refused("InvalidCacheClusterState", "", aws.elasticache.delete_cache_cluster, CacheClusterId="check")
    refused("CacheSubnetGroupInUse", "in use", **in_use)
    caches = lambda: {it["CacheClusterId"] for it in aws.elasticache.describe_cache_clusters()["CacheClusters"]}
    assert "check" in caches()
    until(lambda: "check" not in caches(), 9, "a cache", 1)


@check
def a_group_of_caches_goes_with_its_members(aws) -> None:
    aws.elasticache.create_replication_group(
        ReplicationGroupId="pair",
        ReplicationGroupDescription="pair",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=2,
    )
    caches = lambda: {
        it["CacheClusterId"]
        for it in aws.elasticache.describe_cache_clusters()["CacheClusters"]
        if it["CacheClusterId"].startswith("pair")
    }
    assert len(caches()) == 2, caches()
    for name in sorted(caches()):
        refused("InvalidCacheClusterState", "pair", aws.elasticache.delete_cache_cluster, CacheClusterId=name)
    aws.elasticache.delete_replication_group(ReplicationGroupId="pair")
    until(lambda: not caches(), 9, "a group of caches")


@check
def a_table_goes_slowly_and_unprotected(aws) -> None:
    aws.dynamodb.create_table(
        TableName="check",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    words = "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection"
    refused("ValidationException", words, aws.dynamodb.delete_table, TableName="check")
    aws.dynamodb.update_table(TableName="check", DeletionProtectionEnabled=False)
    aws.dynamodb.delete_table(TableName="check")
    refused("ResourceInUseException", "being deleted", aws.dynamodb.delete_table, TableName="check")
    assert aws.dynamodb.describe_table(TableName="check")["Table"]["TableStatus"] == "DELETING"
    gone = [aws.dynamodb.list_tables()["TableNames"].count("check")]
    for _ in range(3):
        try:
            aws.dynamodb.describe_table(TableName="check")
        except aws.dynamodb.exceptions.ResourceNotFoundException:
            gone.append(0)
    assert gone[-1] == 0, gone


@check
def copies_are_made_slowly(aws) -> None:
    credentials = {"MasterUsername": "root", "MasterUserPassword": "planted-secret"}
    given = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20, **credentials}
    aws.rds.create_db_instance(DBInstanceIdentifier="copied", **given)
    aws.rds.create_db_snapshot(DBInstanceIdentifier="copied", DBSnapshotIdentifier="copy")
    of_database = lambda: aws.rds.describe_db_snapshots(DBSnapshotIdentifier="copy")["DBSnapshots"][0]["Status"]
    told = [of_database() for _ in range(4)]
    assert told[0] == "creating" and told[-1] == "available", told
    zone = aws.ec2.describe_subnets()["Subnets"][0]["AvailabilityZone"]
    disk = aws.ec2.create_volume(Size=1, AvailabilityZone=zone)["VolumeId"]
    snapshot = aws.ec2.create_snapshot(VolumeId=disk)["SnapshotId"]
    of_disk = lambda: aws.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"]
    told = [of_disk() for _ in range(4)]
    assert told[0] == "pending" and told[-1] == "completed", told
    aws.dynamodb.create_table(
        TableName="copied",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    backup = aws.dynamodb.create_backup(TableName="copied", BackupName="copy")["BackupDetails"]["BackupArn"]
    of_table = lambda: aws.dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]["BackupDetails"]
    told = [of_table()["BackupStatus"] for _ in range(4)]
    assert told[0] == "CREATING" and told[-1] == "AVAILABLE", told


@check
def a_file_system_goes_after_its_mount_targets(aws) -> None:
    _, subnet, group = network(aws)
    system = aws.efs.create_file_system(CreationToken="check")["FileSystemId"]
    target = aws.efs.create_mount_target(FileSystemId=system, SubnetId=subnet, SecurityGroups=[group])["MountTargetId"]
    refused("FileSystemInUse", "", aws.efs.delete_file_system, FileSystemId=system)
    aws.efs.delete_mount_target(MountTargetId=target)
    targets = lambda: aws.efs.describe_mount_targets(FileSystemId=system)["MountTargets"]
    assert targets()[0]["LifeCycleState"] == "deleting"
    refused("FileSystemInUse", "", aws.efs.delete_file_system, FileSystemId=system)
    refused("DependencyViolation", "has dep", aws.ec2.delete_subnet, SubnetId=subnet)
    until(lambda: not targets() or None, 9, "a mount target") if targets() else None
    aws.ec2.delete_subnet(SubnetId=subnet)
    aws.efs.delete_file_system(FileSystemId=system)
    until(lambda: system not in {it["FileSystemId"] for it in all_systems(aws)}, 9, "a file system")


def all_systems(aws) -> list[dict]:
    return aws.efs.describe_file_systems(MaxItems=100)["FileSystems"]


@check
def a_bucket_and_a_repository_go_empty(aws) -> None:
    aws.s3.create_bucket(Bucket="check")
    aws.s3.put_bucket_versioning(Bucket="check", VersioningConfiguration={"Status": "Enabled"})
    aws.s3.put_object(Bucket="check", Key="a", Body=b"a")
    aws.s3.delete_object(Bucket="check", Key="a")
    refused("BucketNotEmpty", "", aws.s3.delete_bucket, Bucket="check")
    aws.ecr.create_repository(repositoryName="check")
    aws.ecr.put_image(repositoryName="check", imageTag="a", imageManifest=MANIFEST)
    refused("RepositoryNotEmptyException", "", aws.ecr.delete_repository, repositoryName="check")


@check
def a_key_is_scheduled_once_and_in_time(aws) -> None:
    key = aws.kms.create_key()["KeyMetadata"]["KeyId"]
    schedule = {"call": aws.kms.schedule_key_deletion, "KeyId": key}
    refused("ValidationException", "between 7 and 30", PendingWindowInDays=5, **schedule)
    aws.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    refused("KMSInvalidStateException", "is pending deletion.", PendingWindowInDays=7, **schedule)
    refused("KMSInvalidStateException", "is pending deletion.", aws.kms.encrypt, KeyId=key, Plaintext=b"a")
    aws.kms.cancel_key_deletion(KeyId=key)
    aws.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=30)
    # RDS makes its key when it first needs it.
    aws.rds.create_db_instance(
        DBInstanceIdentifier="encrypted",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        MasterUsername="root",
        MasterUserPassword="planted-secret",
        AllocatedStorage=20,
        StorageEncrypted=True,
    )
    owned = [it["TargetKeyId"] for it in aws.kms.list_aliases()["Aliases"] if it["AliasName"] == "alias/aws/rds"]
    refused("AccessDeniedException", "managed by AWS", aws.kms.schedule_key_deletion, KeyId=owned[0])


@check
def a_protected_log_group_stays(aws) -> None:
    aws.logs.create_log_group(logGroupName="check")
    aws.logs.put_log_group_deletion_protection(logGroupIdentifier="check", deletionProtectionEnabled=True)
    (told,) = aws.logs.describe_log_groups(logGroupNamePrefix="check")["logGroups"]
    assert told["deletionProtectionEnabled"] is True, told
    refused("ValidationException", "protected from deletion", aws.logs.delete_log_group, logGroupName="check")
    aws.logs.put_log_group_deletion_protection(logGroupIdentifier="check", deletionProtectionEnabled=False)
    aws.logs.delete_log_group(logGroupName="check")
    refused(
        "ResourceNotFoundException",
        "",
        aws.logs.put_log_group_deletion_protection,
        logGroupIdentifier="check",
        deletionProtectionEnabled=True,
    )


# ---- names and people ----------------------------------------------------------------------------


@check
def names_go_from_the_inside_out(aws) -> None:
    aws.servicediscovery.create_http_namespace(Name="check")
    (namespace,) = (it["Id"] for it in aws.servicediscovery.list_namespaces()["Namespaces"] if it["Name"] == "check")
    service = aws.servicediscovery.create_service(Name="check", NamespaceId=namespace)["Service"]["Id"]
    address = {"AWS_INSTANCE_IPV4": "10.0.0.1"}
    aws.servicediscovery.register_instance(ServiceId=service, InstanceId="i-1", Attributes=address)
    refused("ResourceInUse", "associated services", aws.servicediscovery.delete_namespace, Id=namespace)
    words = "Service contains registered instances; delete the instances before deleting the service"
    refused("ResourceInUse", words, aws.servicediscovery.delete_service, Id=service)
    status = lambda operation: aws.servicediscovery.get_operation(OperationId=operation)["Operation"]["Status"]
    operation = aws.servicediscovery.deregister_instance(ServiceId=service, InstanceId="i-1")["OperationId"]
    refused("ResourceInUse", words, aws.servicediscovery.delete_service, Id=service)
    told = [status(operation) for _ in range(3)]
    assert told[0] == "PENDING" and told[-1] == "SUCCESS", told
    aws.servicediscovery.delete_service(Id=service)
    refused("ServiceNotFound", "", aws.servicediscovery.delete_service, Id=service)
    operation = aws.servicediscovery.delete_namespace(Id=namespace)["OperationId"]
    told = [status(operation) for _ in range(3)]
    assert told[0] == "PENDING" and told[-1] == "SUCCESS", told
    assert namespace not in {it["Id"] for it in aws.servicediscovery.list_namespaces()["Namespaces"]}


@check
def zones_rules_and_roles_go_empty(aws) -> None:
    zone = aws.route53.create_hosted_zone(Name="check.example.", CallerReference="check")["HostedZone"]["Id"]
    record = {"Name": "a.check.example.", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    aws.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    refused("HostedZoneNotEmpty", "", aws.route53.delete_hosted_zone, Id=zone)
    aws.events.put_rule(Name="check", ScheduleExpression="rate(1 day)")
    aws.events.put_targets(Rule="check", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:check"}])
    refused("ValidationException", "has targets", aws.events.delete_rule, Name="check")
    aws.iam.create_role(RoleName="check", AssumeRolePolicyDocument=TRUST)
    aws.iam.put_role_policy(RoleName="check", PolicyName="inline", PolicyDocument=json.dumps(ALLOW))
    refused("DeleteConflict", "", aws.iam.delete_role, RoleName="check")


ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


@check
def a_policy_goes_unattached_and_with_one_version(aws) -> None:
    policy = aws.iam.create_policy(PolicyName="check", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    aws.iam.create_role(RoleName="attached", AssumeRolePolicyDocument=TRUST)
    aws.iam.attach_role_policy(RoleName="attached", PolicyArn=policy)
    refused("DeleteConflict", "attached", aws.iam.delete_policy, PolicyArn=policy)
    aws.iam.detach_role_policy(RoleName="attached", PolicyArn=policy)
    aws.iam.create_policy_version(PolicyArn=policy, PolicyDocument=json.dumps(ALLOW), SetAsDefault=True)
    refused("DeleteConflict", "more than one version", aws.iam.delete_policy, PolicyArn=policy)
    aws.iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    aws.iam.delete_policy(PolicyArn=policy)


@check
def a_role_of_a_service_stays(aws) -> None:
    made = aws.iam.create_service_linked_role(AWSServiceName="rds.amazonaws.com")["Role"]["RoleName"]
    refused("UnmodifiableEntity", "only modifiable by AWS", aws.iam.delete_role, RoleName=made)


# ---- stacks --------------------------------------------------------------------------------------


def stack(aws, name: str, resources: dict, outputs: dict | None = None, **more) -> str:
    template = json.dumps({"Resources": resources, "Outputs": outputs or {}})
    return aws.cloudformation.create_stack(StackName=name, TemplateBody=template, **more)["StackId"]


def status_of(aws, stack_id: str) -> tuple[str, str]:
    (told,) = aws.cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
    return told["StackStatus"], told.get("StackStatusReason", "")


def events(aws, stack_id: str) -> list[tuple[str, str, str]]:
    told = aws.cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]
    return [(it["LogicalResourceId"], it["ResourceStatus"], it.get("ResourceStatusReason") or "") for it in told]


TOPIC = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "check"}}}


@check
def a_protected_stack_stays(aws) -> None:
    made = stack(aws, "protected", TOPIC, EnableTerminationProtection=True)
    words = "Stack [protected] cannot be deleted while TerminationProtection is enabled"
    refused("ValidationError", words, aws.cloudformation.delete_stack, StackName=made)
    aws.cloudformation.update_termination_protection(StackName=made, EnableTerminationProtection=False)
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 9, "a stack")
    refused(
        "ValidationError", "does not exist", aws.cloudformation.describe_stacks, StackName="protected"
    )
    refused(
        "ValidationError",
        "does not exist",
        aws.cloudformation.update_termination_protection,
        StackName="protected",
        EnableTerminationProtection=True,
    )


@check
def a_stack_whose_export_is_in_use_stays_as_it_is(aws) -> None:
    export = {"Topic": {"Value": {"Ref": "Topic"}, "Export": {"Name": "check:Topic"}}}
    made = stack(aws, "exporting", TOPIC, export)
    sub = {"Fn::ImportValue": {"Fn::Sub": "${Rack}:Topic"}}
    template = {
        "Parameters": {"Rack": {"Type": "String", "Default": "check"}},
        "Resources": {"Other": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": sub}}},
    }
    importing = aws.cloudformation.create_stack(StackName="importing", TemplateBody=json.dumps(template))["StackId"]
    assert aws.cloudformation.list_imports(ExportName="check:Topic")["Imports"] == ["importing"]
    aws.cloudformation.delete_stack(StackName=made)
    words = "Delete canceled. Cannot delete export check:Topic as it is in use by importing."
    assert status_of(aws, made) == ("CREATE_COMPLETE", words)
    assert events(aws, made)[0] == ("exporting", "CREATE_COMPLETE", words), events(aws, made)
    aws.cloudformation.delete_stack(StackName=importing)
    until(lambda: status_of(aws, importing)[0] == "DELETE_COMPLETE", 9, "a stack")
    refused("ValidationError", "not imported", aws.cloudformation.list_imports, ExportName="check:Topic")
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 9, "a stack")


@check
def a_stack_with_a_full_bucket_and_a_full_repository_fails_to_go(aws) -> None:
    made = stack(
        aws,
        "full",
        TOPIC
        | {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "check-full"}},
            "Images": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "check-full"}},
            "Kept": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "check-kept"}},
        },
    )
    aws.s3.put_object(Bucket="check-full", Key="a", Body=b"a")
    aws.ecr.put_image(repositoryName="check-full", imageTag="a", imageManifest=MANIFEST)
    aws.cloudformation.delete_stack(StackName=made)
    assert status_of(aws, made)[0] == "DELETE_IN_PROGRESS"
    until(lambda: status_of(aws, made)[0] == "DELETE_FAILED", 9, "a stack") if status_of(aws, made)[
        0
    ] != "DELETE_FAILED" else None
    assert "failed to delete: [Bucket, Images]" in status_of(aws, made)[1], status_of(aws, made)
    told = events(aws, made)
    assert any(it[:2] == ("Bucket", "DELETE_FAILED") and "is not empty" in it[2] for it in told), told
    assert any(it[:2] == ("Images", "DELETE_FAILED") and "still contains images" in it[2] for it in told), told
    assert any(it[:2] == ("Topic", "DELETE_COMPLETE") for it in told), told
    refused(
        "ValidationError",
        "must be in a valid state",
        aws.cloudformation.delete_stack,
        StackName=made,
        RetainResources=["Topic"],
    )
    aws.s3.delete_object(Bucket="check-full", Key="a")
    aws.cloudformation.delete_stack(StackName=made, RetainResources=["Images"])
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 9, "a stack")
    buckets = {it["Name"] for it in aws.s3.list_buckets()["Buckets"]}
    assert "check-kept" in buckets and "check-full" not in buckets
    assert aws.ecr.describe_repositories(repositoryNames=["check-full"])["repositories"]


@check
def a_stack_whose_group_somebody_else_uses_fails_to_go(aws) -> None:
    vpc, subnet, _ = network(aws)
    group = {"GroupName": "in-stack", "GroupDescription": "in-stack", "VpcId": vpc}
    made = stack(aws, "blocked", {"Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": group}})
    resources = aws.cloudformation.describe_stack_resources(StackName=made)["StackResources"]
    instance = machine(aws, subnet, resources[0]["PhysicalResourceId"])
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_FAILED", 12, "a stack")
    assert any(it[1] == "DELETE_FAILED" and "dependent object" in it[2] for it in events(aws, made))
    end(aws, instance)
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 9, "a stack")


@check
def a_stack_waits_for_its_machines(aws) -> None:
    vpc, subnet, _ = network(aws)
    launch = {"LaunchConfigurationName": "in-stack", "ImageId": "ami-aff65ad2", "InstanceType": "t2.micro"}
    scaled = {
        "AutoScalingGroupName": "in-stack",
        "LaunchConfigurationName": {"Ref": "Launch"},
        "VPCZoneIdentifier": [subnet],
        "MinSize": "1",
        "MaxSize": "1",
        "DesiredCapacity": "1",
    }
    made = stack(
        aws,
        "machines",
        {
            "Launch": {"Type": "AWS::AutoScaling::LaunchConfiguration", "Properties": launch},
            "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": scaled},
        },
    )
    (instance,) = (it["InstanceId"] for it in members(aws, "in-stack"))
    aws.autoscaling.set_instance_protection(
        AutoScalingGroupName="in-stack", InstanceIds=[instance], ProtectedFromScaleIn=True
    )
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_FAILED", 12, "a stack with a protected machine")
    assert state(aws, instance) == "running"
    aws.autoscaling.set_instance_protection(
        AutoScalingGroupName="in-stack", InstanceIds=[instance], ProtectedFromScaleIn=False
    )
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 12, "a stack")
    assert state(aws, instance) == "terminated"


@check
def the_key_of_a_stack_waits_for_its_deletion(aws) -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    made = stack(aws, "key", {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}}})
    resources = aws.cloudformation.describe_stack_resources(StackName=made)["StackResources"]
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 9, "a stack")
    told = aws.kms.describe_key(KeyId=resources[0]["PhysicalResourceId"])["KeyMetadata"]
    assert told["KeyState"] == "PendingDeletion", told


@check
def a_nested_stack_goes_with_its_root(aws) -> None:
    aws.s3.create_bucket(Bucket="check-templates")
    aws.s3.put_object(Bucket="check-templates", Key="t", Body=json.dumps({"Resources": TOPIC}).encode())
    inner = {"TemplateURL": "https://s3.amazonaws.com/check-templates/t"}
    made = stack(aws, "root", {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": inner}})
    (nested,) = (
        it["StackId"]
        for it in aws.cloudformation.describe_stacks()["Stacks"]
        if it["StackName"].startswith("root-") or it["StackName"] == "Inner"
    )
    refused("ValidationError", "nested in [root]", aws.cloudformation.delete_stack, StackName=nested)
    aws.cloudformation.delete_stack(StackName=made)
    until(lambda: status_of(aws, made)[0] == "DELETE_COMPLETE", 12, "a stack")
    assert status_of(aws, nested)[0] == "DELETE_COMPLETE"


# ---- bad days ------------------------------------------------------------------------------------


@check
def bad_days_come_as_they_are_ordered(aws) -> None:
    vpc, subnet, group = network(aws)
    aws.tell("faults", [{"on": "ec2:DescribeVpcs", "every": 2, "what": "throttle"}])
    aws.ec2.describe_vpcs()
    refused("RequestLimitExceeded", "", aws.ec2.describe_vpcs)
    aws.tell("faults", [{"on": "reads", "at": 1, "what": "broken"}])
    try:
        aws.ec2.describe_vpcs()
        raise AssertionError("the answer was whole")
    except (ClientError, ResponseParserError):
        pass
    aws.tell("faults", [{"on": "ec2:DeleteSecurityGroup", "what": "lost"}])
    unanswered(aws.ec2.delete_security_group, GroupId=group)
    aws.tell("faults", [{"on": "ec2:DeleteSubnet", "what": "late", "seconds": 0.3}])
    unanswered(aws.ec2.delete_subnet, SubnetId=subnet)
    aws.tell("faults", [{"on": "all", "from": 2, "what": "expired"}])
    aws.sns.list_topics()
    refused("ExpiredToken", "", aws.sns.list_topics)
    refused("RequestExpired", "", aws.ec2.describe_vpcs)
    refused("ExpiredTokenException", "", aws.ecs.list_clusters)
    refused("ExpiredTokenException", "", aws.cloudwatch.describe_alarms)
    refused("ExpiredToken", "", aws.s3.list_buckets)
    other = {"service": "ec2", "call": "create_security_group"}
    made = other | {"with": {"GroupName": "late", "Description": "late", "VpcId": vpc}}
    aws.tell("faults", [{"on": "ec2:DeleteVpc", "at": 1, "what": "do", "calls": [made]}])
    # The first call finds what somebody made a moment ago.
    refused("DependencyViolation", "has dep", aws.ec2.delete_vpc, VpcId=vpc)
    aws.tell("faults", [])
    refused("InvalidSubnetID.NotFound", "", aws.ec2.delete_subnet, SubnetId=subnet)
    refused("InvalidGroup.NotFound", "", aws.ec2.delete_security_group, GroupId=group)


def unanswered(call, **given) -> None:
    try:
        answer = call(**given)
    except (ConnectionClosedError, ConnectionError, ReadTimeoutError, http.client.HTTPException, ResponseParserError):
        return
    raise AssertionError(f"{call.__name__} was answered {answer}")


@check
def a_fingerprint_tells_every_change(aws) -> None:
    changes = lambda one, other: {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}
    before = aws.tell("fingerprint")
    assert (same := changes(before, aws.tell("fingerprint"))) == set(), same
    assert len(before) > 100
    aws.s3.put_object(Bucket="check", Key="changed", Body=b"b")
    changed = changes(before, aws.tell("fingerprint"))
    assert changed == {"s3 list_object_versions check"}, changed


def main() -> None:
    aws = Aws(sys.argv[1])
    wanted = sys.argv[2:]
    failed = 0
    for function in CHECKS:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function(aws)
            print(f"ok {function.__name__}")
        except Exception:
            failed += 1
            print(f"FAILED {function.__name__}\n{traceback.format_exc()}")
            aws.tell("faults", [])
    idle = aws.tell("idle-rules")
    if idle and not wanted:
        failed += 1
        print(f"FAILED: these rules have refused nothing: {idle}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
