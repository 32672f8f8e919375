"""The smithy-rpc-v2-cbor protocol: `/service/{service}/operation/{operation}`, CBOR both ways."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse, content
from studiolo.aws.protocols.base import Params, Protocol, error_members, is_fault
from studiolo.aws.protocols.cbor import head
from studiolo.aws.protocols.cbor_values import CborDocuments, CborWriter, write_any
from studiolo.aws.protocols.compiler import compiler
from studiolo.aws.protocols.documents import Read, Write
from studiolo.aws.protocols.event_streams import MEDIA_TYPE as EVENT_STREAM
from studiolo.aws.protocols.event_streams import StreamWriter, stream_writer


class RpcV2CborProtocol(Protocol):
    """An operation of a service like Service Catalog or CloudWatch."""

    name = "smithy-rpc-v2-cbor"

    @cached_property
    def _documents(self) -> CborDocuments:
        return CborDocuments(self.service)

    @cached_property
    def _read(self) -> Read | None:
        return None if self.input_shape is None else self._documents.reader(self.input_shape)

    @cached_property
    def _write(self) -> Write | None:
        return None if self.output_shape is None else self._documents.writer(self.output_shape)

    @cached_property
    def _events(self) -> StreamWriter | None:
        return stream_writer(self.output_shape, self._documents, "application/cbor")

    def _parse(self, request: HttpRequest, max_body: int) -> Params:
        body = content(request, max_body)
        if not body or self._read is None:
            return {}
        params: Params = self._read(body)
        return params

    def serialize(self, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        headers = self._headers(request_id)
        if self._events is not None:
            headers["Content-Type"] = EVENT_STREAM
            return HttpResponse(200, headers, self._events(result))
        if self._write is None:
            del headers["Content-Type"]
            return HttpResponse(200, headers, b"")
        return HttpResponse(200, headers, self._write(result))

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        shape = self.error_shape(error)
        headers = self._headers(request_id)
        code = error.code if shape is None else shape.name
        if "awsQueryCompatible" in self.metadata:
            fault = "Receiver" if shape is not None and is_fault(shape) else "Sender"
            headers["x-amzn-query-error"] = f"{self.error_code(error, shape)};{fault}"
        members = {"__type": code, **error_members(error, shape)}
        # A value that no shape describes is written as what it is: the code, and an error's unmodeled members.
        shapes = {} if shape is None else shape.members
        body = bytearray(head(5, len(members)))
        for name, value in members.items():
            write_any(body, shapes[name].serialization.get("name", name) if name in shapes else name)
            (compiler(CborWriter, self.service).of(shapes[name]) if name in shapes else write_any)(body, value)
        return HttpResponse(self.error_status(error, shape), headers, bytes(body))

    def _headers(self, request_id: str) -> dict[str, str]:
        return {
            "Content-Type": "application/cbor",
            "smithy-protocol": "rpc-v2-cbor",
            "x-amzn-RequestId": request_id,
        }
