"""The corners of each protocol, as the Smithy specifications describe them, on small models written by hand."""

import io
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.eventstream import EventStream
from botocore.parsers import create_parser

from studiolo.aws.errors import ServiceError, not_implemented
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.models import bare_operation, operation_model
from studiolo.aws.protocols import parse, protocol_of, serialize, serialize_error
from tests.unit.aws.generated import client_request
from tests.unit.aws.models import operation

MOMENT = datetime(2014, 4, 29, 18, 30, 38, tzinfo=timezone.utc)
ALL = {"s": "String", "i": "Integer", "d": "Double", "b": "Boolean", "x": "Blob", "t": "Timestamp", "tree": "Tree"}
MEMBERS = {name: {"shape": shape} for name, shape in ALL.items()}


def post(body: bytes = b"", url: str = "/", method: str = "POST", **headers: str) -> HttpRequest:
    return HttpRequest(method, url, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def loads(response: HttpResponse) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


# json


def test_json_null_members_and_unknown_members_are_dropped():
    do = operation("json", MEMBERS, output=MEMBERS)
    assert parse(do, post(b'{"s": null, "other": 1, "tree": {"name": null}}')) == {"tree": {}}
    assert loads(serialize(do, {"s": None, "other": 1, "i": 0})) == {"i": 0}


def test_json_nulls_inside_lists_and_maps_are_kept():
    members = {"list": {"shape": "Strings"}, "map": {"shape": "StringMap"}}
    do = operation("json", members, output=members)
    value = {"list": ["a", None], "map": {"k": None}}
    assert parse(do, post(json.dumps(value).encode())) == value
    assert loads(serialize(do, value)) == value


def test_json_special_floats_are_words():
    do = operation("json", MEMBERS, output=MEMBERS)
    assert parse(do, post(b'{"d": "-Infinity"}')) == {"d": float("-inf")}
    assert str(parse(do, post(b'{"d": "NaN"}'))["d"]) == "nan"
    assert [loads(serialize(do, {"d": float(word)}))["d"] for word in ("nan", "inf", "-inf")] == [
        "NaN",
        "Infinity",
        "-Infinity",
    ]


def test_json_timestamps_follow_the_member_s_format():
    members = {
        "plain": {"shape": "Timestamp"},
        "iso": {"shape": "Timestamp", "timestampFormat": "iso8601"},
        "rfc": {"shape": "Timestamp", "timestampFormat": "rfc822"},
    }
    do = operation("json", members, output=members)
    body = {"plain": 1398796238, "iso": "2014-04-29T18:30:38Z", "rfc": "Tue, 29 Apr 2014 18:30:38 GMT"}
    assert parse(do, post(json.dumps(body).encode())) == dict.fromkeys(members, MOMENT)
    assert loads(serialize(do, dict.fromkeys(members, MOMENT))) == body
    assert parse(do, post(b'{"plain": 1398796238.25}'))["plain"].microsecond == 250_000
    assert loads(serialize(do, {"plain": MOMENT.replace(microsecond=250_000)})) == {"plain": 1398796238.25}


def test_a_handler_s_timestamp_may_be_naive_in_another_zone_a_number_or_text():
    do = operation("json", {}, output={"t": {"shape": "Timestamp"}})
    eastern = MOMENT.astimezone(timezone(timedelta(hours=-5)))
    for value in (MOMENT.replace(tzinfo=None), eastern, 1398796238, "2014-04-29T18:30:38Z"):
        assert loads(serialize(do, {"t": value})) == {"t": 1398796238}


def test_json_documents_pass_as_they_are():
    members = {"doc": {"shape": "Document"}}
    do = operation("json", members, output=members)
    for value in ({"a": [1, None, {"b": 2.5}]}, [1, "x"], "text", 5, True):
        body = json.dumps({"doc": value}).encode()
        assert parse(do, post(body)) == {"doc": value}
        assert loads(serialize(do, {"doc": value})) == {"doc": value}


def test_json_unions_and_recursive_shapes():
    members = {"choice": {"shape": "Choice"}, "tree": {"shape": "Tree"}}
    do = operation("json", members, output=members)
    tree = {"name": "a", "kids": [{"name": "b", "kids": []}, {}], "one": {"one": {"name": "c"}}}
    for value in ({"choice": {"number": 1}}, {"choice": {"tree": tree}}, {"tree": tree}):
        assert parse(do, post(json.dumps(value).encode())) == value
        assert loads(serialize(do, value)) == value
    assert parse(do, post(b'{"choice": {"__type": "x#y", "text": "t"}}')) == {"choice": {"text": "t"}}


def test_json_without_input_output_or_body():
    do = operation("json")
    assert parse(do, post(b"{}")) == parse(do, post()) == {}
    assert serialize(do, None).body == b""
    assert serialize(operation("json", output={}), None).body == b"{}"
    assert parse(operation("json", MEMBERS), post()) == {}


def test_json_names_come_from_location_name():
    members = {"word": {"shape": "String", "locationName": "Wort"}}
    do = operation("json", members, output=members)
    assert parse(do, post(b'{"Wort": "x", "word": "y"}')) == {"word": "x"}
    assert loads(serialize(do, {"word": "x"})) == {"Wort": "x"}


# rest-json and rest-xml bindings

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


# query and ec2


def test_query_lists_maps_and_structures():
    shapes = {
        "Named": {"type": "list", "member": {"shape": "String", "locationName": "item"}},
        "Flat": {"type": "list", "member": {"shape": "String"}, "flattened": True},
        "FlatNamed": {"type": "list", "member": {"shape": "String", "locationName": "Entry"}, "flattened": True},
        "FlatMap": {
            "type": "map",
            "flattened": True,
            "key": {"shape": "String", "locationName": "K"},
            "value": {"shape": "String", "locationName": "V"},
        },
    }
    names = ("Strings", "Named", "Flat", "FlatNamed", "StringMap", "FlatMap", "Trees")
    members = {name: {"shape": name} for name in names}
    do = operation("query", members, shapes=shapes)
    form = (
        b"Action=Do&Version=x&Strings.member.2=b&Strings.member.1=a&Strings.member.10=j&Named.item.1=a"
        b"&Flat.1=a&Flat.2=b&Entry.1=c&StringMap.entry.1.key=k&StringMap.entry.1.value=v+%26&FlatMap.1.K=k&FlatMap.1.V=v"
        b"&Trees.member.1.name=n&Trees.member.1.kids.member.1.name=m"
    )
    assert parse(do, post(form)) == {
        "Strings": ["a", "b", "j"],
        "Named": ["a"],
        "Flat": ["a", "b"],
        "FlatNamed": ["c"],
        "StringMap": {"k": "v &"},
        "FlatMap": {"k": "v"},
        "Trees": [{"name": "n", "kids": [{"name": "m"}]}],
    }
    assert parse(do, post(b"Strings=&Flat=")) == {"Strings": [], "Flat": []}


def test_query_results_lie_in_their_wrapper_and_are_escaped():
    do = operation("query", output=MEMBERS, metadata={"xmlNamespace": "https://tiny/"})
    response = serialize(do, {"s": "<&>\r\x00", "tree": {}}, request_id="the-id")
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<DoResponse xmlns="https://tiny/"><DoResult>'
        b"<s>&lt;&amp;&gt;&#13;\xef\xbf\xbd</s><tree></tree></DoResult>"
        b"<ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></DoResponse>"
    )
    assert b"DoResult" not in serialize(operation("query"), {}).body


def test_ec2_names_are_capitalized_or_named_for_the_query_alone():
    members = {
        "plain": {"shape": "String", "locationName": "plainName"},
        "named": {"shape": "String", "locationName": "other", "queryName": "asGiven"},
        "list": {"shape": "Strings", "locationName": "things"},
    }
    do = operation("ec2", members, output=members)
    assert parse(do, post(b"PlainName=a&asGiven=b&Things.1=x&Things.2=y")) == {
        "plain": "a",
        "named": "b",
        "list": ["x", "y"],
    }
    body = serialize(do, {"plain": "a", "list": ["x"]}, request_id="id").body
    assert b"<requestId>id</requestId><plainName>a</plainName><things><member>x</member></things>" in body


# rest-xml


def test_xml_attributes_namespaces_and_flattened_lists():
    shapes = {
        "Grantee": {
            "type": "structure",
            "members": {
                "kind": {"shape": "String", "locationName": "xsi:type", "xmlAttribute": True},
                "id": {"shape": "String", "locationName": "ID"},
            },
            "xmlNamespace": {"prefix": "xsi", "uri": "http://www.w3.org/2001/XMLSchema-instance"},
        },
        "Flat": {"type": "list", "member": {"shape": "String"}, "flattened": True},
    }
    members = {
        "grantee": {"shape": "Grantee"},
        "flat": {"shape": "Flat", "locationName": "item"},
        "list": {"shape": "Strings"},
        "map": {"shape": "StringMap"},
    }
    do = operation("rest-xml", members, shapes=shapes, output=members)
    value = {"grantee": {"kind": "<User>", "id": "x"}, "flat": ["a", "b"], "list": [], "map": {"k": "v"}}
    body = serialize(do, value).body
    assert b'<grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="&lt;User&gt;"><ID>x</ID>' in body
    assert b"<item>a</item><item>b</item><list></list>" in body
    assert parse(do, post(body)) == value
    other = b'<R xmlns="urn:x"><item>a</item><!-- note --><list><anything><![CDATA[<]]></anything></list></R>'
    assert parse(do, post(other)) == {"flat": ["a"], "list": ["<"]}


# rpc-v2-cbor


def test_cbor_reads_every_form_of_an_item():
    members = {**MEMBERS, "list": {"shape": "Strings"}, "map": {"shape": "StringMap"}}
    do = operation("smithy-rpc-v2-cbor", members)
    body = (
        b"\xbf\x61s\x7f\x61a\x61b\xff\x61x\x5f\x41\x00\x41\xff\xff\x61d\xf9\x3e\x00\x61t\xc1\x1a\x53\x5f\xef\xce"
        b"\x61b\xf5\x61i\x38\x63\x64list\x9f\x61x\xff\x63map\xbf\x61k\x61v\xff\x64tree\xf6\x63new\x82\x01\xf7\xff"
    )
    assert parse(do, post(body)) == {
        "s": "ab",
        "x": b"\x00\xff",
        "d": 1.5,
        "t": MOMENT,
        "b": True,
        "i": -100,
        "list": ["x"],
        "map": {"k": "v"},
    }


# protocols side by side


def test_the_protocol_is_the_one_the_request_is_written_in():
    metadata = {"protocols": ["smithy-rpc-v2-cbor", "json", "query"]}
    do = operation("query", {"s": {"shape": "String"}}, output={"s": {"shape": "String"}}, metadata=metadata)
    requests = {
        "smithy-rpc-v2-cbor": post(b"\xa1\x61s\x61x", smithy_protocol="rpc-v2-cbor"),
        "json": post(b'{"s": "x"}', x_amz_target="Tiny.Do"),
        "query": post(b"Action=Do&s=x", content_type="application/x-www-form-urlencoded"),
    }
    for name, request in requests.items():
        assert protocol_of(do, request) == name
        assert parse(do, request) == {"s": "x"}
    cbor = serialize(do, {"s": "x"}, protocol="smithy-rpc-v2-cbor")
    assert (cbor.headers["smithy-protocol"], cbor.body) == ("rpc-v2-cbor", b"\xa1\x61s\x61x")
    # Unless told, the one that botocore's client would speak.
    assert loads(serialize(do, {"s": "x"})) == {"s": "x"}
    assert b"<s>x</s>" in serialize(do, {"s": "x"}, protocol="query").body


# errors


def test_an_error_has_the_status_of_the_model_unless_one_is_given():
    do = operation_model("iam", "GetRole")
    assert serialize_error(do, ServiceError("NoSuchEntity", "gone")).status_code == 404
    assert serialize_error(do, ServiceError("NoSuchEntityException", "gone")).status_code == 404
    assert serialize_error(do, ServiceError("NoSuchEntity", "gone", 418)).status_code == 418
    assert serialize_error(do, ServiceError("Unheard", "of")).status_code == 400


def test_an_error_of_a_service_that_once_spoke_query_keeps_its_old_code():
    gone = {
        "type": "structure",
        "members": {"message": {"shape": "String"}},
        "error": {"code": "AWS.Old.NonExistentQueue", "httpStatusCode": 400, "senderFault": True},
        "exception": True,
    }
    for protocol in ("json", "smithy-rpc-v2-cbor"):
        do = operation(protocol, shapes={"QueueGone": gone}, metadata={"awsQueryCompatible": {}})
        response = serialize_error(do, ServiceError("QueueGone", "no queue"))
        assert response.headers["x-amzn-query-error"] == "AWS.Old.NonExistentQueue;Sender"
        raw = {"status_code": 400, "headers": _lower(response.headers), "body": response.body}
        error = create_parser(protocol).parse(raw, None)["Error"]
        assert (error["Code"], error["QueryErrorCode"]) == ("AWS.Old.NonExistentQueue", "QueueGone")


@pytest.mark.parametrize("protocol", ["json", "rest-json", "query", "ec2", "rest-xml", "smithy-rpc-v2-cbor"])
def test_any_error_is_understood_by_a_client_even_without_a_model(protocol):
    error = not_implemented("glue", "Fly<&>")
    response = serialize_error(bare_operation(protocol), error, request_id="the-id")
    raw = {"status_code": response.status_code, "headers": _lower(response.headers), "body": response.body}
    parsed = create_parser(protocol).parse(raw, None)
    assert response.status_code == 501
    assert parsed["Error"]["Code"] == "NotImplemented"
    assert parsed["Error"]["Message"] == "glue Fly<&> is not implemented by Studiolo"
    assert parsed["ResponseMetadata"]["RequestId"] == "the-id"


def test_an_error_of_s3_has_no_wrapper():
    response = serialize_error(bare_operation("rest-xml", "s3"), ServiceError("NoSuchKey", "gone", 404), request_id="r")
    assert response.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>')
    raw = {"status_code": 404, "headers": _lower(response.headers), "body": response.body}
    parsed = create_parser("rest-xml").parse(raw, None)
    assert (parsed["Error"]["Code"], parsed["ResponseMetadata"]["RequestId"]) == ("NoSuchKey", "r")


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


# event streams


class Raw(io.BytesIO):
    def stream(self):
        yield self.read()


def events(service: str, name: str, response: HttpResponse) -> EventStream:
    do = operation_model(service, name)
    body = Raw(b"".join(response.body))
    raw = {"status_code": 200, "headers": response.headers, "body": body, "context": {"operation_name": name}}
    parsed = create_parser(do.service_model.resolved_protocol).parse(raw, do.output_shape)
    return next(value for value in parsed.values() if isinstance(value, EventStream))


def test_events_of_a_rest_service_reach_a_client():
    sent = [{"PayloadPart": {"Bytes": b"one"}}, {"PayloadPart": {"Bytes": b"\x00"}}]
    do = operation_model("sagemaker-runtime", "InvokeEndpointWithResponseStream")
    response = serialize(do, {"Body": iter(sent), "ContentType": "text/csv"})
    assert response.headers["X-Amzn-SageMaker-Content-Type"] == "text/csv"
    assert list(events("sagemaker-runtime", do.name, response)) == sent


def test_events_of_a_json_service_follow_an_initial_response():
    sent = [
        {"sessionStart": {"requestId": "r", "logGroupIdentifiers": ["g"]}},
        {"sessionUpdate": {"sessionResults": []}},
    ]
    do = operation_model("logs", "StartLiveTail")
    assert list(events("logs", do.name, serialize(do, {"responseStream": sent}))) == sent


def test_an_error_amid_events_reaches_a_client():
    def failing():
        yield {"PayloadPart": {"Bytes": b"one"}}
        raise ServiceError("ModelError", "the model died")

    do = operation_model("sagemaker-runtime", "InvokeEndpointWithResponseStream")
    stream = iter(events("sagemaker-runtime", do.name, serialize(do, {"Body": failing()})))
    assert next(stream) == {"PayloadPart": {"Bytes": b"one"}}
    with pytest.raises(Exception, match=r"ModelError.*the model died"):
        next(stream)
    modeled = [{"ModelStreamError": {"Message": "broken", "ErrorCode": "StreamBroken"}}]
    stream = iter(events("sagemaker-runtime", do.name, serialize(do, {"Body": modeled})))
    with pytest.raises(Exception, match=r"ModelStreamError.*broken"):
        next(stream)


def test_events_are_read_from_a_request():
    shapes = {
        "Events": {
            "type": "structure",
            "eventstream": True,
            "members": {"Part": {"shape": "Part"}, "Tick": {"shape": "Tick"}},
        },
        "Part": {
            "type": "structure",
            "event": True,
            "members": {
                "at": {"shape": "Timestamp", "eventheader": True},
                "data": {"shape": "Blob", "eventpayload": True},
            },
        },
        "Tick": {"type": "structure", "event": True, "members": {"s": {"shape": "String"}, "i": {"shape": "Integer"}}},
    }
    members = {"events": {"shape": "Events"}}
    traits = {"payload": "events"}
    do = operation("rest-json", members, traits=traits, shapes=shapes, output=members, output_traits=traits)
    sent = [{"Part": {"at": MOMENT, "data": b"x"}}, {"Tick": {"s": "漢", "i": 5}}, {"Tick": {}}]
    body = b"".join(serialize(do, {"events": sent}).body)
    assert parse(do, post(body)) == {"events": sent}
    assert list(parse(do, HttpRequest("POST", "/", {}, io.BytesIO(body)))["events"]) == sent
    for broken in (body[:-1] + b"\x00", b"\x00" * 40, body[:20] + b"\xff" + body[21:]):
        with pytest.raises(ServiceError, match="SerializationException"):
            parse(do, post(broken))
