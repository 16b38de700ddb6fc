"""Slips of what watches, tells and scales: CloudWatch's protocol, scaling of caches."""

import io
import json
import re

from botocore.loaders import Loader
from botocore.model import DenormalizedStructureBuilder, ServiceModel
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from slips.patch import around, slip

TEXT = {"type": "string"}
ERROR = DenormalizedStructureBuilder().with_members({"__type": TEXT, "message": TEXT}).build_model()
CBOR_CALL = re.compile("/service/(GraniteServiceVersion20100801)/operation/([A-Za-z]+)")


@slip
def cloudwatch_speaks_cbor() -> None:
    """CloudWatch understands RPC v2 over CBOR, which today's SDKs speak to it; moto knows its older protocols only."""
    model = ServiceModel(Loader().load_service_model("cloudwatch", "service-2"))
    reader, writer = RpcV2CBORParser(), RpcV2CBORSerializer()

    @around(DomainDispatcherApplication, "__call__")
    def answer(call, app, environ, start_response):
        asked = CBOR_CALL.fullmatch(environ.get("PATH_INFO", ""))
        if not asked:
            return call(app, environ, start_response)
        told = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        body = json.dumps(reader.parse_data_item(io.BufferedReader(io.BytesIO(told)))).encode()
        environ |= {
            "PATH_INFO": "/",
            "RAW_URI": "/",
            "REQUEST_URI": "/",
            "HTTP_X_AMZ_TARGET": ".".join(asked.groups()),
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        heads = []
        said = json.loads(b"".join(call(app, environ, lambda *head: heads.append(head))) or b"{}")
        status = heads[0][0]
        shape = model.operation_model(asked[2]).output_shape
        if not status.startswith("200"):
            said, shape = {"__type": said.get("__type", ""), "message": said.get("Message", "")}, ERROR
        cbor = bytearray()
        if shape:  # some calls answer with nothing
            writer._serialize_data_item(cbor, said, shape)
        head = {"Content-Type": "application/cbor", "Content-Length": str(len(cbor)), "smithy-protocol": "rpc-v2-cbor"}
        start_response(status, list(head.items()))
        return [bytes(cbor)]


@slip
def caches_may_be_scaled() -> None:
    """Application Auto Scaling knows ElastiCache; moto calls that service no service."""

    @around(ApplicationAutoScalingResponse, "describe_scalable_targets")
    def describe(call, response):
        if response._get_param("ServiceNamespace") == "elasticache":
            return json.dumps({"ScalableTargets": []})
        return call(response)
