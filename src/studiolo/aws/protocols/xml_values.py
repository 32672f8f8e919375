"""XML documents to parameters and results to XML documents, by the model's shapes."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from studiolo.aws.errors import MalformedError
from studiolo.aws.protocols.base import MAX_DEPTH
from studiolo.aws.protocols.compiler import Codec, Compiler, compiler
from studiolo.aws.protocols.documents import Documents, Read, Write
from studiolo.aws.protocols.scalars import text_reader, text_writer

Element = ElementTree.Element

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PLAIN = re.compile("[^&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]*")


class _Builder(ElementTree.TreeBuilder):
    """Refuses what a request has no use for: a document type (and with it entities), and absurd depth."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attributes: Any, /) -> Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise MalformedError("The request is nested too deeply")
        return super().start(tag, attributes)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise MalformedError("A document type declaration is not allowed")


def read_xml(body: bytes) -> Element:
    """The root element of a document. Raises MalformedError."""
    # The doctype is refused, so no entity can be declared, let alone expanded.
    parser = ElementTree.XMLParser(target=_Builder())  # noqa: S314
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise error if isinstance(error, MalformedError) else MalformedError(f"Invalid XML: {error}") from error
    return root


def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def flattened_name(shape: Shape, name: str) -> str:
    """The element of a member; botocore looks for a flattened list's elements by the name of the list's member."""
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        name = shape.member.serialization.get("name") or shape.serialization.get("name", name)
        return str(name)
    return str(shape.serialization.get("name", name))


class XmlReader(Compiler):
    """Every function takes the elements of one name within their parent, and gives one value."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "structure":
            return self.members(shape.members)
        if shape.type_name == "list":
            return self._list(shape)
        if shape.type_name == "map":
            return self._map(shape)
        read_text = text_reader(shape, "iso8601")
        return lambda elements: read_text(elements[-1].text or "")

    def members(self, shapes: Mapping[str, Shape]) -> Codec:
        """A function that reads these members from the first of some elements."""
        members: dict[str, tuple[str, Codec]] = {}
        attributes: dict[str, tuple[str, Codec]] = {}
        for name, shape in shapes.items():
            entry = (name, self.of(shape))
            wire_name = shape.serialization.get("name", name)
            if shape.serialization.get("xmlAttribute"):
                attributes[wire_name.rpartition(":")[2]] = entry
            else:
                members[wire_name.rpartition(":")[2]] = entry
                members.setdefault(flattened_name(shape, name), entry)

        def read(elements: list[Element]) -> dict[str, Any]:
            element = elements[0]
            groups: dict[str, list[Element]] = {}
            for child in element:
                groups.setdefault(local_name(child.tag), []).append(child)
            result = {}
            for key, children in groups.items():
                member = members.get(key)
                if member is not None:
                    result[member[0]] = member[1](children)
            if attributes:
                for key, text in element.attrib.items():
                    member = attributes.get(local_name(key))
                    if member is not None:
                        holder = Element("attribute")
                        holder.text = text
                        result[member[0]] = member[1]([holder])
            return result

        return read

    def _list(self, shape: ListShape) -> Codec:
        read_item = self.of(shape.member)
        if shape.serialization.get("flattened"):
            return lambda elements: [read_item([element]) for element in elements]
        return lambda elements: [read_item([element]) for element in elements[0]]

    def _map(self, shape: MapShape) -> Codec:
        read_key, read_value = self.of(shape.key), self.of(shape.value)
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        flattened = shape.serialization.get("flattened")

        def read(elements: list[Element]) -> dict[str, Any]:
            result = {}
            for entry in elements if flattened else elements[0]:
                key = [child for child in entry if local_name(child.tag) == key_name]
                value = [child for child in entry if local_name(child.tag) == value_name]
                if not key or not value:
                    raise MalformedError("An entry of a map needs a key and a value")
                result[read_key(key)] = read_value(value)
            return result

        return read


class XmlWriter(Compiler):
    """Every function takes a list of text to append to, the element's name, and the value."""

    def build(self, shape: Shape) -> Codec:
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return self._list(shape)
        if shape.type_name == "map":
            return self._map(shape)
        to_text = text_writer(shape, "iso8601")
        namespace = _namespace(shape)

        def write(out: list[str], tag: str, value: Any) -> None:
            out.append(f"<{tag}{namespace}>{xml_text(to_text(value))}</{tag}>")

        return write

    def members(self, shapes: Mapping[str, Shape]) -> Callable[[list[str], Mapping[str, Any]], None]:
        """A function that appends these members of a mapping, one element after the other."""
        members = {
            name: (flattened_name(shape, name), self.of(shape))
            for name, shape in shapes.items()
            if not shape.serialization.get("xmlAttribute")
        }

        def write(out: list[str], value: Mapping[str, Any]) -> None:
            for key, item in value.items():
                if item is not None:
                    member = members.get(key)
                    if member is not None:
                        member[1](out, member[0], item)

        return write

    def _structure(self, shape: StructureShape) -> Codec:
        return self.element(shape.members, _namespace(shape))

    def element(self, members: Mapping[str, Shape], namespace: str) -> Codec:
        """What writes these members of a structure as one element; namespace: its declaration."""
        write_members = self.members(members)
        attributes = {
            name: (member.serialization.get("name", name), text_writer(member, "iso8601"))
            for name, member in members.items()
            if member.serialization.get("xmlAttribute")
        }

        def write(out: list[str], tag: str, value: Mapping[str, Any]) -> None:
            given = "".join(
                f" {wire_name}={quoteattr(to_text(value[name]))}"
                for name, (wire_name, to_text) in attributes.items()
                if value.get(name) is not None
            )
            out.append(f"<{tag}{namespace}{given}>")
            write_members(out, value)
            out.append(f"</{tag}>")

        return write

    def _list(self, shape: ListShape) -> Codec:
        write_item = self.of(shape.member)
        if shape.serialization.get("flattened"):

            def write_flat(out: list[str], tag: str, value: Any) -> None:
                for item in value:
                    if item is not None:
                        write_item(out, tag, item)

            return write_flat
        item_tag = shape.member.serialization.get("name", "member")
        namespace = _namespace(shape)

        def write(out: list[str], tag: str, value: Any) -> None:
            out.append(f"<{tag}{namespace}>")
            for item in value:
                if item is not None:
                    write_item(out, item_tag, item)
            out.append(f"</{tag}>")

        return write

    def _map(self, shape: MapShape) -> Codec:
        write_key, write_value = self.of(shape.key), self.of(shape.value)
        key_tag = shape.key.serialization.get("name", "key")
        value_tag = shape.value.serialization.get("name", "value")
        flattened = shape.serialization.get("flattened")
        namespace = _namespace(shape)

        def write(out: list[str], tag: str, value: Mapping[str, Any]) -> None:
            entry_tag = tag if flattened else "entry"
            if not flattened:
                out.append(f"<{tag}{namespace}>")
            for key, item in value.items():
                if item is not None:
                    out.append(f"<{entry_tag}>")
                    write_key(out, key_tag, key)
                    write_value(out, value_tag, item)
                    out.append(f"</{entry_tag}>")
            if not flattened:
                out.append(f"</{tag}>")

        return write


def xml_text(text: str) -> str:
    """Text as XML holds it; what XML cannot hold at all becomes U+FFFD."""
    if _PLAIN.fullmatch(text):
        return text
    return escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"})


def _namespace(shape: Shape) -> str:
    namespace = shape.serialization.get("xmlNamespace")
    if not namespace:
        return ""
    if isinstance(namespace, str):
        return f" xmlns={quoteattr(namespace)}"
    prefix = f":{namespace['prefix']}" if namespace.get("prefix") else ""
    return f" xmlns{prefix}={quoteattr(namespace['uri'])}"


class XmlDocuments(Documents):
    """XML."""

    media_type = "application/xml"

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._reader = compiler(XmlReader, service)
        self._writer = compiler(XmlWriter, service)

    def reader(self, shape: Shape) -> Read:
        read = self._reader.of(shape)
        return lambda body: read([read_xml(body)])

    def members_reader(self, members: Mapping[str, Shape]) -> Read:
        read = self._reader.members(members)
        return lambda body: read([read_xml(body)])

    def writer(self, shape: Shape) -> Write:
        return self._document(shape, self._writer.of(shape))

    def members_writer(self, shape: Shape, members: Mapping[str, Shape]) -> Write:
        namespace = _namespace(shape) or self._service_namespace()
        return self._document(shape, self._writer.element(members, namespace))

    def _document(self, shape: Shape, write: Codec) -> Write:
        tag = shape.serialization.get("name", shape.name)

        def document(value: Any) -> bytes:
            out = [DECLARATION]
            write(out, tag, value)
            return "".join(out).encode()

        return document

    def _service_namespace(self) -> str:
        uri = self.service.metadata.get("xmlNamespace")
        return f" xmlns={quoteattr(uri)}" if isinstance(uri, str) else ""
