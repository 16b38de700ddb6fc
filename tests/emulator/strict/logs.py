"""Log groups can be protected from deletion, which moto does not know."""

from moto.logs.models import LogGroup

from slips.patch import around
from strict.patches import patch
from strict.rules import Refused, answers, refuses

PROTECTED: set[str] = set()


def name_of(call) -> str:
    return str(call["logGroupIdentifier"] or call["logGroupName"]).split(":log-group:")[-1].removesuffix(":*")


@answers("logs:PutLogGroupDeletionProtection")
def protect(call) -> dict:
    """Turns the protection of a log group on or off."""
    if name_of(call) not in call.backend("logs").groups:
        raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
    (PROTECTED.add if call["deletionProtectionEnabled"] else PROTECTED.discard)(name_of(call))
    return {}


@refuses("logs:DeleteLogGroup")
def protected_groups_stay(call) -> None:
    """A protected log group stays."""
    if name_of(call) in PROTECTED:
        raise Refused(
            "ValidationException",
            f"Log group {name_of(call)} is protected from deletion. Disable the protection first.",
        )


@patch
def groups_tell_their_protection() -> None:
    """A log group tells whether it is protected."""

    @around(LogGroup, "to_describe_dict")
    def tell(to_describe_dict, group):
        told = to_describe_dict(group)
        return told | {"deletionProtectionEnabled": True} if group.name in PROTECTED else told
