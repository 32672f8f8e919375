"""CBOR, the choice among protocols, and errors in each of them."""

import pytest
from botocore.parsers import create_parser

from studiolo.aws.errors import ServiceError, not_implemented
from studiolo.aws.models import bare_operation, operation_model
from studiolo.aws.protocols import parse, protocol_of, serialize, serialize_error
from tests.unit.aws.models import MEMBERS, MOMENT, loads, operation, post


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
