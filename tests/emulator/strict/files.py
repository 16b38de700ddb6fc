"""File systems: mount targets take their time, and hold their interfaces until then."""

from moto.efs.models import EFSBackend, FileSystem

from slips.patch import around
from strict.later import after
from strict.patches import patch

LOOKS = (
    "elasticfilesystem:DescribeMountTargets",
    "elasticfilesystem:DescribeFileSystems",
    "ec2:DescribeNetworkInterfaces",
)


@patch
def mount_targets_take_their_time() -> None:
    """A mount target is being deleted for some minutes, and counts until then; moto's is gone."""

    @around(EFSBackend, "delete_mount_target")
    def delete(end, efs, name):
        target = efs.mount_targets_by_id.get(name)
        if target is None:
            return end(efs, name)
        if target.life_cycle_state == "deleting":
            return None
        target.life_cycle_state = "deleting"
        after(3, LOOKS, lambda: end(efs, name))

    @around(EFSBackend, "delete_file_system")
    def delete_system(end, efs, name):
        system: FileSystem | None = efs.file_systems_by_id.get(name)
        if system is None or system.number_of_mount_targets:
            return end(efs, name)
        system.life_cycle_state = "deleting"
        after(2, LOOKS, lambda: name in efs.file_systems_by_id and end(efs, name))
