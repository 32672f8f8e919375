"""Whatever a client sends, reading it ends in parameters or in a ServiceError of the 4xx kind."""

import gzip
import json
import zlib
from datetime import datetime

import pytest
from botocore.model import OperationModel
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.models import operation_model
from studiolo.aws.protocols import parse
from tests.unit.aws.generated import Generator, client_request
from tests.unit.aws.models import operation

SCALARS = {
    name: {"shape": shape}
    for name, shape in [
        ("s", "String"),
        ("i", "Integer"),
        ("l", "Long"),
        ("d", "Double"),
        ("b", "Boolean"),
        ("x", "Blob"),
        ("t", "Timestamp"),
        ("tree", "Tree"),
        ("list", "Integers"),
        ("map", "StringMap"),
    ]
}
PROTOCOLS = ["json", "rest-json", "query", "ec2", "rest-xml", "smithy-rpc-v2-cbor"]
DOS = {protocol: operation(protocol, SCALARS) for protocol in PROTOCOLS}
CODES = {
    "json": "SerializationException",
    "rest-json": "SerializationException",
    "smithy-rpc-v2-cbor": "SerializationException",
    "query": "MalformedInput",
    "ec2": "InvalidParameterValue",
    "rest-xml": "MalformedXML",
}


def refusal(operation: OperationModel, body: bytes, url: str = "/", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(ServiceError) as caught:
        parse(operation, HttpRequest("POST", url, named, body))
    assert 400 <= caught.value.status < 500
    return caught.value.code


def reads_or_refuses(operation: OperationModel, request: HttpRequest) -> None:
    try:
        answer: dict | ServiceError = parse(operation, request)
    except ServiceError as error:
        answer = error
    assert isinstance(answer, dict) or 400 <= answer.status < 500, answer


@pytest.mark.parametrize(
    "member",
    [
        {"s": 1},
        {"s": {}},
        {"i": "1"},
        {"i": 1.5},
        {"i": True},
        {"i": 2**31},
        {"l": 2**63},
        {"i": 1e400},
        {"d": "1.5"},
        {"d": "nan"},
        {"d": []},
        {"d": 10**400},
        {"b": "true"},
        {"b": 0},
        {"x": "not base64!"},
        {"x": "abc"},
        {"x": "é"},
        {"x": 5},
        {"t": "tomorrow"},
        {"t": 1e300},
        {"t": True},
        {"list": {}},
        {"list": ["1"]},
        {"map": []},
        {"map": {"a": 1}},
        {"tree": "x"},
        {"tree": {"kids": [1]}},
    ],
    ids=str,
)
@pytest.mark.parametrize("protocol", ["json", "rest-json"])
def test_a_json_value_of_the_wrong_type_is_refused(protocol, member):
    assert refusal(DOS[protocol], json.dumps(member).encode()) == "SerializationException"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{'s': 1}",
        b'{"d": NaN}',
        b'{"d": -Infinity}',
        b'{"s": "\xff"}',
        b'{"s": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"\xef\xbb\xbf{}",
        b'{"i": ' + b"9" * 5000 + b"}",
        b'{"s": ' + b"[" * 100_000,
        b'{"tree": ' + b'{"one": ' * 300 + b"{}" + b"}" * 301,
    ],
)
@pytest.mark.parametrize("protocol", ["json", "rest-json"])
def test_a_body_that_is_not_the_json_it_should_be_is_refused(protocol, body):
    assert refusal(DOS[protocol], body) == "SerializationException"


@pytest.mark.parametrize(
    "form",
    [
        b"i=one",
        b"i=1.5",
        b"i=",
        b"i=99999999999",
        b"i=%C2%B2",
        b"d=1_0",
        b"d=nan",
        b"b=yes",
        b"t=1985-13-45T00:00:00Z",
        b"t=now",
        b"x=%ZZ",
        b"x=a",
        b"s=%FF",
        b"i.j=1",
        b"tree.kids.member.x=1",
        b"a." * 5000 + b"b=1",
    ],
)
@pytest.mark.parametrize("protocol", ["query", "ec2"])
def test_a_form_field_of_the_wrong_type_is_refused(protocol, form):
    names = form.replace(b".member", b"") if protocol == "ec2" else form
    assert refusal(DOS[protocol], names) in (CODES[protocol], "MalformedQueryString")


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a><s>&c;</s></a>'


@pytest.mark.parametrize(
    "body",
    [
        b"<a>",
        b"text",
        b"<a><i>one</i></a>",
        b"<a><b>maybe</b></a>",
        b"<a><t>never</t></a>",
        b"<a><x>!</x></a>",
        b"<a>\xff</a>",
        b"<a><map><entry><key>k</key></entry></map></a>",
        b"<a>" * 200 + b"</a>" * 200,
        b"<a>&undefined;</a>",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        BOMB,
        BOMB.decode().encode("utf-16"),
    ],
)
def test_xml_that_is_broken_or_dangerous_is_refused(body):
    assert refusal(DOS["rest-xml"], body) == "MalformedXML"


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\x01",
        b"\xa1",
        b"\xa1\x01\x02",
        b"\xa1\x61s\x01",
        b"\xa1\x61i\x61x",
        b"\xa1\x61i\xf9\x7e\x00",
        b"\xa1\x61x\x61x",
        b"\xa1\x61t\xc1\x61x",
        b"\xa1\x61s\x62\xff\xff",
        b"\xa1\x61s\xf8\x20",
        b"\xa1\x61s\x1f",
        b"\xa1\x61s\x7f\x41x\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x9b\x00\x00\x00\x00\xff\xff\xff\xff",
        b"\x81" * 5000,
        b"\xa0\xa0",
        b"\xa1\x64list\x9f\xff\xff",
    ],
)
def test_cbor_that_is_broken_or_of_the_wrong_type_is_refused(body):
    assert refusal(DOS["smithy-rpc-v2-cbor"], body) == "SerializationException"


def test_every_truncation_of_a_cbor_body_is_refused():
    do = operation_model("servicecatalog", "CreateProduct")
    body = client_request(do, Generator(1).params(do.input_shape), "smithy-rpc-v2-cbor").body
    for end in range(1, len(body)):
        assert refusal(do, body[:end], smithy_protocol="rpc-v2-cbor") == "SerializationException"


def test_bound_members_of_the_wrong_type_are_refused():
    do = operation(
        "rest-json",
        {
            "id": {"shape": "Integer", "location": "uri", "locationName": "id"},
            "when": {"shape": "Timestamp", "location": "header", "locationName": "X-When"},
            "days": {"shape": "Timestamps", "location": "header", "locationName": "X-Days"},
            "on": {"shape": "Boolean", "location": "querystring", "locationName": "on"},
            "json": {"shape": "String", "location": "header", "locationName": "X-Json", "jsonvalue": True},
        },
        http={"method": "POST", "requestUri": "/things/{id}"},
    )
    assert parse(do, HttpRequest("POST", "/things/5?on=true", {}, b"")) == {"id": 5, "on": True}
    assert refusal(do, b"", "/things/five") == "SerializationException"
    assert refusal(do, b"", "/things/%FF") == "SerializationException"
    assert refusal(do, b"", "/elsewhere") == "SerializationException"
    assert refusal(do, b"", "/things/5?on=perhaps") == "SerializationException"
    assert refusal(do, b"", "/things/5?on=%FF") == "SerializationException"
    assert refusal(do, b"", "/things/5", x_when="soon") == "SerializationException"
    assert refusal(do, b"", "/things/5", x_days="Sun, 17 May 2026 12:00:00 GMT, soon") == "SerializationException"
    assert refusal(do, b"", "/things/5", x_json="e30") == "SerializationException"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_gzip_body_is_unpacked_and_a_bomb_or_a_broken_one_refused(protocol):
    do = DOS[protocol]
    body = {"query": b"s=x", "ec2": b"s=x", "rest-xml": b"<a><s>x</s></a>", "smithy-rpc-v2-cbor": b"\xa1\x61s\x61x"}
    packed = gzip.compress(body.get(protocol, b'{"s": "x"}'))
    assert parse(do, HttpRequest("POST", "/", {"content-encoding": "gzip"}, packed)) == {"s": "x"}
    bomb = HttpRequest("POST", "/", {"content-encoding": "gzip"}, gzip.compress(b" " * 1_000_000))
    with pytest.raises(ServiceError) as caught:
        parse(do, bomb, max_body=100_000)
    assert caught.value.status == 413
    assert refusal(do, packed[:-9], content_encoding="gzip") == "SerializationException"
    assert refusal(do, zlib.compress(b"{}"), content_encoding="gzip") == "SerializationException"


SAMPLE = [
    ("glue", "CreateTable"),
    ("sagemaker", "CreateTrainingJob"),
    ("lakeformation", "GrantPermissions"),
    ("iam", "CreateRole"),
    ("cloudformation", "CreateStack"),
    ("ec2", "RunInstances"),
    ("route53", "ChangeResourceRecordSets"),
    ("servicecatalog", "CreateProduct"),
    ("s3", "PutObject"),
]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@pytest.mark.parametrize(("service", "name"), SAMPLE)
@settings(max_examples=60, derandomize=True)
@given(body=st.one_of(st.binary(max_size=60), VALUES.map(lambda v: json.dumps(v).encode())), url=st.text(max_size=20))
def test_random_bodies_and_paths_are_read_or_refused(service, name, body, url):
    do = operation_model(service, name)
    reads_or_refuses(do, HttpRequest("POST", "/" + url, {}, body))
    reads_or_refuses(do, HttpRequest("POST", "/" + url, {"content-type": "application/x-www-form-urlencoded"}, body))


@pytest.mark.parametrize(("service", "name"), SAMPLE)
@settings(max_examples=60, derandomize=True)
@given(seed=st.integers(0, 50), data=st.data())
def test_a_good_request_damaged_anywhere_is_read_or_refused(service, name, seed, data):
    do = operation_model(service, name)
    protocol = do.service_model.resolved_protocol
    sent = HttpRequest.of(client_request(do, Generator(seed).params(do.input_shape), protocol))
    body = bytearray(sent.body if isinstance(sent.body, bytes) else b"")
    for _ in range(data.draw(st.integers(1, 3))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    reads_or_refuses(do, HttpRequest(sent.method, sent.url, sent.headers, bytes(body)))


@settings(max_examples=100, derandomize=True)
@given(value=st.dictionaries(st.sampled_from(list(SCALARS)), VALUES, max_size=3))
def test_json_of_any_shape_is_read_or_refused_with_a_well_typed_result(value):
    try:
        params = parse(DOS["json"], HttpRequest("POST", "/", {}, json.dumps(value).encode()))
    except ServiceError:
        return
    types = {"s": str, "i": int, "l": int, "d": float, "b": bool, "x": bytes, "t": datetime, "list": list, "map": dict}
    assert all(isinstance(params[name], kind) for name, kind in types.items() if name in params)
