"""Where moto answers otherwise than AWS in what a reader of an account relies on.

Each slip is one function whose text says what AWS does and what moto does instead.
"""

from slips import (  # noqa: F401
    account,
    cloudformation,
    data,
    databases,
    discovery,
    ec2,
    ecs,
    fargate,
    identity,
    left_out_types,
    load_balancers,
    monitoring,
    resource_types,
    scheduler,
    service_connect,
    tags,
)
from slips.patch import SLIPS


def correct() -> None:
    for slip in SLIPS:
        slip()
