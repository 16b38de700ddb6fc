"""Answers in the words of each protocol."""

import json
from xml.sax.saxutils import escape

NAMESPACES = {
    "autoscaling": "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    "cloudformation": "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    "elasticloadbalancing": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
}
REQUEST = "5de4ed6a-0b0e-4c43-8d35-000000000000"


def error(call, code: str, message: str, status: int) -> tuple[int, dict, bytes]:
    match call.protocol:
        case "json":
            body = json.dumps({"__type": code, "message": message})
            return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, body.encode()
        case "lambda":
            body = json.dumps({"Type": "User", "Message": message})
            return status, {"Content-Type": "application/json", "x-amzn-ErrorType": code}, body.encode()
        case "elasticfilesystem":
            body = json.dumps({"ErrorCode": code, "Message": message})
            return status, {"Content-Type": "application/json", "x-amzn-ErrorType": code}, body.encode()
        case "scheduler":
            body = json.dumps({"Message": message})
            return status, {"Content-Type": "application/json", "x-amzn-ErrorType": code}, body.encode()
        case "cbor":
            body = b"\xa2" + text("__type") + text(code) + text("message") + text(message)
            return status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body
        case "ec2":
            inner = f"<Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
            body = f"<Response>{inner}<RequestID>{REQUEST}</RequestID></Response>"
        case "s3":
            inner = f"<Code>{code}</Code><Message>{escape(message)}</Message><RequestId>{REQUEST}</RequestId>"
            body = f"<Error>{inner}</Error>"
        case _:
            inner = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            body = f"<ErrorResponse>{inner}<RequestId>{REQUEST}</RequestId></ErrorResponse>"
    return status, {"Content-Type": "text/xml"}, f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode()


def text(of: str) -> bytes:
    """A text in CBOR."""
    raw = of.encode()
    if len(raw) < 24:
        return bytes([0x60 + len(raw)]) + raw
    return b"\x79" + len(raw).to_bytes(2, "big") + raw


def success(call, result: str | dict) -> tuple[int, dict, bytes]:
    """An answer with this in it: the inner of the result element of a query, or a JSON object."""
    if isinstance(result, dict):
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(result).encode()
    space = NAMESPACES[call.service]
    inner = f"<{call.action}Result>{result}</{call.action}Result>"
    metadata = f"<ResponseMetadata><RequestId>{REQUEST}</RequestId></ResponseMetadata>"
    body = f'<{call.action}Response xmlns="{space}">{inner}{metadata}</{call.action}Response>'
    return 200, {"Content-Type": "text/xml"}, body.encode()
