"""Stands up karim-staging, a Convox rack of 2022 in the network of karim-test, with which it shares more than that."""

import json
import pathlib
import sys

import aliases
import standing

HERE = pathlib.Path(__file__).parent

RACK = {"System": "convox", "Type": "rack", "Name": "karim-staging", "Rack": "karim-staging"}
APP = {"System": "convox", "Type": "app", "Name": "shop", "Rack": "karim-staging", "Generation": "2"}


def stand_up(aws: standing.Aws) -> dict[str, str]:
    """Needs karim-test to stand already."""
    drawn_before = public_addresses(aws)
    test = standing.resources(aws, "karim-test")
    group = target_group_of_karim_test(aws, test)
    install(aws, test, group)
    add_resources(aws)
    deploy_shop(aws)
    leave_traces(aws)
    add_bastion(aws)
    return stable_ids(aws, [it for it in public_addresses(aws) if it not in drawn_before])


def target_group_of_karim_test(aws: standing.Aws, test: dict) -> str:
    """Of karim-test, and registered by hand: the group of its service is taken, for a group has one load balancer."""
    app = standing.resources(aws, "karim-test-karim-httpd")
    group = aws.elbv2.create_target_group(
        Name="karim-test-httpd-preview",
        Protocol="HTTP",
        Port=80,
        VpcId=test["Vpc"],
        HealthCheckPath="/",
        Tags=[{"Key": "System", "Value": "convox"}, {"Key": "Rack", "Value": "karim-test"}],
    )["TargetGroups"][0]["TargetGroupArn"]
    health = aws.elbv2.describe_target_health(TargetGroupArn=app["BalancerWebTargetGroup"])
    targets = [target["Target"] for target in health["TargetHealthDescriptions"]]
    aws.elbv2.register_targets(TargetGroupArn=group, Targets=targets)
    return group


def install(aws: standing.Aws, test: dict, group: str) -> None:
    key = aws.kms.describe_key(KeyId=test["EncryptionKey"])["KeyMetadata"]["Arn"]
    borrowed = {
        "ExistingVpc": test["Vpc"],
        "Subnet0": test["Subnet0"],
        "Subnet1": test["Subnet1"],
        "Routes": test["Routes"],
        "LogBucket": test["Logs"],
        "EncryptionKey": key,
        "SharedTargetGroup": group,
    }
    secrets = {"Password": "planted-secret-password-staging"}
    standing.stack(aws, "karim-staging", HERE / "karim_staging.rack.yaml", RACK, borrowed | secrets)


def add_resources(aws: standing.Aws) -> None:
    secrets = {"database": {"Password": "planted-secret-database-password"}}
    for name in "database", "cache", "jobs":
        tags = {"System": "convox", "Type": "resource", "Name": name, "Rack": "karim-staging"}
        template = HERE / f"karim_staging.{name}.yaml"
        standing.stack(aws, f"karim-staging-{name}", template, tags, secrets.get(name))


def deploy_shop(aws: standing.Aws) -> None:
    parameters = {
        "Rack": "karim-staging",
        "ApiKey": "planted-secret-payment-key",
        "DatabaseUrl": "postgres://app:planted-secret-database-url@karim-staging-database:5432/app",
    }
    standing.stack(aws, "karim-staging-shop", HERE / "karim_staging.shop.yaml", APP, parameters)
    registry = standing.resources(aws, "karim-staging-shop")["Registry"]
    for name in "web", "worker":
        standing.push_image(aws, registry, f"{name}.BZKXQWTJRPD")


def leave_traces(aws: standing.Aws) -> None:
    aws.s3.put_object(
        Bucket="karim-staging-settings-7k2xq0tz9bwj",
        Key="settings.json",
        Body=json.dumps({"InstanceCount": 2, "token": "planted-secret-settings-staging"}),
    )
    written_by = "convox/logs/karim-staging/alb/AWSLogs/123456789012/elasticloadbalancing/us-east-1"
    name = "123456789012_elasticloadbalancing_us-east-1_app.karim-Route-9ZQK3WT5BM7X_20220401T0900Z.log.gz"
    aws.s3.put_object(
        Bucket="karim-test-logs-s3rlg8rqvcpf",
        Key=f"{written_by}/2022/04/01/{name}",
        Body=b"one line of an access log",
    )


def add_bastion(aws: standing.Aws) -> None:
    """A protected machine with a copy of its disk, and a group that a list of offices may enter."""
    name = "karim-staging-bastion"
    tags = {"System": "convox", "Type": "resource", "Name": "bastion", "Rack": "karim-staging"}
    standing.stack(aws, name, HERE / "karim_staging.bastion.yaml", tags)
    made = standing.resources(aws, name)
    aws.ec2.modify_instance_attribute(InstanceId=made["Machine"], DisableApiTermination={"Value": True})
    machine = aws.ec2.describe_instances(InstanceIds=[made["Machine"]])["Reservations"][0]["Instances"][0]
    disk = machine["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    aws.ec2.create_snapshot(VolumeId=disk, Description="before the upgrade")
    offices = aws.ec2.create_managed_prefix_list(
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=2,
        Entries=[{"Cidr": "198.51.100.0/24"}, {"Cidr": "203.0.113.128/25"}],
    )["PrefixList"]["PrefixListId"]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": offices}]}
    named = [{"Name": "group-name", "Values": ["karim-staging-bastion-Security-0ZTW8JRB1XKQ"]}]
    [group] = aws.ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    aws.ec2.modify_instance_attribute(InstanceId=made["Machine"], Groups=[group["GroupId"]])
    aws.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[ssh])


def stable_ids(aws: standing.Aws, addresses: list[str]) -> dict[str, str]:
    stacks = ["karim-staging", "karim-staging-shop"]
    roles = [name for stack in stacks for key, name in standing.resources(aws, stack).items() if key.endswith("Role")]
    cluster = standing.resources(aws, "karim-staging")["Cluster"]
    return (
        aliases.addresses("karim_staging", addresses)
        | aliases.of_a_cluster("karim_staging", aws, cluster)
        | aliases.of_roles("karim_staging", aws, roles)
    )


def public_addresses(aws: standing.Aws) -> list[str]:
    interfaces = aws.ec2.describe_network_interfaces()["NetworkInterfaces"]
    return [interface["Association"]["PublicIp"] for interface in interfaces if "Association" in interface]


if __name__ == "__main__":
    standing.main(sys.modules[__name__])
