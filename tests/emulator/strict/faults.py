"""Bad days that a test orders: throttling, broken answers, lost ones, expired credentials, other people.

A fault is an object of JSON:

    {"on": "ec2:Delete.*", "every": 5, "what": "throttle"}

`on` is `all`, `reads`, `writes` or a pattern for the call's name. It meets the `at`-th of those calls, all `from` one
on, every so-manieth, or else all of them. `what` is one of

- `throttle`: refused, for there were too many;
- `broken`: status 500 with a page of HTML, and nothing done;
- `expired`: the credentials are not valid any more;
- `lost`: done, and the connection is closed without an answer;
- `late`: done, and the answer comes after `seconds`, which is after the client has gone;
- `do`: before it, somebody else makes the calls in `calls`:
  `[{"service": "ec2", "call": "delete_volume", "with": {}}]`.
"""

import re
import threading

CODES = {
    "throttle": {
        "ec2": ("RequestLimitExceeded", "Request limit exceeded.", 503),
        "s3": ("SlowDown", "Please reduce your request rate.", 503),
        "lambda": ("TooManyRequestsException", "Rate exceeded", 429),
        "json": ("ThrottlingException", "Rate exceeded", 400),
        "cbor": ("ThrottlingException", "Rate exceeded", 400),
        "query": ("Throttling", "Rate exceeded", 400),
    },
    "expired": {
        "ec2": ("RequestExpired", "Request has expired.", 400),
        "s3": ("ExpiredToken", "The provided token has expired.", 400),
        "json": ("ExpiredTokenException", "The security token included in the request is expired", 400),
        "cbor": ("ExpiredTokenException", "The security token included in the request is expired", 400),
        "lambda": ("ExpiredTokenException", "The security token included in the request is expired", 403),
        "query": ("ExpiredToken", "The security token included in the request is expired", 403),
    },
}
PAGE = b"<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"


class Fault:
    def __init__(self, on="all", what="throttle", every=None, at=None, calls=(), seconds=0, **rest) -> None:
        self.on, self.what, self.every, self.at = on, what, every, at
        self.since = rest.pop("from", None)
        self.calls, self.seconds, self.met = calls, seconds, 0
        if rest or what not in ("throttle", "broken", "expired", "lost", "late", "do"):
            raise ValueError(f"no such fault: {what} {rest}")

    def is_about(self, call) -> bool:
        match self.on:
            case "all":
                return True
            case "writes":
                return call.writes
            case "reads":
                return not call.writes
        return re.fullmatch(self.on, call.name) is not None

    def meets(self, call) -> bool:
        if not self.is_about(call):
            return False
        self.met += 1
        if self.at:
            return self.met == self.at
        if self.since:
            return self.met >= self.since
        return not self.every or self.met % self.every == 0

    def refusal(self, call) -> tuple[str, str, int]:
        codes = CODES[self.what]
        return codes.get(call.protocol, codes["query"])


class Faults:
    def __init__(self) -> None:
        self.ordered: list[Fault] = []
        self.lock = threading.Lock()

    def order(self, faults: list[dict]) -> None:
        with self.lock:
            self.ordered = [Fault(**fault) for fault in faults]

    def meeting(self, call) -> list[Fault]:
        """All that meet this call: what others do first, then at most one that spoils it."""
        with self.lock:
            met = [fault for fault in self.ordered if fault.meets(call)]
        spoiling = [fault for fault in met if fault.what != "do"]
        return [fault for fault in met if fault.what == "do"] + spoiling[:1]
