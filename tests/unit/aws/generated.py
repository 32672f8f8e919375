"""Values made at random, from a seed, to fit any shape of a model; and what a client does with them."""

import io
import random
import struct
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, HeadersDict, create_request_object, prepare_request_dict
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from studiolo.aws.http import HttpResponse

NOTHING = object()
TEXT = "abcXYZ 019-_.~/:;=+&%?#@!$'()*[]{}|<>\"\\^`äß漢😀\t\n"
PLAIN = "abcXYZ019-_."
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Generator:
    """Makes no empty lists, maps and structures: several protocols cannot tell them from none."""

    def __init__(self, seed: object, *, infinity: bool = True) -> None:
        self.random = random.Random(repr(seed))  # noqa: S311
        self.infinity = infinity

    def params(self, shape: Shape | None) -> dict[str, Any]:
        """A value for an operation's input or output."""
        if shape is None:
            return {}
        value = self._structure(shape, 0, top=True)
        return {} if value is NOTHING else value

    def value(self, shape: Shape, depth: int) -> Any:
        """A value for any shape, NOTHING where only an empty one would do."""
        make = getattr(self, f"_{shape.type_name}", None)
        return self.text() if make is None else make(shape, depth)

    def text(self, alphabet: str = TEXT, least: int = 1) -> str:
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, 8)))

    def _structure(self, shape: Shape, depth: int, top: bool = False) -> Any:
        if shape.is_document_type:
            return {"a": [1, "x", None, True, 1.5], "b": {"c": "d"}}
        names = list(shape.members)
        if shape.is_tagged_union:
            names = [self.random.choice(names)] if names else []
        value = {}
        payload = shape.serialization.get("payload") if top else None
        for name in names:
            member = shape.members[name]
            location = member.serialization.get("location")
            needed = location == "uri" or "hostLabel" in member.serialization or shape.is_tagged_union
            needed = needed or (name == payload and member.type_name in ("blob", "string"))
            complex_type = member.type_name in ("structure", "list", "map")
            if not needed and (self.random.random() < 0.4 or (complex_type and depth > 3)):
                continue
            if member.serialization.get("eventstream") or member.serialization.get("name") == "Content-Length":
                continue
            if "hostLabel" in member.serialization:
                value[name] = self.text("abc09-")
                continue
            made = self._bound(member, location) if location else self.value(member, depth + 1)
            if made is not NOTHING:
                value[name] = made
        return value or NOTHING

    def _bound(self, shape: Shape, location: str) -> Any:
        """A member outside the body."""
        if location == "statusCode":
            return self.random.choice([200, 201, 206])
        if location == "headers":
            return {self.text("abcdef-"): self.text(PLAIN) for _ in range(2)}
        if shape.serialization.get("jsonvalue"):
            return {"k": [1, "v"]}
        if shape.type_name == "list":
            return [self._bound(shape.member, location) for _ in range(self.random.randint(1, 3))]
        if shape.type_name == "map":
            one = shape.value.type_name == "list"
            return {self.text(PLAIN): [self.text(), self.text()] if one else self.text() for _ in range(2)}
        if shape.type_name == "string":
            return self.text() if location in ("uri", "querystring") else self.text(PLAIN)
        made = self.value(shape, 0)
        return made.replace(microsecond=0) if isinstance(made, datetime) else made

    def _list(self, shape: Shape, depth: int) -> Any:
        items = [self.value(shape.member, depth + 1) for _ in range(self.random.randint(1, 3))]
        return [item for item in items if item is not NOTHING] or NOTHING

    def _map(self, shape: Shape, depth: int) -> Any:
        items = {self.text(): self.value(shape.value, depth + 1) for _ in range(self.random.randint(1, 2))}
        return {key: item for key, item in items.items() if item is not NOTHING} or NOTHING

    def _integer(self, shape: Shape, depth: int) -> int:
        return self.random.choice([0, -1, 23, 24, 255, 65536, -(2**31), 2**31 - 1, self.random.randint(-999, 999)])

    def _long(self, shape: Shape, depth: int) -> int:
        return self.random.choice([2**63 - 1, -(2**63), 2**32, self._integer(shape, depth)])

    def _double(self, shape: Shape, depth: int) -> float:
        return self.random.choice([0.1, -2.5, 1e300, float("inf") if self.infinity else 3.0, self.random.random()])

    def _float(self, shape: Shape, depth: int) -> float:
        value: float = struct.unpack(">f", struct.pack(">f", self.random.uniform(-1000, 1000)))[0]
        return value

    def _boolean(self, shape: Shape, depth: int) -> bool:
        return self.random.random() < 0.5

    def _blob(self, shape: Shape, depth: int) -> bytes:
        return self.random.randbytes(self.random.randint(1, 9))

    def _timestamp(self, shape: Shape, depth: int) -> datetime:
        moment = EPOCH + timedelta(seconds=self.random.randint(-(10**9), 4 * 10**9))
        whole = shape.serialization.get("timestampFormat") == "rfc822" or self.random.random() < 0.5
        return moment if whole else moment.replace(microsecond=self.random.randrange(10**6))


def client_request(operation: OperationModel, params: dict[str, Any], protocol: str) -> AWSPreparedRequest:
    """The request a botocore client would send (not signed)."""
    serialized = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    prepare_request_dict(serialized, endpoint_url="http://127.0.0.1:4566", context={})
    return create_request_object(serialized).prepare()


def client_result(
    operation: OperationModel, response: HttpResponse, protocol: str, shape: Shape | None
) -> dict[str, Any]:
    """What a botocore client makes of a response."""
    body: Any = response.body if isinstance(response.body, bytes) else b"".join(response.body)
    if operation.has_streaming_output and response.status_code < 300:
        body = io.BytesIO(body)
    raw = {"status_code": response.status_code, "headers": HeadersDict(response.headers), "body": body}
    parsed: dict[str, Any] = create_parser(protocol).parse(raw, shape)
    parsed.pop("ResponseMetadata", None)
    return {name: item.read() if isinstance(item, io.BytesIO) else item for name, item in parsed.items()}
