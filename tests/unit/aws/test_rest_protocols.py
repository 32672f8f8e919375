"""The corners of the REST protocols: what paths, queries, headers and payloads carry, on small models written by hand."""

import io
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from studiolo.aws.http import HttpRequest
from studiolo.aws.protocols import parse, serialize
from tests.unit.aws.generated import client_request
from tests.unit.aws.models import ALL, MEMBERS, MOMENT, loads, operation, post

BOUND = {
    "id": {"shape": "String", "location": "uri", "locationName": "id"},
    "path": {"shape": "String", "location": "uri", "locationName": "path"},
    "when": {"shape": "Timestamp", "location": "uri", "locationName": "when"},
}
TEMPLATE = {"method": "GET", "requestUri": "/a/{id}/b/{path+}/c/{when}?fixed=1"}


@pytest.mark.parametrize("protocol", ["rest-json", "rest-xml"])
def test_labels_are_read_from_the_path(protocol):
    do = operation(protocol, BOUND, http=TEMPLATE)
    url = "/a/%2Fx%20%3F+%E6%BC%A2/b/one/two%2Fthree/c/2014-04-29T18%3A30%3A38Z?fixed=1"
    params = {"id": "/x ?+漢", "path": "one/two/three", "when": MOMENT}
    assert parse(do, post(url=url, method="GET")) == params
    assert parse(do, client_request(do, params, protocol)) == params


def test_query_strings_hold_scalars_lists_and_maps():
    members: dict[str, Any] = {
        name: {"shape": shape, "location": "querystring", "locationName": name}
        for name, shape in {**ALL, "list": "Strings", "ints": "Integers", "times": "Timestamps"}.items()
        if name != "tree"
    }
    do = operation("rest-json", members)
    params = {"s": "a b&=+", "i": -1, "d": 1.5, "b": False, "t": MOMENT, "list": ["x", ""], "ints": [1, 2]}
    params["times"] = [MOMENT, MOMENT]
    assert parse(do, client_request(do, params, "rest-json")) == params
    assert parse(do, post(url="/?d=NaN&s")).keys() == {"d", "s"}
    rest = operation("rest-json", {**members, "all": {"shape": "StringMap", "location": "querystring"}})
    assert parse(rest, post(url="/?other=1&other=2&i=3")) == {"i": 3, "all": {"other": "1", "i": "3"}}
    lists = operation("rest-json", {"all": {"shape": "StringsMap", "location": "querystring"}})
    assert parse(lists, post(url="/?other=1&other=2&x=")) == {"all": {"other": ["1", "2"], "x": [""]}}


HEADERS: dict[str, Any] = {
    "s": {"shape": "String", "location": "header", "locationName": "X-String"},
    "list": {"shape": "Strings", "location": "header", "locationName": "X-Strings"},
    "ints": {"shape": "Integers", "location": "header", "locationName": "X-Ints"},
    "t": {"shape": "Timestamp", "location": "header", "locationName": "X-Time"},
    "epoch": {
        "shape": "Timestamp",
        "location": "header",
        "locationName": "X-Epoch",
        "timestampFormat": "unixTimestamp",
    },
    "times": {"shape": "Timestamps", "location": "header", "locationName": "X-Times"},
    "json": {"shape": "String", "location": "header", "locationName": "X-Json", "jsonvalue": True},
    "meta": {"shape": "StringMap", "location": "headers", "locationName": "x-meta-"},
}


def test_headers_are_read_in_their_formats():
    do = operation("rest-json", HEADERS)
    rfc = "Tue, 29 Apr 2014 18:30:38 GMT"
    request = post(
        x_string="plain, still one",
        x_strings='a, "b,c", "d \\"e\\"" ,f',
        x_ints="1,2, 3",
        x_time=rfc,
        x_epoch="1398796238",
        x_times=f"{rfc}, {rfc}",
        x_json="eyJhIjpbMV19",
        x_meta_one="1",
    )
    assert parse(do, request) == {
        "s": "plain, still one",
        "list": ["a", "b,c", 'd "e"', "f"],
        "ints": [1, 2, 3],
        "t": MOMENT,
        "epoch": MOMENT,
        "times": [MOMENT, MOMENT],
        "json": {"a": [1]},
        "meta": {"one": "1"},
    }


def test_headers_are_written_in_their_formats_and_can_not_be_split():
    do = operation("rest-json", {}, output={**HEADERS, "code": {"shape": "Integer", "location": "statusCode"}})
    result = {"s": "a\r\nSet-Cookie: b", "list": ["a", "b,c"], "ints": [1], "t": MOMENT, "times": [MOMENT], "code": 202}
    response = serialize(do, {**result, "json": {"a": 1}, "meta": {"one": "1"}, "epoch": MOMENT})
    assert response.status_code == 202
    assert response.headers["X-String"] == "a Set-Cookie: b"
    assert response.headers["X-Strings"] == 'a, "b,c"'
    assert response.headers["X-Time"] == "Tue, 29 Apr 2014 18:30:38 GMT"
    assert response.headers["X-Epoch"] == "1398796238"
    assert response.headers["X-Json"] == "eyJhIjoxfQ=="
    assert response.headers["x-meta-one"] == "1"


def test_prefix_headers_keep_the_case_they_were_sent_in():
    do = operation("rest-json", {"meta": HEADERS["meta"]})
    sent = AWSRequest("POST", "http://h/", headers={"X-Meta-Abc": "1"}).prepare()
    assert parse(do, sent) == {"meta": {"Abc": "1"}}


def test_a_location_counts_at_the_top_only():
    inner = {"Inner": {"type": "structure", "members": {"s": {"shape": "String", "location": "header"}}}}
    do = operation("rest-json", {"inner": {"shape": "Inner"}}, shapes=inner)
    assert parse(do, post(b'{"inner": {"s": "x"}}', s="header")) == {"inner": {"s": "x"}}


def test_a_blob_payload_is_handed_through_as_it_came():
    shapes = {"Stream": {"type": "blob", "streaming": True}}
    do = operation("rest-json", {"body": {"shape": "Stream"}}, traits={"payload": "body"}, shapes=shapes)
    assert parse(do, post(b"\x00\xff", content_encoding="gzip")) == {"body": b"\x00\xff"}
    assert parse(do, post()) == {}
    file = io.BytesIO(b"long")
    assert parse(do, HttpRequest("POST", "/", {}, file))["body"] is file


@pytest.mark.parametrize("body", [b"data", io.BytesIO(b"data"), iter([b"da", b"ta"]), "data", bytearray(b"data")])
def test_a_streaming_result_may_be_bytes_a_file_or_an_iterable(body):
    do = operation("rest-json", output={"body": {"shape": "Blob"}}, output_traits={"payload": "body"})
    response = serialize(do, {"body": body})
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert (response.body if isinstance(response.body, bytes) else b"".join(response.body)) == b"data"


def test_a_streaming_result_is_not_read_before_it_is_sent():
    def pieces():
        raise AssertionError
        yield b""

    do = operation("rest-json", output={"body": {"shape": "Blob"}}, output_traits={"payload": "body"})
    assert not isinstance(serialize(do, {"body": pieces()}).body, bytes)


def test_text_and_structures_as_payloads():
    text = operation("rest-json", {"p": {"shape": "String"}}, traits={"payload": "p"})
    assert parse(text, post("漢".encode())) == {"p": "漢"}
    tree: dict[str, Any] = {"p": {"shape": "Tree"}, "s": HEADERS["s"]}
    do = operation("rest-json", tree, traits={"payload": "p"}, output=tree, output_traits={"payload": "p"})
    assert parse(do, post(b'{"name": "a"}', x_string="h")) == {"p": {"name": "a"}, "s": "h"}
    assert parse(do, post(b"{}")) == parse(do, post()) == {}
    assert loads(serialize(do, {"p": {"name": "a"}})) == {"name": "a"}
    assert serialize(do, {}).body == b""


def test_no_content_has_no_body():
    do = operation("rest-json", output=MEMBERS, http={"method": "POST", "requestUri": "/", "responseCode": 204})
    response = serialize(do, {})
    assert (response.status_code, response.body) == (204, b"")
