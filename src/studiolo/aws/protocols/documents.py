"""What a format of documents offers a protocol: whole values, and structures some of whose members lie elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from botocore.model import ServiceModel, Shape

from studiolo.aws.protocols.compiler import compiler
from studiolo.aws.protocols.json_values import JsonReader, JsonWriter, decode, encode

Read = Callable[[bytes], Any]
Write = Callable[[Any], bytes]


class Documents(ABC):
    """Makes the functions that read and write documents; they raise MalformedError."""

    media_type: ClassVar[str]

    def __init__(self, service: ServiceModel) -> None:
        self.service = service

    @abstractmethod
    def reader(self, shape: Shape) -> Read:
        """Reads a document that holds one value of the shape."""

    @abstractmethod
    def members_reader(self, members: Mapping[str, Shape]) -> Read:
        """Reads a document that holds these members of a structure."""

    @abstractmethod
    def writer(self, shape: Shape) -> Write:
        """Writes one value of the shape."""

    @abstractmethod
    def members_writer(self, shape: Shape, members: Mapping[str, Shape]) -> Write:
        """Writes these members of a structure of the given shape."""


class JsonDocuments(Documents):
    """JSON."""

    media_type = "application/json"

    def reader(self, shape: Shape) -> Read:
        read = compiler(JsonReader, self.service).of(shape)
        return lambda body: read(decode(body))

    def members_reader(self, members: Mapping[str, Shape]) -> Read:
        read = compiler(JsonReader, self.service).members(members)
        return lambda body: read(decode(body))

    def writer(self, shape: Shape) -> Write:
        write = compiler(JsonWriter, self.service).of(shape)
        return lambda value: encode(write(value)).encode()

    def members_writer(self, shape: Shape, members: Mapping[str, Shape]) -> Write:
        write = compiler(JsonWriter, self.service).members(members)
        return lambda value: encode(write(value)).encode()
