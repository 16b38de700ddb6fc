"""The door of a strict account: each request is read, faults meet it, rules are asked, moto answers, all is noted."""

import json
import re
import socket
import threading
import time
import traceback

import boto3

from strict import answer, call as calls, fingerprint, later, rules, stacks
from strict.faults import PAGE, Faults

# A call of the harness itself: no fault meets it and nobody writes it down.
INSIDE = "x-strict-inside"


class Door:
    def __init__(self, moto, directory) -> None:
        self.moto = moto
        self.faults = Faults()
        self.is_open = False
        self.lock = threading.RLock()
        directory.mkdir(parents=True, exist_ok=True)
        self.refusals = (directory / "refusals.jsonl").open("w")
        self.writes = (directory / "writes.jsonl").open("w")

    def open(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.is_open = True
        later.HURRY[0] = False

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path.startswith("/-/"):
            return reply(start_response, *self.control(path.removeprefix("/-/"), environ))
        call = calls.read(environ)
        if call is None or not self.is_open:
            with self.lock:
                return reply(start_response, *self.ask_moto(environ))

        inside = "HTTP_" + INSIDE.upper().replace("-", "_") in environ
        spoiled = None
        for fault in [] if inside else self.faults.meeting(call):
            if fault.what == "do":
                try:
                    self.somebody_else(fault.calls)
                except Exception as failure:  # a test that orders what cannot be done has to see it
                    self.note(call, 0, "SomebodyElseFailed", repr(failure))
            else:
                spoiled = fault
        if spoiled and spoiled.what == "broken":
            self.note(call, 500, "InternalError", "a page of HTML", fault=spoiled.what)
            return reply(start_response, 500, {"Content-Type": "text/html"}, PAGE)
        if spoiled and spoiled.what in ("throttle", "expired"):
            code, message, status = spoiled.refusal(call)
            self.note(call, status, code, message, fault=spoiled.what)
            return reply(start_response, *answer.error(call, code, message, status))

        with self.lock:
            answered = self.answered(call, environ, inside)
        if spoiled:
            self.note(call, 0, "NoAnswer", f"done, but the answer was {spoiled.what}", fault=spoiled.what)
            time.sleep(spoiled.seconds)
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return reply(start_response, *answered)

    def answered(self, call, environ, inside: bool) -> tuple[int, dict, bytes]:
        try:
            rules.ask(call)
            if call.name in rules.ANSWERS:
                told = answer.success(call, rules.ANSWERS[call.name](call))
            else:
                told = self.ask_moto(environ)
        except rules.Refused as refusal:
            told = answer.error(call, refusal.code, refusal.message, refusal.status)
        except Exception:  # a hole in this account, which has to be seen
            traceback.print_exc()
            told = 500, {"Content-Type": "text/html"}, PAGE
        if not inside:
            self.note_answer(call, *told)
            later.looked(call)
        stacks.go_on()
        return told

    def ask_moto(self, environ) -> tuple[int, dict, bytes]:
        told = []

        def start(status, headers, failure=None):
            told.append((int(status.split()[0]), headers))

        body = b"".join(self.moto(environ, start))
        (status, headers), *_ = told
        return status, dict(headers), body

    def somebody_else(self, made: list[dict]) -> None:
        for one in made:
            client = boto3.client(
                one["service"],
                endpoint_url=self.endpoint,
                region_name="us-east-1",
                aws_access_key_id="other",
                aws_secret_access_key="other",
            )
            client.meta.events.register("before-sign.*.*", lambda request, **_: request.headers.add_header(INSIDE, "1"))
            getattr(client, one["call"])(**one.get("with", {}))

    # ---- what is written down ------------------------------------------------------------------

    def note_answer(self, call, status: int, headers: dict, body: bytes) -> None:
        if status >= 500 or (status >= 300 and call.writes):
            code, message = told(body, headers)
            self.note(call, status, code, message)
            later.pass_time()
        elif call.writes and (refused := refused_in_part(call, body)):
            self.note(call, status, *refused)
        elif call.writes:
            self.writes.write(json.dumps({"call": call.name, "resource": call.resource}) + "\n")
            self.writes.flush()

    def note(self, call, status: int, code: str, message: str, fault: str | None = None) -> None:
        noted = {"call": call.name, "code": code, "resource": call.resource, "status": status, "message": message}
        if fault:
            noted["fault"] = fault
        self.refusals.write(json.dumps(noted) + "\n")
        self.refusals.flush()

    # ---- what tests ask for --------------------------------------------------------------------

    def control(self, what: str, environ) -> tuple[int, dict, bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        told = json.loads(environ["wsgi.input"].read(length) or b"null")
        try:
            match what:
                case "faults":
                    self.faults.order(told)
                    result = {}
                case "disconnect":
                    from strict.containers import disconnect

                    with self.lock:
                        result = disconnect(told["instance"])
                case "idle-rules":
                    result = rules.idle()
                case "fingerprint":
                    result = fingerprint.take(self.endpoint, INSIDE)
                case "calls":
                    self.somebody_else(told)
                    result = {}
                case _:
                    return 404, {}, b"{}"
        except Exception as failure:
            return 400, {}, json.dumps({"error": repr(failure)}).encode()
        return 200, {"Content-Type": "application/json"}, json.dumps(result, indent=1, sort_keys=True).encode()


def reply(start_response, status: int, headers: dict, body: bytes):
    headers = {name: value for name, value in headers.items() if name.lower() != "connection"}
    if "content-length" not in {name.lower() for name in headers}:
        headers["Content-Length"] = str(len(body))
    start_response(f"{status} X", list(headers.items()))
    return [body]


def told(body: bytes, headers: dict) -> tuple[str, str]:
    """The code and the words of an error in whatever protocol."""
    text = body.decode(errors="replace")
    if code := re.search("<Code>([^<]*)</Code>", text):
        message = re.search("<Message>([^<]*)</Message>", text)
        return code[1], message[1] if message else ""
    try:
        parsed = json.loads(text)
        code = parsed.get("__type") or parsed.get("ErrorCode") or parsed.get("Type") or "?"
        named = {name.lower(): value for name, value in headers.items()}.get("x-amzn-errortype", code)
        return named.split("#")[-1], parsed.get("message") or parsed.get("Message") or ""
    except (ValueError, AttributeError):
        return "?", text[:200]


def refused_in_part(call, body: bytes) -> tuple[str, str] | None:
    """What AWS refuses with status 200."""
    text = body.decode(errors="replace")
    match call.name:
        case "ec2:DeleteVpcEndpoints" if found := re.search("<unsuccessful>\\s*<item>.*?<code>([^<]*)", text, re.S):
            return found[1], "unsuccessful"
        case "ecs:DeleteCapacityProvider" if "DELETE_FAILED" in text:
            return "DELETE_FAILED", json.loads(text)["capacityProvider"].get("updateStatusReason", "")
        case "ecs:DeleteTaskDefinitions" if failures := json.loads(text).get("failures"):
            return "failures", json.dumps(failures)
        case "events:RemoveTargets" if json.loads(text).get("FailedEntryCount"):
            return "FailedEntries", text
        case "s3:DeleteObjects" if found := re.search("<Error>.*?<Code>([^<]*)", text, re.S):
            return found[1], "an object stays"
    return None
