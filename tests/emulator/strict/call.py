"""What a request asks for: the service, the operation and the parameters, whatever the protocol."""

import io
import json
import re
import urllib.parse

import moto.backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.request import Request
from moto.core.routing import get_service_router

# The services that say by path and method what is wanted, and what botocore calls them.
BY_PATH = {
    "elasticfilesystem": "efs",
    "lambda": "lambda",
    "route53": "route53",
    "s3": "s3",
    "scheduler": "scheduler",
}
# IAM's name of a service where the one in the signature is another.
NAMES = {"monitoring": "cloudwatch"}
READS = re.compile("Describe|List|Get|Head|BatchGet|Lookup|Query|Scan|Select|Search|Filter|Assume")
# What names the thing that a call is about, the most telling first.
TELLING = re.compile(
    r"^(StackName|cluster|service|task|containerInstance|capacityProvider|AutoScalingGroupName|LaunchConfigurationName"
    r"|[A-Za-z]+(Id|Arn|ARN|Name|Identifier|Url)|Bucket|name|KeyId)(\.\d+)?$"
)


class Call:
    def __init__(self, service: str, action: str, params: dict, region: str = "us-east-1") -> None:
        self.service = service
        self.action = action
        self.params = params
        self.region = region

    @property
    def name(self) -> str:
        """As IAM writes it: `ec2:DeleteSubnet`."""
        return f"{self.service}:{self.action}"

    @property
    def writes(self) -> bool:
        return not READS.match(self.action)

    def __getitem__(self, key: str):
        return self.params.get(key)

    def says(self, key: str) -> bool:
        return str(self.params.get(key, "")).lower() == "true"

    def listed(self, key: str) -> list:
        """The values of a list, which queries write as `InstanceId.1` or `Names.member.1`."""
        if isinstance(self.params.get(key), list):
            return self.params[key]
        names = (name for name in self.params if re.fullmatch(rf"{key}(\.member)?\.\d+", name))
        return [self.params[name] for name in sorted(names, key=lambda name: int(name.rsplit(".", 1)[1]))]

    def backend(self, service: str, region: str | None = None):
        return moto.backends.get_backend(service)[DEFAULT_ACCOUNT_ID][region or self.region]

    @property
    def resource(self) -> str:
        told = [str(value) for name, value in self.params.items() if TELLING.match(name) and value]
        return " ".join(dict.fromkeys(told))

    @property
    def protocol(self) -> str:
        return self.params.get("-protocol", "query")


def read(environ: dict) -> "Call | None":
    """The call of a request; nothing where it is none of AWS's. The body can be read again afterwards."""
    scope = re.search("Credential=[^/]+/[0-9]+/([^/]+)/([^/]+)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
    if not scope:
        return None
    region, service = scope.groups()
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    service = NAMES.get(service, service)

    if target := environ.get("HTTP_X_AMZ_TARGET"):
        params = json.loads(body or b"{}")
        return Call(service, target.split(".")[-1], params | {"-protocol": "json"}, region)
    path = environ.get("PATH_INFO", "")
    if cbor := re.fullmatch("/service/[^/]+/operation/([A-Za-z]+)", path):
        return Call(service, cbor[1], {"-protocol": "cbor"}, region)
    if service in BY_PATH:
        try:
            operation, params = get_service_router(BY_PATH[service]).match(Request(dict(environ)))
        except Exception:  # no operation has this path
            return None
        finally:
            environ["wsgi.input"] = io.BytesIO(body)
        return Call(service, operation.name, params | {"-protocol": service}, region)
    asked = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", "")))
    asked |= dict(urllib.parse.parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    protocol = "ec2" if service == "ec2" else "query"
    return Call(service, asked.get("Action", ""), asked | {"-protocol": protocol}, region)
