"""What the racks share: clients for an AWS API that is surely not the real one, stacks, and the way to stand up."""

import argparse
import functools
import hashlib
import json
import os
import pathlib
import sys

import boto3
from aliases import Aliases

REGION = "us-east-1"


class Aws:
    """One boto3 client a service, made when first asked for: `aws.ec2`, `aws.elbv2`."""

    def __init__(self, endpoint: str | None) -> None:
        emulated = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"} if endpoint else {}
        self._client = functools.partial(boto3.Session(region_name=REGION, **emulated).client, endpoint_url=endpoint)

    def __getattr__(self, service: str):
        client = self._client(service)
        setattr(self, service, client)
        return client


def main(rack) -> None:
    """Stands one rack up from the command line."""
    options = argparse.ArgumentParser(description=rack.__doc__)
    options.add_argument(
        "--aliases", type=pathlib.Path, metavar="FILE", help="add the ids made to this file, with what to show instead"
    )
    options.add_argument("--really", action="store_true", help="build it in a real AWS account, where it costs money")
    given = options.parse_args()

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint is None and not given.really:
        sys.exit("AWS_ENDPOINT_URL is not set, so this would build in a real AWS account: set it, or say --really")

    aliases = Aliases.read(given.aliases)
    stand_up(rack, Aws(endpoint), aliases)
    if given.aliases:
        aliases.write(given.aliases)


def stand_up(rack, aws: Aws, aliases: Aliases) -> None:
    aliases.choose(rack.stand_up(aws))
    aliases.derive_the_rest(pathlib.Path(rack.__file__), aws)


def stack(
    aws: Aws, name: str, template: pathlib.Path, tags: dict[str, str], parameters: dict[str, str] | None = None
) -> None:
    aws.cloudformation.create_stack(
        StackName=name,
        TemplateBody=template.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
    )
    aws.cloudformation.get_waiter("stack_create_complete").wait(StackName=name)


def resources(aws: Aws, stack_name: str) -> dict[str, str]:
    """The physical ids of what a stack has made, by their logical ids."""
    answer = aws.cloudformation.describe_stack_resources(StackName=stack_name)
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in answer["StackResources"]}


def default_network(aws: Aws) -> tuple[str, list[str], str]:
    """The default VPC, its subnets in the first three zones, and its default security group.

    AWS gives it a gateway and a way out; the emulator's has neither until somebody asks for it here.
    """
    (vpc,) = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    inside = {"Filters": [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]}
    attached = {"Filters": [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]}
    if not aws.ec2.describe_internet_gateways(**attached)["InternetGateways"]:
        gateway = aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc["VpcId"])
        (table,) = aws.ec2.describe_route_tables(**inside)["RouteTables"]
        aws.ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
        )
    subnets = sorted(aws.ec2.describe_subnets(**inside)["Subnets"], key=lambda subnet: subnet["AvailabilityZone"])
    groups = aws.ec2.describe_security_groups(**inside)["SecurityGroups"]
    (group,) = (group["GroupId"] for group in groups if group["GroupName"] == "default")
    return vpc["VpcId"], [subnet["SubnetId"] for subnet in subnets[:3]], group


def push_image(aws: Aws, repository: str, tag: str) -> None:
    """Pushes an image of one layer that is like no other."""

    def digest(part: str) -> str:
        return f"sha256:{hashlib.sha256(f'{repository}:{tag} {part}'.encode()).hexdigest()}"

    layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 46113580}
    config = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 7024}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": config | {"digest": digest("config")},
        "layers": [layer | {"digest": digest("layer")}],
    }
    aws.ecr.put_image(repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest))
