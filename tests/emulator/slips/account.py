"""Slips of what an account tells of itself: its free tier."""

import json

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from slips.patch import around, slip

FREE_TIER = "AWSFreeTierService."


@slip
def an_old_account_has_no_plan_and_no_offer_in_use() -> None:
    """An account that was opened before there were plans tells that it has none, and lists the offers of which it
    uses anything; moto has no such service."""

    @around(DomainDispatcherApplication, "__call__")
    def answer(call, app, environ, start_response):
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not target.startswith(FREE_TIER):
            return call(app, environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, said = "200 OK", {"freeTierUsages": []}
        if target == FREE_TIER + "GetAccountPlanState":
            message = "The account has no account plan."
            status, said = "400 Bad Request", {"__type": "ResourceNotFoundException", "message": message}
        body = json.dumps(said).encode()
        head = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(body))}
        start_response(status, list(head.items()))
        return [body]
