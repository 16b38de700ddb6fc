"""What the racks share: clients for an AWS API that is surely not the real one, stacks, and the way to stand up."""

import argparse
import functools
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
