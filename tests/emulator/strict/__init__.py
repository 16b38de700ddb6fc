"""An account that refuses what AWS refuses and moto lets through, and in which things take their time to go.

    python serve.py --strict DIRECTORY --rack karim_test

Every request goes through one door (`door`). There the rules are asked (`rules`, one function a rule, whose text
says what AWS does), then moto. What a rule refuses it refuses with AWS's code, status and words. Time is counted in
looks at the thing, not in seconds (`later`). What is refused is written down, what is changed too, and a test can
order bad days through the door (`faults`).
"""

import json

from strict import (  # noqa: F401
    balancing,
    containers,
    databases,
    discovery,
    files,
    fingerprint,
    functions,
    identity,
    keys,
    logs,
    machines,
    network,
    scaling,
    stacks,
)
from strict.door import INSIDE, Door
from strict.patches import PATCHES, UNDER


def begin_under_the_slips() -> None:
    for patch in UNDER:
        patch()


def begin(directory, server) -> None:
    """Makes the account strict, with its door before the server, which has to have started."""
    for patch in PATCHES:
        patch()
    server._server.app = Door(server._server.app, directory)


def note_what_stands(directory, endpoint: str, rack: str) -> None:
    """Writes down the names of all that stands before a rack is stood up: so a test knows what came with which rack."""
    stands = sorted(fingerprint.take(endpoint, INSIDE))
    (directory / f"before-{rack}.json").write_text(json.dumps(stands, indent=1))


def open(server, endpoint: str) -> None:
    """From now on the rules hold; until then racks are stood up, which is not what they are about."""
    server._server.app.open(endpoint)
