"""Members of REST operations that lie outside the body: in the path, the query string, headers and the status."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from botocore.model import OperationModel, Shape, StructureShape

from studiolo.aws.errors import MalformedError
from studiolo.aws.http import HttpRequest
from studiolo.aws.paths import labels_of, path_pattern
from studiolo.aws.protocols.form_values import unescape
from studiolo.aws.protocols.json_values import decode, read_base64, write_base64
from studiolo.aws.protocols.scalars import text_reader, text_writer

# One element of a comma-separated header: quoted, with backslash escapes, or bare.
_HEADER_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^,]*))(?:,|$)', re.DOTALL)
_HEADER_BREAKS = re.compile(r"[\r\n\0]+")

ReadText = Callable[[str], Any]
WriteText = Callable[[Any], str]


def body_members(shape: StructureShape) -> dict[str, Shape]:
    """The members of an input that no location binds."""
    return {name: member for name, member in shape.members.items() if "location" not in member.serialization}


def result_members(shape: StructureShape) -> dict[str, Shape]:
    """The members of an output or an error that are in its body: an answer has no path and no query string."""
    bound = ("header", "headers", "statusCode")
    return {name: member for name, member in shape.members.items() if member.serialization.get("location") not in bound}


class RequestBindings:
    """Reads what path, query string and headers hold of one operation's input."""

    def __init__(self, operation: OperationModel, shape: StructureShape) -> None:
        self._path = path_pattern(operation.http.get("requestUri", "/").partition("?")[0])
        self._labels: list[tuple[str, ReadText] | None] = []
        self._query: dict[str, tuple[str, ReadText, bool]] = {}
        self._query_maps: list[tuple[str, bool]] = []
        self._headers: list[tuple[str, str, ReadText]] = []
        self._header_maps: list[tuple[str, str]] = []
        by_label: dict[str, tuple[str, ReadText]] = {}
        for name, member in shape.members.items():
            location = member.serialization.get("location")
            wire_name = member.serialization.get("name", name)
            if location == "uri":
                by_label[wire_name] = (name, text_reader(member, "iso8601"))
            elif location == "querystring" and member.type_name == "map":
                self._query_maps.append((name, member.value.type_name == "list"))
            elif location == "querystring":
                element = member.member if member.type_name == "list" else member
                self._query[wire_name] = (name, text_reader(element, "iso8601"), element is not member)
            elif location == "header":
                self._headers.append((wire_name.lower(), name, _header_reader(member)))
            elif location == "headers":
                self._header_maps.append((wire_name.lower() if "name" in member.serialization else "", name))
        template, _, literals = operation.http.get("requestUri", "/").partition("?")
        self._literals = {pair.partition("=")[0] for pair in literals.split("&")}
        self._labels = [by_label.get(label) for label in labels_of(template)]

    def read(self, request: HttpRequest) -> dict[str, Any]:
        """The bound members of a request. Raises MalformedError."""
        params: dict[str, Any] = {}
        if self._labels:
            self._read_path(request.path, params)
        if request.query and (self._query or self._query_maps):
            self._read_query(request.query, params)
        for wire_name, name, read_header in self._headers:
            text = request.headers.get(wire_name)
            if text is not None:
                params[name] = read_header(text)
        for prefix, name in self._header_maps:
            names = request.sent_names
            found = {
                names.get(key, key)[len(prefix) :]: text
                for key, text in request.headers.items()
                if key.startswith(prefix) and key != prefix
            }
            if found:
                params[name] = found
        return params

    def _read_path(self, path: str, params: dict[str, Any]) -> None:
        match = self._path.fullmatch(path)
        if match is None:
            raise MalformedError(f"The path {path[:200]!r} is not one of this operation")
        for label, text in zip(self._labels, match.groups(), strict=True):
            if label is not None:
                params[label[0]] = label[1](_unescape_path(text))

    def _read_query(self, query: str, params: dict[str, Any]) -> None:
        pairs = [
            (unescape(name), unescape(value))
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        ]
        for key, text in pairs:
            member = self._query.get(key)
            if member is not None:
                name, read_text, repeats = member
                if repeats:
                    params.setdefault(name, []).append(read_text(text))
                else:
                    params.setdefault(name, read_text(text))
        for name, repeats in self._query_maps:
            # All of them, those bound to members of their own too, as Smithy's httpQueryParams says.
            found: dict[str, Any] = {}
            for key, text in pairs:
                if key in self._literals:
                    continue
                if repeats:
                    found.setdefault(key, []).append(text)
                else:
                    found.setdefault(key, text)
            if found:
                params[name] = found


def _unescape_path(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeError as error:
        raise MalformedError("The path is not valid UTF-8") from error


def _header_reader(shape: Shape) -> ReadText:
    if shape.type_name == "list":
        read_element = text_reader(shape.member, "rfc822")
        form = shape.member.serialization.get("timestampFormat", "rfc822").lower()
        split = _split_dates if shape.member.type_name == "timestamp" and form == "rfc822" else _split_header
        return lambda text: [read_element(element) for element in split(text)]
    if shape.serialization.get("jsonvalue"):
        return lambda text: decode(read_base64(text))
    return text_reader(shape, "rfc822")


def _split_header(text: str) -> list[str]:
    elements: list[str] = []
    position = 0
    while position < len(text):
        match = _HEADER_ELEMENT.match(text, position)
        if match is None:
            raise MalformedError(f"The header value {text[:80]!r} is not a list")
        quoted, bare = match.groups()
        elements.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare.strip())
        position = match.end()
    return elements


def _split_dates(text: str) -> list[str]:
    parts = text.split(",")
    return [",".join(parts[i : i + 2]).strip() for i in range(0, len(parts), 2)]


class ResponseBindings:
    """Writes what headers and the status hold of an output or an error."""

    def __init__(self, shape: StructureShape) -> None:
        self._headers: list[tuple[str, str, WriteText]] = []
        self._header_maps: list[tuple[str, str]] = []
        self._status: str | None = None
        for name, member in shape.members.items():
            location = member.serialization.get("location")
            if location == "header":
                self._headers.append((name, member.serialization.get("name", name), _header_writer(member)))
            elif location == "headers":
                self._header_maps.append((name, member.serialization.get("name", "")))
            elif location == "statusCode":
                self._status = name
        self.has_content_type = any(wire_name.lower() == "content-type" for _, wire_name, _ in self._headers)

    def headers(self, value: Mapping[str, Any]) -> dict[str, str]:
        """The headers that carry members of a result."""
        headers: dict[str, str] = {}
        for name, prefix in self._header_maps:
            for key, text in (value.get(name) or {}).items():
                headers[prefix + key] = _one_line(str(text))
        for name, wire_name, to_text in self._headers:
            item = value.get(name)
            if item is not None and item != []:
                headers[wire_name] = _one_line(to_text(item))
        return headers

    def status(self, value: Mapping[str, Any], default: int) -> int:
        """The status a result asks for, where a member is bound to it."""
        given = None if self._status is None else value.get(self._status)
        return default if given is None else int(given)


def _header_writer(shape: Shape) -> WriteText:
    if shape.type_name == "list":
        to_text = text_writer(shape.member, "rfc822")
        quotes = shape.member.type_name == "string"
        return lambda value: ", ".join(_quoted(to_text(item)) if quotes else to_text(item) for item in value)
    if shape.serialization.get("jsonvalue"):
        return lambda value: write_base64(json.dumps(value, separators=(",", ":")))
    return text_writer(shape, "rfc822")


def _quoted(text: str) -> str:
    if '"' not in text and "," not in text:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _one_line(text: str) -> str:
    # A line break in a value would end the header and begin another.
    return _HEADER_BREAKS.sub(" ", text)
