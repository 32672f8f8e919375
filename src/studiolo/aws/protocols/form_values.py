"""Flat form fields (`Filters.member.1.Name=…`) to parameters, by the model's shapes."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

from botocore.model import ListShape, MapShape, Shape, StructureShape

from studiolo.aws.errors import MalformedError
from studiolo.aws.protocols.base import MAX_DEPTH
from studiolo.aws.protocols.compiler import Codec, Compiler
from studiolo.aws.protocols.scalars import text_reader

MOST_FIELDS = 50_000

# A field's value and the fields below it: {"Filters": Node(None, {"member": Node(None, {"1": …})})}
Tree = dict[str, "Node"]


class Node:
    """A form field: its own text, where it has any, and what comes after the next dot."""

    __slots__ = ("children", "text")

    def __init__(self) -> None:
        self.text: str | None = None
        self.children: Tree = {}


def read_form(text: str) -> Node:
    """The fields of a form as a tree. Raises MalformedError for bad UTF-8, absurd depth or number."""
    if text.count("&") >= MOST_FIELDS:
        raise MalformedError(f"The request has more than {MOST_FIELDS} parameters")
    root = Node()
    for pair in text.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        path = unescape(name).split(".")
        if len(path) > MAX_DEPTH:
            raise MalformedError("A parameter is nested too deeply")
        node = root
        for part in path:
            child = node.children.get(part)
            if child is None:
                child = node.children[part] = Node()
            node = child
        node.text = unescape(value)
    return root


def unescape(text: str) -> str:
    """Form-encoded text. Raises MalformedError where it is not UTF-8."""
    try:
        if "%" in text:
            return unquote_to_bytes(text.replace("+", " ")).decode()
        text.encode()
    except UnicodeError as error:
        raise MalformedError("The request is not valid UTF-8") from error
    return text.replace("+", " ") if "+" in text else text


class FormReader(Compiler):
    """The query protocol's reading of a tree of fields."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return self.list_reader(shape)
        if shape.type_name == "map":
            return self._map(shape)
        return _scalar(text_reader(shape, "iso8601"))

    def member_names(self, shape: Shape, name: str) -> Sequence[str]:
        """The names a member may have in the form."""
        names = [shape.serialization.get("name", name)]
        if shape.type_name == "list" and shape.serialization.get("flattened") and "name" in shape.member.serialization:
            # The element's own name takes the place of the list's.
            names.append(shape.member.serialization["name"])
        return names

    def _structure(self, shape: StructureShape) -> Codec:
        members: dict[str, tuple[str, Codec]] = {}
        for name, member in shape.members.items():
            for wire_name in self.member_names(member, name):
                members.setdefault(wire_name, (name, self.of(member)))

        def read(node: Node) -> dict[str, Any]:
            result = {}
            for key, child in node.children.items():
                member = members.get(key)
                if member is not None:
                    result[member[0]] = member[1](child)
            return result

        return read

    def list_reader(self, shape: ListShape) -> Codec:
        """`Name.member.1`, or `Name.1` for a flattened list; `Name=` is an empty one."""
        read_item = self.of(shape.member)
        if shape.serialization.get("flattened"):
            return lambda node: [read_item(item) for item in numbered(node)]
        wrapper = shape.member.serialization.get("name", "member")

        def read(node: Node) -> list[Any]:
            inner = node.children.get(wrapper)
            return [] if inner is None else [read_item(item) for item in numbered(inner)]

        return read

    def _map(self, shape: MapShape) -> Codec:
        read_key, read_value = self.of(shape.key), self.of(shape.value)
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        flattened = shape.serialization.get("flattened")

        def read(node: Node) -> dict[str, Any]:
            inner = node if flattened else node.children.get("entry", Node())
            result = {}
            for entry in numbered(inner):
                key = entry.children.get(key_name)
                if key is None:
                    raise MalformedError("An entry of a map has no key")
                result[read_key(key)] = read_value(entry.children.get(value_name, Node()))
            return result

        return read


class Ec2FormReader(FormReader):
    """EC2's dialect: names of its own, and lists always flattened."""

    def member_names(self, shape: Shape, name: str) -> Sequence[str]:
        given = shape.serialization.get("queryName")
        if given:
            return [given]
        wire_name = shape.serialization.get("name", name)
        capitalized = wire_name[:1].upper() + wire_name[1:]
        # botocore does not capitalize a name that is only the member's own, others do.
        return [capitalized] if "name" in shape.serialization else [capitalized, name]

    def list_reader(self, shape: ListShape) -> Codec:
        read_item = self.of(shape.member)
        return lambda node: [read_item(item) for item in numbered(node)]


def numbered(node: Node) -> list[Node]:
    """The elements `1`, `2`, … in the order of their numbers."""
    return [node.children[key] for key in sorted(node.children, key=_number)]


def _number(key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        raise MalformedError(f"{key[:80]!r} is not the number of a list element")
    return int(key)


def _scalar(read_text: Callable[[str], Any]) -> Codec:
    def read(node: Node) -> Any:
        if node.children and node.text is None:
            raise MalformedError("Start of structure or map found where not expected")
        return read_text(node.text or "")

    return read
