"""Streams of events, from a handler to a client and the other way."""

import io

import pytest
from botocore.eventstream import EventStream
from botocore.parsers import create_parser

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest, HttpResponse
from studiolo.aws.models import operation_model
from studiolo.aws.protocols import parse, serialize
from tests.unit.aws.models import MOMENT, operation, post


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
