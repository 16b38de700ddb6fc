"""IAM: policies go unattached, with one version, and what AWS made is AWS's."""

from strict.rules import Refused, refuses


@refuses("iam:DeletePolicy")
def policies_go_unattached(call) -> None:
    """A policy goes when nobody has it and only its default version is left; moto lets it go, and then no role it was
    attached to can."""
    policy = call.backend("iam", "aws").managed_policies.get(call["PolicyArn"])
    if policy is None:
        return
    if policy.attachment_count > 0:
        raise Refused("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
    if len(policy.versions) > 1:
        raise Refused(
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
            409,
        )


@refuses("iam:DeleteRole", "iam:DetachRolePolicy", "iam:DeleteRolePolicy")
def roles_of_services_stay(call) -> None:
    """A role linked to a service of AWS is changed and deleted by that alone."""
    for role in call.backend("iam", "aws").roles.values():
        if role.name == call["RoleName"] and role.path.startswith("/aws-service-role/"):
            raise Refused(
                "UnmodifiableEntity",
                f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by "
                "AWS",
            )
