"""JSON documents to parameters and results to JSON documents, by the model's shapes."""

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from studiolo.aws import timestamps
from studiolo.aws.errors import MalformedError
from studiolo.aws.protocols.base import MAX_DEPTH
from studiolo.aws.protocols.compiler import Codec, Compiler, compiler

INTEGER_LIMITS = {"integer": 1 << 31, "long": 1 << 63}
SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


_KINDS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE", dict: "START_OBJECT", list: "START_ARRAY"}


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
encode: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":")).encode


def decode(body: bytes) -> Any:
    """A JSON document, of bounded depth and valid Unicode. Raises MalformedError."""
    try:
        document = _DECODER.decode(body.decode())
        if b"\\u" in body:
            # An escaped lone surrogate is a str that cannot be stored or sent anywhere.
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"The request body is not valid JSON: {error}"[:200]) from error
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(document)
    return document


def _check_depth(document: Any) -> None:
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if value.__class__ is dict else value)
            if item.__class__ is dict or item.__class__ is list
        ]
        if not level:
            return
    raise MalformedError("The request body is nested too deeply")


def kind_of(value: Any) -> str:
    """How AWS names a JSON value of the wrong type."""
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    names = {
        str: "STRING_VALUE",
        int: "NUMBER_VALUE",
        float: "DECIMAL_VALUE",
        dict: "START_OBJECT",
        list: "START_ARRAY",
    }
    return names.get(type(value), "NULL_VALUE")


def _wrong(value: Any, wanted: str) -> MalformedError:
    return MalformedError(f"{kind_of(value)} can not be converted to {wanted}")


def read_base64(text: Any) -> bytes:
    """Standard base64. Raises MalformedError."""
    if not isinstance(text, str):
        raise _wrong(text, "a Blob")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"Invalid base64: {error}") from error


def write_base64(value: Any) -> str:
    """Bytes, or text as UTF-8, in base64."""
    return base64.b64encode(value.encode() if isinstance(value, str) else bytes(value)).decode()


class JsonReader(Compiler):
    """JSON values to Python: datetimes in UTC, bytes for blobs. The functions raise MalformedError for a wrong type."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return self._list(shape)
        if shape.type_name == "map":
            return self._map(shape)
        if shape.type_name in INTEGER_LIMITS:
            return _integer_reader(shape.type_name)
        if shape.type_name == "timestamp":
            return _timestamp_reader(shape.serialization.get("timestampFormat", "unixTimestamp"))
        return {"blob": read_base64, "boolean": _read_boolean, "float": _read_float, "double": _read_float}.get(
            shape.type_name, _read_string
        )

    def _structure(self, shape: StructureShape) -> Codec:
        return (lambda value: value) if shape.is_document_type else self.members(shape.members)

    def members(self, shapes: Mapping[str, Shape]) -> Codec:
        """A function that reads these members of an object."""
        members = {shape.serialization.get("name", name): (name, self.of(shape)) for name, shape in shapes.items()}

        def read(value: Any) -> Any:
            if value.__class__ is not dict:
                raise _wrong(value, "a structure")
            result = {}
            for key, item in value.items():
                if item is not None:
                    member = members.get(key)
                    if member is not None:
                        result[member[0]] = member[1](item)
            return result

        return read

    def _list(self, shape: ListShape) -> Codec:
        read_item = self.of(shape.member)

        def read(value: Any) -> Any:
            if value.__class__ is not list:
                raise _wrong(value, "a list")
            return [None if item is None else read_item(item) for item in value]

        return read

    def _map(self, shape: MapShape) -> Codec:
        read_item = self.of(shape.value)

        def read(value: Any) -> Any:
            if value.__class__ is not dict:
                raise _wrong(value, "a map")
            return {key: None if item is None else read_item(item) for key, item in value.items()}

        return read


def _read_string(value: Any) -> Any:
    if value.__class__ is not str:
        raise _wrong(value, "a String")
    return value


def _read_boolean(value: Any) -> Any:
    if value.__class__ is not bool:
        raise _wrong(value, "a Boolean")
    return value


def _integer_reader(type_name: str) -> Codec:
    limit = INTEGER_LIMITS[type_name]
    wanted = "an Integer" if type_name == "integer" else "a Long"

    def read(value: Any) -> Any:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is not int or not -limit <= value < limit:
            raise _wrong(value, wanted)
        return value

    return read


def _read_float(value: Any) -> Any:
    if value.__class__ is float or value.__class__ is int:
        try:
            return float(value)
        except OverflowError as error:
            raise _wrong(value, "a Double") from error
    special = SPECIAL_FLOATS.get(value) if value.__class__ is str else None
    if special is None:
        raise _wrong(value, "a Double")
    return special


def _timestamp_reader(form: str) -> Codec:
    if form.lower() == "unixtimestamp":

        def read_number(value: Any) -> Any:
            if value.__class__ is not int and value.__class__ is not float:
                raise _wrong(value, "a Timestamp")
            return timestamps.from_epoch(value)

        return read_number

    def read_text(value: Any) -> Any:
        if value.__class__ is not str:
            raise _wrong(value, "a Timestamp")
        return timestamps.from_text(value, form)

    return read_text


class JsonWriter(Compiler):
    """Python values to what JSON holds. Members without a value, and those the model does not know, are left out."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "structure":
            return (lambda value: value) if shape.is_document_type else self.members(shape.members)
        if shape.type_name == "list":
            write_item = self.of(shape.member)
            return lambda value: [None if item is None else write_item(item) for item in value]
        if shape.type_name == "map":
            write_value = self.of(shape.value)
            return lambda value: {str(k): None if v is None else write_value(v) for k, v in value.items()}
        if shape.type_name == "timestamp":
            return _timestamp_writer(shape.serialization.get("timestampFormat", "unixTimestamp"))
        scalars: dict[str, Codec] = {"integer": int, "long": int, "boolean": bool, "float": write_float}
        scalars |= {"double": write_float, "blob": write_base64}
        return scalars.get(shape.type_name, str)

    def members(self, shapes: Mapping[str, Shape]) -> Codec:
        """A function that writes these members of a mapping."""
        members = {name: (shape.serialization.get("name", name), self.of(shape)) for name, shape in shapes.items()}

        def write(value: Mapping[str, Any]) -> dict[str, Any]:
            result = {}
            for key, item in value.items():
                if item is not None:
                    member = members.get(key)
                    if member is not None:
                        result[member[0]] = member[1](item)
            return result

        return write


def write_error_members(
    service: ServiceModel, shape: StructureShape | None, members: Mapping[str, Any]
) -> dict[str, Any]:
    """An error's members; those that the model has no shape for (its message may be one) are written as they are."""
    shapes = {} if shape is None else shape.members
    written = {name: value for name, value in members.items() if name not in shapes}
    return {**written, **compiler(JsonWriter, service).members(shapes)(members)}


def write_float(value: Any) -> float | str:
    """A number, or one of the three words JSON has no number for."""
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _timestamp_writer(form: str) -> Codec:
    if form.lower() == "unixtimestamp":
        return timestamps.to_epoch
    return lambda value: timestamps.to_text(value, form)
