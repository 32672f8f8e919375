"""Every operation of the services we serve (and of some with rare shapes): botocore's client and our wire agree."""

from typing import Any

import pytest
from botocore.model import OperationModel

from studiolo.aws.errors import ServiceError
from studiolo.aws.models import service_model
from studiolo.aws.protocols import parse, serialize, serialize_error
from tests.unit.aws.generated import NOTHING, Generator, client_request, client_result

SERVICES = [
    ("glue", "json"),
    ("emr", "json"),
    ("sagemaker", "json"),
    ("sagemaker-runtime", "rest-json"),
    ("lakeformation", "rest-json"),
    ("logs", "json"),
    ("sts", "query"),
    ("iam", "query"),
    ("cloudformation", "query"),
    ("servicecatalog", "smithy-rpc-v2-cbor"),
    ("servicecatalog", "json"),
    ("ec2", "ec2"),
    ("sqs", "json"),
    ("cloudwatch", "smithy-rpc-v2-cbor"),
    ("cloudwatch", "json"),
    ("cloudwatch", "query"),
    ("s3", "rest-xml"),
    ("route53", "rest-xml"),
    ("cloudfront", "rest-xml"),
    ("apigateway", "rest-json"),
    ("lex-runtime", "rest-json"),
]


# Two members of this old operation's output have one name on the wire.
AMBIGUOUS = {"GetBucketNotification"}


def operations(service: str) -> list[OperationModel]:
    model = service_model(service)
    return [model.operation_model(name) for name in model.operation_names if name not in AMBIGUOUS]


def without_doubles(operation: OperationModel, params: dict[str, Any]) -> dict[str, Any]:
    """Leaves out what a client sends twice or by itself: bound keys in a map of the query string, the body's length."""
    members = operation.input_shape.members if operation.input_shape else {}
    query = {n: m for n, m in members.items() if m.serialization.get("location") == "querystring"}
    bound = {m.serialization.get("name", n) for n, m in query.items() if m.type_name != "map"}
    for name, member in query.items():
        if member.type_name == "map" and name in params:
            params[name] = {key: value for key, value in params[name].items() if key not in bound}
    if members.get("ContentLength") is not None:
        params.pop("ContentLength", None)
    return {name: value for name, value in params.items() if value != {}}


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_parameters_arrive_as_a_client_gave_them(service, protocol):
    for operation in operations(service):
        for seed in range(4):
            params = Generator((operation.name, seed)).params(operation.input_shape)
            request = client_request(operation, params, protocol)
            assert without_doubles(operation, parse(operation, request)) == params, f"{operation.name} {seed}"


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_results_reach_a_client_as_the_handler_gave_them(service, protocol):
    for operation in operations(service):
        for seed in range(4):
            if operation.has_event_stream_output:
                continue
            # botocore leaves "Infinity" as the text it is in the json protocol.
            result = Generator((operation.name, seed), infinity=protocol != "json").params(operation.output_shape)
            response = serialize(operation, result, protocol=protocol)
            received = client_result(operation, response, protocol, operation.output_shape)
            # botocore makes empty ones of a payload or header map that is not there.
            received = {name: value for name, value in received.items() if value != {}}
            assert received == result, f"{operation.name} {seed}"


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_each_modeled_error_reaches_a_client_with_its_code_and_members(service, protocol):
    model = service_model(service)
    shapes = {shape.name: (operation, shape) for operation in operations(service) for shape in operation.error_shapes}
    for name, (operation, shape) in shapes.items():
        members = Generator(name).value(shape, 0)
        members = {} if members is NOTHING else members
        for key in ("message", "Message"):
            if key in shape.members:
                members[key] = "what went wrong"
        response = serialize_error(operation, ServiceError(name, "what went wrong", members=members), protocol=protocol)
        error = client_result(operation, response, protocol, operation.output_shape)["Error"]
        assert error["Message"] == "what went wrong", name
        assert model.shape_for_error_code(error["Code"]).error_code == shape.error_code, name
        assert client_result(operation, response, protocol, shape) == members, name
        assert response.status_code == shape.metadata.get("error", {}).get("httpStatusCode", response.status_code)
