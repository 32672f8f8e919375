"""CBOR documents to parameters and results to CBOR documents, by the model's shapes."""

import struct
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError
from studiolo.aws.protocols.cbor import decode, head
from studiolo.aws.protocols.compiler import Codec, Compiler, compiler
from studiolo.aws.protocols.documents import Documents, Read, Write
from studiolo.aws.protocols.json_values import JsonReader


class CborReader(JsonReader):
    """As JSON's values, but blobs are bytes and timestamps always seconds."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "blob":
            return _read_blob
        return _read_timestamp if shape.type_name == "timestamp" else super().build(shape)


def _read_blob(value: Any) -> Any:
    if value.__class__ is not bytes:
        raise MalformedError(f"{type(value).__name__} can not be converted to a Blob")
    return value


def _read_timestamp(value: Any) -> Any:
    if value.__class__ is not int and value.__class__ is not float:
        raise MalformedError(f"{type(value).__name__} can not be converted to a Timestamp")
    return timestamps.from_epoch(value)


class CborWriter(Compiler):
    """Every function takes a bytearray to append to, and the value."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "structure":
            return write_any if shape.is_document_type else self.members(shape.members)
        if shape.type_name == "list":
            return _list_writer(self.of(shape.member))
        if shape.type_name == "map":
            return _map_writer(self.of(shape.value))
        return _SCALARS.get(shape.type_name, _write_string)

    def members(self, shapes: Mapping[str, Shape]) -> Codec:
        """A function that writes these members of a mapping as a map."""
        members = {}
        for name, shape in shapes.items():
            wire_name = shape.serialization.get("name", name).encode()
            members[name] = (head(3, len(wire_name)) + wire_name, self.of(shape))

        def write(out: bytearray, value: Mapping[str, Any]) -> None:
            given = [(members[key], item) for key, item in value.items() if item is not None and key in members]
            out += head(5, len(given))
            for (key, write_item), item in given:
                out += key
                write_item(out, item)

        return write


def _list_writer(write_item: Codec) -> Codec:
    def write(out: bytearray, value: Any) -> None:
        items = list(value)
        out += head(4, len(items))
        for item in items:
            if item is None:
                out.append(0xF6)
            else:
                write_item(out, item)

    return write


def _map_writer(write_item: Codec) -> Codec:
    def write(out: bytearray, value: Mapping[str, Any]) -> None:
        out += head(5, len(value))
        for key, item in value.items():
            _write_string(out, key)
            if item is None:
                out.append(0xF6)
            else:
                write_item(out, item)

    return write


def _write_integer(out: bytearray, value: Any) -> None:
    number = int(value)
    out += head(0, number) if number >= 0 else head(1, -1 - number)


def _write_string(out: bytearray, value: Any) -> None:
    data = str(value).encode()
    out += head(3, len(data)) + data


def _write_blob(out: bytearray, value: Any) -> None:
    data = value.encode() if isinstance(value, str) else bytes(value)
    out += head(2, len(data)) + data


def _write_boolean(out: bytearray, value: Any) -> None:
    out.append(0xF5 if value else 0xF4)


def _write_double(out: bytearray, value: Any) -> None:
    out += struct.pack(">Bd", 0xFB, float(value))


def _write_timestamp(out: bytearray, value: Any) -> None:
    seconds = timestamps.to_epoch(value)
    out.append(0xC1)
    if isinstance(seconds, int):
        _write_integer(out, seconds)
    else:
        _write_double(out, seconds)


_SCALARS: Mapping[str, Codec] = {
    "integer": _write_integer,
    "long": _write_integer,
    "boolean": _write_boolean,
    "float": _write_double,
    "double": _write_double,
    "blob": _write_blob,
    "timestamp": _write_timestamp,
}


def write_any(out: bytearray, value: Any) -> None:
    """A value that no shape describes (a document type)."""
    if value is None:
        out.append(0xF6)
    elif isinstance(value, bool):
        _write_boolean(out, value)
    elif isinstance(value, int):
        _write_integer(out, value)
    elif isinstance(value, float):
        _write_double(out, value)
    elif isinstance(value, Mapping):
        _map_writer(write_any)(out, value)
    elif isinstance(value, (list, tuple)):
        _list_writer(write_any)(out, value)
    else:
        _write_string(out, value)


class CborDocuments(Documents):
    """CBOR."""

    media_type = "application/cbor"

    def reader(self, shape: Shape) -> Read:
        read = compiler(CborReader, self.service).of(shape)
        return lambda body: read(decode(body))

    def members_reader(self, members: Mapping[str, Shape]) -> Read:
        read = compiler(CborReader, self.service).members(members)
        return lambda body: read(decode(body))

    def writer(self, shape: Shape) -> Write:
        return _document(compiler(CborWriter, self.service).of(shape))

    def members_writer(self, shape: Shape, members: Mapping[str, Shape]) -> Write:
        return _document(compiler(CborWriter, self.service).members(members))


def _document(write: Codec) -> Write:
    def document(value: Any) -> bytes:
        out = bytearray()
        write(out, value)
        return bytes(out)

    return document
