"""What the REST protocols share: members in path, query string and headers, and one document or stream as the body."""

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from botocore.model import Shape, StructureShape

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse, content
from studiolo.aws.protocols.base import Params, Protocol
from studiolo.aws.protocols.bindings import RequestBindings, ResponseBindings, body_members, result_members
from studiolo.aws.protocols.documents import Documents
from studiolo.aws.protocols.event_streams import MEDIA_TYPE as EVENT_STREAM
from studiolo.aws.protocols.event_streams import EventReader, EventWriter

ReadBody = Callable[[HttpRequest, int], Params]
WriteBody = Callable[[Mapping[str, Any]], tuple[bytes | Iterable[bytes] | AsyncIterable[bytes], str | None]]
_CHUNK = 64 * 1024


class RestProtocol(Protocol):
    """An operation bound to an HTTP method and path."""

    documents_type: ClassVar[type[Documents]]

    @cached_property
    def documents(self) -> Documents:
        """The format of its bodies."""
        return self.documents_type(self.service)

    def _parse(self, request: HttpRequest, max_body: int) -> Params:
        if self.input_shape is None:
            return {}
        params = self._bindings.read(request)
        params.update(self._read_body(request, max_body))
        return params

    def serialize(self, result: Mapping[str, Any], request_id: str) -> HttpResponse:
        headers = {"x-amzn-RequestId": request_id}
        if self.output_shape is None:
            return HttpResponse(self.status, headers, b"")
        body, content_type = self._write_body(result)
        if content_type is not None and not self._result_bindings.has_content_type:
            headers["Content-Type"] = content_type
        headers |= self._result_bindings.headers(result)
        return HttpResponse(self._result_bindings.status(result, self.status), headers, body)

    @cached_property
    def _bindings(self) -> RequestBindings:
        return RequestBindings(self.operation, self._shape(self.input_shape))

    @cached_property
    def _result_bindings(self) -> ResponseBindings:
        return ResponseBindings(self._shape(self.output_shape))

    @staticmethod
    def _shape(shape: StructureShape | None) -> StructureShape:
        assert shape is not None
        return shape

    @cached_property
    def _read_body(self) -> ReadBody:
        shape = self._shape(self.input_shape)
        name = shape.serialization.get("payload")
        if name is not None:
            return self._payload_reader(name, shape.members[name], required=name in shape.required_members)
        members = body_members(shape)
        if not members:
            return lambda request, max_body: {}
        read = self.documents.members_reader(members)

        def read_document(request: HttpRequest, max_body: int) -> Params:
            body = content(request, max_body)
            params: Params = read(body) if body else {}
            return params

        return read_document

    def _payload_reader(self, name: str, shape: Shape, *, required: bool) -> ReadBody:
        if shape.serialization.get("eventstream"):
            events = EventReader(shape, self.documents)
            return lambda request, max_body: {name: events.read(request.body)}
        if shape.type_name == "blob":
            streams = shape.serialization.get("streaming")

            def read_blob(request: HttpRequest, max_body: int) -> Params:
                # As it came: a blob's Content-Encoding belongs to the blob.
                body = request.body if streams or isinstance(request.body, bytes) else request.body.read(max_body)
                return {name: body} if body or required else {}

            return read_blob
        if shape.type_name == "string":

            def read_text(request: HttpRequest, max_body: int) -> Params:
                body = content(request, max_body)
                try:
                    return {name: body.decode()} if body or required else {}
                except UnicodeDecodeError as error:
                    raise ServiceError(self.malformed_code, "The body is not valid UTF-8") from error

            return read_text
        read = self.documents.reader(shape)

        def read_payload(request: HttpRequest, max_body: int) -> Params:
            body = content(request, max_body)
            value = read(body) if body else None
            # botocore sends an empty document for a payload that was not given.
            return {name: value} if value or (value is not None and required) else {}

        return read_payload

    @cached_property
    def _write_body(self) -> WriteBody:
        shape = self._shape(self.output_shape)
        name = shape.serialization.get("payload")
        if name is not None:
            return self._payload_writer(name, shape.members[name])
        write = self.documents.members_writer(shape, result_members(shape))
        if self.status == 204:
            return lambda result: (b"", None)
        return lambda result: (write(result), self.documents.media_type)

    def _payload_writer(self, name: str, shape: Shape) -> WriteBody:
        if shape.serialization.get("eventstream"):
            events = EventWriter(shape, self.documents)
            return lambda result: (events.write(result.get(name) or ()), EVENT_STREAM)
        if shape.type_name == "blob":
            return lambda result: (as_stream(result.get(name)), "application/octet-stream")
        if shape.type_name == "string":
            return lambda result: (str(result.get(name) or "").encode(), "text/plain")
        write = self.documents.writer(shape)

        def write_payload(result: Mapping[str, Any]) -> tuple[bytes, str | None]:
            value = result.get(name)
            return (b"", None) if value is None else (write(value), self.documents.media_type)

        return write_payload

    def error_parts(self, shape: StructureShape | None, members: Params) -> tuple[dict[str, str], Params]:
        """The headers an error's members are bound to, and the members left for the body."""
        if shape is None:
            return {}, members
        unbound = result_members(shape)
        in_body = {n: v for n, v in members.items() if n in unbound or n not in shape.members}
        return ResponseBindings(shape).headers(members), in_body


def as_stream(body: Any) -> bytes | Iterable[bytes]:
    """A streaming member as a response's body: bytes, or pieces of a file or iterable, read as they are sent."""
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    if hasattr(body, "read"):
        return iter(lambda: body.read(_CHUNK), b"")
    pieces: bytes | Iterable[bytes] = body
    return pieces
