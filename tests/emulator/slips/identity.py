"""Slips of IAM."""

import functools
import json

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import SERVICE_NAME_CONVERSION, AWSManagedPolicy, IAMBackend

from slips.patch import around, slip


@functools.cache
def policies_of_aws() -> dict[str, dict]:
    return json.loads(aws_managed_policies_data)


@slip
def policies_of_aws_can_be_attached() -> None:
    """The policies that AWS keeps for everybody are there to be attached; moto has none unless it loads all of them,
    which takes it a second."""

    @around(IAMBackend, "attach_role_policy")
    def attach(attach_role_policy, iam, policy_arn, role_name):
        name = policy_arn.rsplit("/", 1)[-1]
        if policy_arn.startswith("arn:aws:iam::aws:") and policy_arn not in iam.managed_policies:
            data = policies_of_aws()[name]
            policy = AWSManagedPolicy.from_data(name, iam.account_id, iam.region_name, data)
            iam.managed_policies[policy.arn] = policy
            iam.aws_managed_policies.append(policy)
        return attach_role_policy(iam, policy_arn, role_name)


@slip
def roles_of_services_are_named_as_aws_writes_them() -> None:
    """The role that ECS keeps in an account is AWSServiceRoleForECS; moto writes the service small."""
    SERVICE_NAME_CONVERSION["ecs"] = "ECS"
