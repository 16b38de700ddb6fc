"""KMS: a key is scheduled for deletion once, seven to thirty days ahead."""

from moto.kms.models import Key, kms_backends

from slips.patch import around
from strict.patches import patch
from strict.rules import Refused, refuses

NEEDS_A_LIVE_KEY = (
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:CreateAlias",
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:GenerateDataKey",
)


def key_of(call):
    kms, name = call.backend("kms"), str(call["KeyId"] or call["TargetKeyId"])
    name = name.split(":key/")[-1]
    if name.startswith("alias/"):
        name = kms.get_key_id_from_alias(name)
    return kms.keys.get(name)


@refuses("kms:ScheduleKeyDeletion")
def keys_wait_seven_to_thirty_days(call) -> None:
    """The waiting time is seven to thirty days; with any other moto says yes and does nothing."""
    if not 7 <= (call["PendingWindowInDays"] or 30) <= 30:
        raise Refused(
            "ValidationException",
            "1 validation error detected: Value at 'pendingWindowInDays' failed to satisfy constraint: "
            "Member must have value between 7 and 30",
        )


@refuses(*NEEDS_A_LIVE_KEY)
def pending_keys_do_nothing(call) -> None:
    """A key that waits for its deletion does nothing and changes nothing but that."""
    key = key_of(call)
    if key and key.key_state == "PendingDeletion":
        raise Refused("KMSInvalidStateException", f"{key.arn} is pending deletion.")


@refuses("kms:ScheduleKeyDeletion", "kms:DisableKey")
def keys_of_aws_stay(call) -> None:
    """The keys that services of AWS keep in an account are theirs."""
    key = key_of(call)
    if key and key.key_manager == "AWS":
        raise Refused("AccessDeniedException", f"{key.arn} is managed by AWS and cannot be changed.")


@patch
def stacks_schedule_their_keys() -> None:
    """A key that a stack made waits thirty days for its deletion when the stack goes; moto's is gone at once."""

    @around(Key, "delete")
    def delete(delete, key, account, region):
        kms = kms_backends[account][region]
        if key.id in kms.keys and key.key_state != "PendingDeletion":
            kms.schedule_key_deletion(key.id, 30)
