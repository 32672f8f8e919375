"""Small models written by hand, for the corners that no real service shows all at once, and requests of them."""

import json
from datetime import datetime, timezone
from typing import Any

from botocore.model import OperationModel, ServiceModel

from studiolo.aws.http import HttpRequest, HttpResponse

MOMENT = datetime(2014, 4, 29, 18, 30, 38, tzinfo=timezone.utc)
ALL = {"s": "String", "i": "Integer", "d": "Double", "b": "Boolean", "x": "Blob", "t": "Timestamp", "tree": "Tree"}
MEMBERS = {name: {"shape": shape} for name, shape in ALL.items()}

SCALARS = {
    "String": {"type": "string"},
    "Integer": {"type": "integer"},
    "Long": {"type": "long"},
    "Float": {"type": "float"},
    "Double": {"type": "double"},
    "Boolean": {"type": "boolean"},
    "Blob": {"type": "blob"},
    "Timestamp": {"type": "timestamp"},
    "Document": {"type": "structure", "members": {}, "document": True},
    "Strings": {"type": "list", "member": {"shape": "String"}},
    "Integers": {"type": "list", "member": {"shape": "Integer"}},
    "Timestamps": {"type": "list", "member": {"shape": "Timestamp"}},
    "StringMap": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "String"}},
    "StringsMap": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "Strings"}},
    "Tree": {
        "type": "structure",
        "members": {"name": {"shape": "String"}, "kids": {"shape": "Trees"}, "one": {"shape": "Tree"}},
    },
    "Trees": {"type": "list", "member": {"shape": "Tree"}},
    "Choice": {
        "type": "structure",
        "union": True,
        "members": {"text": {"shape": "String"}, "number": {"shape": "Integer"}, "tree": {"shape": "Tree"}},
    },
}


def operation(
    protocol: str,
    members: dict[str, Any] | None = None,
    *,
    output: dict[str, Any] | None = None,
    http: dict[str, Any] | None = None,
    traits: dict[str, Any] | None = None,
    output_traits: dict[str, Any] | None = None,
    shapes: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
    **given: Any,
) -> OperationModel:
    """An operation `Do` with these input and output members, of a service that says little about itself."""
    every = {**SCALARS, **(shapes or {})}
    spec: dict[str, Any] = {"name": "Do", "http": http or {"method": "POST", "requestUri": "/"}, **given}
    if members is not None:
        every["DoRequest"] = {"type": "structure", "members": members, **(traits or {})}
        spec["input"] = {"shape": "DoRequest"}
    if output is not None:
        every["DoResponse"] = {"type": "structure", "members": output, **(output_traits or {})}
        spec["output"] = {"shape": "DoResponse", **({"resultWrapper": "DoResult"} if protocol == "query" else {})}
    described = {"protocol": protocol, "apiVersion": "2020-01-01", "jsonVersion": "1.1", "targetPrefix": "Tiny"}
    model = ServiceModel({"metadata": {**described, **(metadata or {})}, "shapes": every, "operations": {"Do": spec}})
    return OperationModel(spec, model)


def post(body: bytes = b"", url: str = "/", method: str = "POST", **headers: str) -> HttpRequest:
    return HttpRequest(method, url, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def loads(response: HttpResponse) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)
