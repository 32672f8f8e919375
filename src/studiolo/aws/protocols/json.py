"""The json protocol (awsJson 1.0 and 1.1): one target header, JSON both ways."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse, content
from studiolo.aws.protocols.base import Params, Protocol, error_members, is_fault
from studiolo.aws.protocols.compiler import Codec, compiler
from studiolo.aws.protocols.documents import JsonDocuments
from studiolo.aws.protocols.event_streams import MEDIA_TYPE as EVENT_STREAM
from studiolo.aws.protocols.event_streams import StreamWriter, stream_writer
from studiolo.aws.protocols.json_values import JsonReader, JsonWriter, decode, encode, write_error_members


class JsonProtocol(Protocol):
    """An operation of a service like Glue, SageMaker or CloudWatch Logs."""

    name = "json"

    @cached_property
    def _read(self) -> Codec | None:
        return None if self.input_shape is None else compiler(JsonReader, self.service).of(self.input_shape)

    @cached_property
    def _write(self) -> Codec | None:
        return None if self.output_shape is None else compiler(JsonWriter, self.service).of(self.output_shape)

    @cached_property
    def _events(self) -> StreamWriter | None:
        return stream_writer(self.output_shape, JsonDocuments(self.service), "application/json")

    @cached_property
    def _content_type(self) -> str:
        return f"application/x-amz-json-{self.metadata.get('jsonVersion', '1.0')}"

    def _parse(self, request: HttpRequest, max_body: int) -> Params:
        body = content(request, max_body)
        if not body or self._read is None:
            return {}
        params: Params = self._read(decode(body))
        return params

    def serialize(self, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        headers = {"Content-Type": self._content_type, "x-amzn-RequestId": request_id}
        if self._events is not None:
            headers["Content-Type"] = EVENT_STREAM
            return HttpResponse(self.status, headers, self._events(result))
        body = b"" if self._write is None else encode(self._write(result)).encode()
        return HttpResponse(self.status, headers, body)

    def serialize_error(self, error: ServiceError, request_id: str) -> HttpResponse:
        shape = self.error_shape(error)
        members = error_members(error, shape)
        headers = {"Content-Type": self._content_type, "x-amzn-RequestId": request_id}
        code = error.code if shape is None else shape.name
        if "awsQueryCompatible" in self.metadata:
            fault = "Receiver" if shape is not None and is_fault(shape) else "Sender"
            headers["x-amzn-query-error"] = f"{self.error_code(error, shape)};{fault}"
        body = encode({"__type": code, **write_error_members(self.service, shape, members)}).encode()
        return HttpResponse(self.error_status(error, shape), headers, body)
