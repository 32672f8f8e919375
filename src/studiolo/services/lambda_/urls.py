"""AWS Lambda: function URLs."""

from typing import Any

from studiolo.functions import BUFFERED, FunctionUrl
from studiolo.services.call import Call
from studiolo.services.lambda_.service import Request, as_page, lambda_, named


@lambda_.operation
def create_function_url_config(call: Call, request: Request) -> dict[str, Any]:
    mode = request.get("InvokeMode", BUFFERED)
    made = call.studio.functions.urls.create(
        call.scope, *named(call, request), request["AuthType"], request.get("Cors") or None, mode
    )
    return _as_url(call, made, modified=False)


@lambda_.operation
def delete_function_url_config(call: Call, request: Request) -> dict[str, Any]:
    call.studio.functions.urls.delete(call.scope, *named(call, request))
    return {}


@lambda_.operation
def get_function_url_config(call: Call, request: Request) -> dict[str, Any]:
    return _as_url(call, call.studio.functions.urls.of(call.scope, *named(call, request)))


@lambda_.operation
def list_function_url_configs(call: Call, request: Request) -> Any:
    name = named(call, request)[0]
    return as_page(
        request,
        "FunctionUrlConfigs",
        lambda after, limit: call.studio.functions.urls.all(call.scope, name, after, limit),
        lambda each: _as_url(call, each),
    )


@lambda_.operation
def update_function_url_config(call: Call, request: Request) -> dict[str, Any]:
    names = {"AuthType": "auth", "Cors": "cors", "InvokeMode": "mode"}
    changes = {own: request[name] or None for name, own in names.items() if name in request}
    return _as_url(call, call.studio.functions.urls.update(call.scope, *named(call, request), changes))


def _as_url(call: Call, url: FunctionUrl, *, modified: bool = True) -> dict[str, Any]:
    told: dict[str, Any] = {
        "FunctionUrl": call.studio.functions.urls.address(url),
        "FunctionArn": url.arn,
        "AuthType": url.auth,
        "CreationTime": url.created.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "InvokeMode": url.mode,
    }
    if url.cors is not None:
        told["Cors"] = dict(url.cors)
    return {**told, "LastModifiedTime": url.modified.strftime("%Y-%m-%dT%H:%M:%S.%fZ")} if modified else told
