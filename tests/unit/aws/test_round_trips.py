"""Every operation of the services we serve (and of some with rare shapes): botocore's client and our wire agree."""

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


def operations(service: str) -> list[OperationModel]:
    model = service_model(service)
    return [model.operation_model(name) for name in model.operation_names]


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_parameters_arrive_as_a_client_gave_them(service, protocol):
    for operation in operations(service):
        for seed in range(2):
            params = Generator((operation.name, seed), protocol).params(operation.input_shape)
            request = client_request(operation, params, protocol)
            assert parse(operation, request) == params, f"{operation.name} {seed}"


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_results_reach_a_client_as_the_handler_gave_them(service, protocol):
    for operation in operations(service):
        for seed in range(2):
            result = Generator((operation.name, seed), protocol).params(operation.output_shape)
            if operation.has_event_stream_output:
                continue
            response = serialize(operation, result, protocol=protocol)
            received = client_result(operation, response, protocol, operation.output_shape)
            assert received == result, f"{operation.name} {seed}"


@pytest.mark.parametrize(("service", "protocol"), SERVICES)
def test_each_modeled_error_reaches_a_client_with_its_code_and_members(service, protocol):
    model = service_model(service)
    shapes = {shape.name: (operation, shape) for operation in operations(service) for shape in operation.error_shapes}
    for name, (operation, shape) in shapes.items():
        members = Generator(name, protocol).value(shape, 0)
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
