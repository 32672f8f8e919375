"""botocore's clients, whole, against the wire in memory: signed, routed, verified, read, answered."""

import io
from datetime import datetime, timezone

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.models import bare_operation, operation_model
from studiolo.aws.protocols import parse, serialize, serialize_error
from studiolo.aws.routing import Router, protocol_guess
from studiolo.aws.sigv4 import Credential, verify

KEY = Credential("AKIDEXAMPLE", "secret", "token")


class Raw(io.BytesIO):
    def stream(self, *sizes: int):
        yield self.read()


class Wire:
    """Answers a client's requests by one handler for all operations, and keeps what it was asked."""

    def __init__(self) -> None:
        self.router = Router(
            ["glue", "sts", "iam", "lakeformation", "sagemaker-runtime", "cloudwatch", "servicecatalog"]
        )
        self.answers: dict[str, object] = {}
        self.asked: list[tuple[str, dict]] = []

    def client(self, service: str, secret: str = KEY.secret_key):
        session = Session()
        session.set_credentials(KEY.access_key, secret, KEY.session_token)
        config = Config(retries={"max_attempts": 0}, inject_host_prefix=False, request_min_compression_size_bytes=1)
        client = session.create_client(service, "eu-west-1", endpoint_url="http://127.0.0.1:4566", config=config)
        client.meta.events.register("before-send", self.answer)
        return client

    def answer(self, request, **_):
        asked = HttpRequest.of(request)
        operation, protocol = bare_operation(protocol_guess(asked)), protocol_guess(asked)
        try:
            route = self.router.identify(asked)
            protocol, operation = route.protocol, operation_model(route.service, route.operation)
            now = datetime.now(timezone.utc)
            verify(asked, lambda key: KEY, now, protocol=protocol, service=route.service)
            self.asked.append((operation.name, parse(operation, asked)))
            answer = self.answers.get(operation.name, {})
            if isinstance(answer, ServiceError):
                raise answer
            response = serialize(operation, answer, protocol=protocol)
        except ServiceError as error:
            response = serialize_error(operation, error, protocol=protocol)
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        return AWSResponse(request.url, response.status_code, response.headers, Raw(body))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.mark.parametrize(
    ("service", "method", "params", "operation"),
    [
        ("glue", "get_table", {"DatabaseName": "d", "Name": "ü"}, "GetTable"),
        ("sts", "assume_role", {"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "a b"}, "AssumeRole"),
        ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": "k", "Value": "v+&="}]}, "TagRole"),
        ("lakeformation", "get_effective_permissions_for_path", {"ResourceArn": "arn:aws:s3:::b"}, None),
        ("servicecatalog", "search_products", {"Filters": {"FullTextSearch": ["x"]}}, "SearchProducts"),
        (
            "cloudwatch",
            "put_metric_data",
            {"Namespace": "n", "MetricData": [{"MetricName": "m" * 999}]},
            "PutMetricData",
        ),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b"\x00\xff"}, "InvokeEndpoint"),
    ],
)
def test_a_client_s_call_arrives(wire, service, method, params, operation):
    getattr(wire.client(service), method)(**params)
    name, arrived = wire.asked[0]
    assert operation in (name, None)
    assert arrived == params


def test_a_client_gets_the_answer_its_pages_and_its_streams(wire):
    wire.answers["GetTable"] = {"Table": {"Name": "t", "CreateTime": datetime(2026, 5, 17, tzinfo=timezone.utc)}}
    table = wire.client("glue").get_table(DatabaseName="d", Name="t")
    assert table["Table"]["CreateTime"] == datetime(2026, 5, 17, tzinfo=timezone.utc)
    assert table["ResponseMetadata"]["RequestId"]
    wire.answers["InvokeEndpoint"] = {"Body": iter([b"1,", b"2"]), "ContentType": "text/csv"}
    answer = wire.client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"")
    assert (answer["ContentType"], answer["Body"].read()) == ("text/csv", b"1,2")
    wire.answers["ListRoles"] = {"Roles": [], "IsTruncated": False}
    assert wire.client("iam").get_paginator("list_roles").paginate().build_full_result() == {"Roles": []}


def test_a_client_gets_the_exception_of_its_model(wire):
    wire.answers["GetTable"] = ServiceError("EntityNotFoundException", "Table t not found.")
    glue = wire.client("glue")
    with pytest.raises(glue.exceptions.EntityNotFoundException, match=r"Table t not found\."):
        glue.get_table(DatabaseName="d", Name="t")
    wire.answers["GetRole"] = ServiceError("NoSuchEntity", "The role r cannot be found.")
    iam = wire.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="The role r cannot be found"):
        iam.get_role(RoleName="r")


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("glue", "get_databases", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("lakeformation", "list_resources", "InvalidSignatureException"),
        ("servicecatalog", "list_portfolios", "InvalidSignatureException"),
    ],
)
def test_a_client_with_the_wrong_secret_is_told_so(wire, service, method, code):
    with pytest.raises(ClientError) as caught:
        getattr(wire.client(service, secret="wrong"), method)()
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("service", "method"), [("dynamodb", "list_tables"), ("sns", "list_topics"), ("lambda", "list_functions")]
)
def test_a_client_of_a_service_that_is_not_there_is_told_its_name(wire, service, method):
    with pytest.raises(ClientError, match=rf"{service} .* is not implemented by Studiolo") as caught:
        getattr(wire.client(service), method)()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
