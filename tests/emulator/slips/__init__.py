"""Where moto answers otherwise than AWS in what a reader of an account relies on.

Each slip is one function whose text says what AWS does and what moto does instead.
"""

from slips import cloudformation, data, ec2, ecs, load_balancers, monitoring, resource_types, scheduler  # noqa: F401
from slips.patch import SLIPS


def correct() -> None:
    for slip in SLIPS:
        slip()
