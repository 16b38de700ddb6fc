"""Runs moto as the AWS API on a loopback port, with the slips corrected and, if asked, racks stood up in it.

The tests start it like this, and it dies with them, because their end of its standard input closes:

    python serve.py --rack karim_test --rack neighbours --aliases FILE

By hand, to look around (`AWS_ENDPOINT_URL=http://127.0.0.1:5000 aws ecs list-clusters`):

    python serve.py --port 5000 --rack karim_test
"""

import argparse
import importlib
import logging
import os
import pathlib
import sys
import threading

HERE = pathlib.Path(__file__).parent

# moto reads these when it is imported: one machine image instead of the hundreds it ships, which
# take a second to load, and certificates that are issued at once instead of after a minute.
os.environ["MOTO_AMIS_PATH"] = str(HERE / "images.json")
os.environ["MOTO_ACM_VALIDATION_WAIT"] = "-1"

sys.path[:0] = [str(HERE), str(HERE / "racks")]

import moto.server  # noqa: E402
import moto.moto_api._internal as moto_api  # noqa: E402
import slips  # noqa: E402
import standing  # noqa: E402
import strict  # noqa: E402
from aliases import Aliases  # noqa: E402


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--port", type=int, help="the port; without it a free one, and standard input is watched")
    options.add_argument("--until-stdin-closes", action="store_true", help="watch standard input with --port too")
    options.add_argument("--rack", action="append", default=[], metavar="NAME", help="stand up racks/NAME.py")
    options.add_argument(
        "--aliases", type=pathlib.Path, metavar="FILE", help="write the ids of the racks and what to show instead"
    )
    options.add_argument(
        "--strict", type=pathlib.Path, metavar="DIRECTORY", help="refuse what AWS refuses, and write that down there"
    )
    given = options.parse_args()

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    if given.strict:
        strict.begin_under_the_slips()
    slips.correct()
    # Two servers asked the same questions in the same order draw the same ids and addresses.
    moto_api.mock_random.seed(0)

    server = moto.server.ThreadedMotoServer("127.0.0.1", given.port or 0, verbose=False)
    server.start()
    if given.strict:
        strict.begin(given.strict, server)
    endpoint = "http://{}:{}".format(*server.get_host_and_port())

    aws = standing.Aws(endpoint)
    aliases = Aliases({})
    for name in given.rack:
        if given.strict:
            strict.note_what_stands(given.strict, endpoint, name)
        standing.stand_up(importlib.import_module(name), aws, aliases)
    if given.aliases:
        aliases.write(given.aliases)

    if given.strict:
        strict.open(server, endpoint)
    print(f"listening {endpoint}", flush=True)
    if given.port is None or given.until_stdin_closes:
        sys.stdin.buffer.read()
        os._exit(0)
    threading.Event().wait()


if __name__ == "__main__":
    main()
