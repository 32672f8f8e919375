"""Requests to parameters, results and errors to responses, for any operation of any botocore model.

Every function takes an operation model, from botocore's data or made by hand. The protocol is the one a request
shows, where the service speaks several, and botocore's choice for that service otherwise.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from botocore.model import OperationModel

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import MAX_BODY, HttpRequest, HttpResponse
from studiolo.aws.protocols.base import Params, Protocol, new_request_id
from studiolo.aws.protocols.ec2 import Ec2Protocol
from studiolo.aws.protocols.json import JsonProtocol
from studiolo.aws.protocols.query import QueryProtocol
from studiolo.aws.protocols.rest_json import RestJsonProtocol
from studiolo.aws.protocols.rest_xml import RestXmlProtocol
from studiolo.aws.protocols.rpc_v2_cbor import RpcV2CborProtocol

__all__ = ["new_request_id", "parse", "protocol_of", "serialize", "serialize_error"]

_KINDS = (JsonProtocol, RestJsonProtocol, QueryProtocol, Ec2Protocol, RestXmlProtocol, RpcV2CborProtocol)
_PROTOCOLS: Mapping[str, type[Protocol]] = {kind.name: kind for kind in _KINDS}


def parse(operation_model: OperationModel, http_request: Any, *, max_body: int = MAX_BODY) -> Params:
    """Read the operation's parameters from a request (see `HttpRequest.of` for what that may be).

    Timestamps become aware datetimes in UTC, blobs bytes; a streaming body is handed through as it is.
    Raises ServiceError for anything the protocol cannot read.
    """
    request = HttpRequest.of(http_request)
    return _protocol(operation_model, protocol_of(operation_model, request)).parse(request, max_body)


def serialize(
    operation_model: OperationModel,
    result: Mapping[str, Any] | None,
    *,
    protocol: str | None = None,
    request_id: str | None = None,
) -> HttpResponse:
    """Write a result. A streaming member may be bytes, a binary file or an iterable of bytes, and is not buffered."""
    name = protocol or operation_model.service_model.resolved_protocol
    return _protocol(operation_model, name).serialize(result or {}, request_id or new_request_id())


def serialize_error(
    operation_model: OperationModel,
    error: ServiceError,
    *,
    protocol: str | None = None,
    request_id: str | None = None,
) -> HttpResponse:
    """Write an error, with the model's status and members where the model knows its code."""
    name = protocol or operation_model.service_model.resolved_protocol
    return _protocol(operation_model, name).serialize_error(error, request_id or new_request_id())


def protocol_of(operation_model: OperationModel, request: HttpRequest) -> str:
    """The protocol a request is written in, among those the service speaks."""
    metadata = operation_model.metadata
    spoken = metadata.get("protocols") or (metadata["protocol"],)
    if len(spoken) == 1:
        return str(spoken[0])
    headers = request.headers
    if "smithy-protocol" in headers and "smithy-rpc-v2-cbor" in spoken:
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in headers and "json" in spoken:
        return "json"
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded") and "query" in spoken:
        return "query"
    return str(operation_model.service_model.resolved_protocol)


@lru_cache(maxsize=16384)
def _protocol(operation_model: OperationModel, name: str) -> Protocol:
    kind = _PROTOCOLS.get(name)
    if kind is None:
        raise ValueError(f"unknown protocol {name!r}")
    return kind(operation_model)
