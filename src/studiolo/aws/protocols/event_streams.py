"""Event streams (`application/vnd.amazon.eventstream`): framed messages with typed headers, both ways.

After "Amazon Event Stream" in the Smithy specification.
"""

import struct
from binascii import crc32
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, BinaryIO

from botocore.eventstream import EventStreamBuffer, EventStreamMessage, ParserError
from botocore.model import Shape, StructureShape

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError, ServiceError
from studiolo.aws.protocols.documents import Documents, Write

MEDIA_TYPE = "application/vnd.amazon.eventstream"
_CHUNK = 64 * 1024
_SMALLEST = 16
_OCTETS = "application/octet-stream"
_INTEGERS = {"byte": (2, ">b"), "short": (3, ">h"), "integer": (4, ">i"), "long": (5, ">q")}


def message(headers: Mapping[str, bytes], payload: bytes) -> bytes:
    """One framed message; the headers' values are encoded already, type first."""
    packed = b"".join(struct.pack(">B", len(name)) + name.encode() + value for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(packed) + len(payload), len(packed))
    framed = prelude + struct.pack(">I", crc32(prelude)) + packed + payload
    return framed + struct.pack(">I", crc32(framed))


def text_header(text: str) -> bytes:
    """A header's value of type string."""
    encoded = text.encode()
    return struct.pack(">BH", 7, len(encoded)) + encoded


def _header(value: Any, kind: str) -> bytes:
    if kind == "boolean":
        return b"\x00" if value else b"\x01"
    if kind in _INTEGERS:
        type_byte, form = _INTEGERS[kind]
        return struct.pack(">B", type_byte) + struct.pack(form, int(value))
    if kind == "timestamp":
        return struct.pack(">Bq", 8, round(timestamps.to_epoch(value) * 1000))
    if kind == "blob":
        return struct.pack(">BH", 6, len(value)) + bytes(value)
    return text_header(str(value))


class EventWriter:
    """Writes events, each a mapping with one member of the stream's union, as messages."""

    def __init__(self, shape: StructureShape, documents: Documents) -> None:
        self._events = {name: _event_writer(name, member, documents) for name, member in shape.members.items()}

    def write(
        self, events: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]], initial: bytes | None = None
    ) -> Iterator[bytes] | AsyncIterator[bytes]:
        """One message after the other, of those that one waits for as of others.

        A ServiceError that the events raise becomes the last one.
        """
        return self._later(events, initial) if isinstance(events, AsyncIterable) else self._now(events, initial)

    def _now(self, events: Iterable[Mapping[str, Any]], initial: bytes | None) -> Iterator[bytes]:
        if initial is not None:
            yield initial
        try:
            for event in events:
                yield self._written(event)
        except ServiceError as error:
            yield _error(error)

    async def _later(self, events: AsyncIterable[Mapping[str, Any]], initial: bytes | None) -> AsyncIterator[bytes]:
        if initial is not None:
            yield initial
        try:
            async for event in events:
                yield self._written(event)
        except ServiceError as error:
            yield _error(error)

    def _written(self, event: Mapping[str, Any]) -> bytes:
        return b"".join(self._events[name](value) for name, value in event.items() if value is not None)


def _error(error: ServiceError) -> bytes:
    headers = {":message-type": "error", ":error-code": error.code, ":error-message": error.message}
    return message({name: text_header(text) for name, text in headers.items()}, b"")


StreamWriter = Callable[[Mapping[str, Any]], Iterator[bytes] | AsyncIterator[bytes]]


def stream_writer(shape: StructureShape | None, documents: Documents, content_type: str) -> StreamWriter | None:
    """In the RPC protocols: writes a result with a stream of events, its other members in an initial message."""
    name = None if shape is None else shape.event_stream_name
    if shape is None or name is None:
        return None
    events = EventWriter(shape.members[name], documents)
    write = documents.members_writer(shape, {n: m for n, m in shape.members.items() if n != name})
    headers = {":message-type": "event", ":event-type": "initial-response", ":content-type": content_type}
    encoded = {key: text_header(text) for key, text in headers.items()}

    def write_stream(result: Mapping[str, Any]) -> Iterator[bytes] | AsyncIterator[bytes]:
        return events.write(result.get(name) or (), message(encoded, write(result)))

    return write_stream


def _event_writer(name: str, shape: StructureShape, documents: Documents) -> Callable[[Mapping[str, Any]], bytes]:
    is_exception = shape.metadata.get("exception", False)
    kind = {":message-type": "exception", ":exception-type": name}
    if not is_exception:
        kind = {":message-type": "event", ":event-type": name}
    in_headers = {n: m.type_name for n, m in shape.members.items() if m.serialization.get("eventheader")}
    body_name, write, content_type = _event_body(shape, documents)
    fixed = {key: text_header(text) for key, text in kind.items()}

    def write_event(value: Mapping[str, Any]) -> bytes:
        headers = dict(fixed)
        body = value if body_name is None else value.get(body_name)
        if body is not None:
            headers[":content-type"] = text_header(content_type)
        for member, type_name in in_headers.items():
            if value.get(member) is not None:
                headers[member] = _header(value[member], type_name)
        return message(headers, b"" if body is None else write(body))

    return write_event


def _event_body(shape: StructureShape, documents: Documents) -> tuple[str | None, Write, str]:
    """The member that is the payload (None: all that are not headers), how it is written, and its media type."""
    for name, member in shape.members.items():
        if member.serialization.get("eventpayload"):
            if member.type_name == "blob":
                return name, lambda value: value.encode() if isinstance(value, str) else bytes(value), _OCTETS
            if member.type_name == "string":
                return name, lambda value: str(value).encode(), "text/plain"
            return name, documents.writer(member), documents.media_type
    members = {n: m for n, m in shape.members.items() if not m.serialization.get("eventheader")}
    return None, documents.members_writer(shape, members), documents.media_type


class EventReader:
    """Reads a stream of messages into events, each a mapping with one member of the union."""

    def __init__(self, shape: StructureShape, documents: Documents) -> None:
        self._shape = shape
        self._documents = documents

    def read(self, body: bytes | BinaryIO) -> list[dict[str, Any]] | Iterator[dict[str, Any]]:
        """All events of a body in memory, or those of a file as they arrive. Raises MalformedError."""
        if isinstance(body, bytes):
            # In pieces: the buffer copies what it holds with every message it takes off.
            return list(self._events(body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)))
        return self._events(iter(lambda: body.read(_CHUNK), b""))

    def _events(self, pieces: Iterator[bytes]) -> Iterator[dict[str, Any]]:
        buffer = EventStreamBuffer()
        try:
            for piece in pieces:
                buffer.add_data(piece)
                for framed in buffer:
                    if framed.prelude.total_length < _SMALLEST:
                        raise MalformedError("A message of the event stream is shorter than its own frame")
                    event = self._event(framed)
                    if event is not None:
                        yield event
        except (ParserError, struct.error, KeyError, UnicodeDecodeError, IndexError) as error:
            raise MalformedError(f"The event stream is malformed: {error}") from error

    def _event(self, framed: EventStreamMessage) -> dict[str, Any] | None:
        if ":chunk-signature" in framed.headers:
            # A signed stream wraps each message in one that carries its signature; an empty one ends it.
            if not framed.payload:
                return None
            inner = EventStreamBuffer()
            inner.add_data(framed.payload)
            unwrapped = next(inner, None)
            if unwrapped is None:
                raise MalformedError("A signed message holds no whole message")
            framed = unwrapped
        name = framed.headers.get(":event-type")
        member = self._shape.members.get(name)
        return None if member is None else {name: self._value(framed, member)}

    def _value(self, framed: EventStreamMessage, shape: StructureShape) -> dict[str, Any]:
        value: dict[str, Any] = {}
        rest: dict[str, Shape] = {}
        payload: bytes = framed.payload
        has_payload_member = False
        for name, member in shape.members.items():
            if member.serialization.get("eventheader"):
                given = framed.headers.get(name)
                if given is not None:
                    value[name] = _as_moment(given) if member.type_name == "timestamp" else given
            elif member.serialization.get("eventpayload"):
                has_payload_member = True
                value[name] = self._payload(payload, member)
            else:
                rest[name] = member
        if payload and rest and not has_payload_member:
            value.update(self._documents.members_reader(rest)(payload))
        return value

    def _payload(self, payload: bytes, shape: Shape) -> Any:
        if shape.type_name == "blob":
            return payload
        return payload.decode() if shape.type_name == "string" else self._documents.reader(shape)(payload)


def _as_moment(milliseconds: int) -> datetime:
    return timestamps.from_epoch(milliseconds / 1000)
