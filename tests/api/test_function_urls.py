"""Function URLs: functions called by plain HTTP, by anybody or by who signs."""

import base64
import http.client
import json
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.api.lambda_functions import create, zipped
from tests.conftest import REGION, Server

ECHO = """
import json
import uuid
def handler(event, context):
    if event["rawPath"] == "/plain":
        return {"seen": event["requestContext"]["http"]["method"]}
    if event["rawPath"] == "/raise":
        raise ValueError("no")
    if event["rawPath"] == "/split":
        return {"statusCode": 200, "headers": {"x-a": "one\\r\\nx-b: two"}}
    if event["rawPath"] == "/made":
        return {"statusCode": 201, "headers": {"Content-Type": "text/html", "X-Own": "1"}, "cookies": ["a=1", "b=2"],
                "body": "PGI+", "isBase64Encoded": True}
    return {"statusCode": 200, "body": json.dumps(event)}
"""


STREAM = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const path = event.rawPath;
  if (path === "/page") {
    stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "X-Own": "1" }, cookies: ["a=1"] });
  } else {
    stream.setContentType("text/plain");
  }
  for (let part = 0; part < (path ? 2 : event.parts || 1); part++) {
    stream.write(`part ${part}\\n`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (event.fails || path === "/fails") throw new Error("no more");
  stream.end();
});
"""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name]


def call(url: str, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    """By the address of loopback: not every machine knows names below localhost."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body or None, {"Host": parts.netloc, **named})
    answer = connection.getresponse()
    read = answer.read()
    connection.close()
    return Answer(answer.status, answer.getheaders(), read)


def signed(session: boto3.Session, url: str, region: str = REGION) -> Mapping[str, str]:
    request = AWSRequest("GET", url, headers={"Host": urlsplit(url).netloc})
    SigV4Auth(session.get_credentials(), "lambda", region).add_auth(request)
    return {name.replace("-", "_"): value for name, value in request.headers.items() if name != "Host"}


@pytest.fixture(scope="module")
def functions(client: Callable[..., Any]) -> Any:
    return client("lambda")


@pytest.fixture(scope="module")
def function(functions: Any, role: str) -> str:
    return create(functions, role, ECHO)


@pytest.fixture
def user(server: Server) -> Callable[[Any], boto3.Session]:
    """Makes a user who may do what a statement says."""

    def make(statement: Any) -> boto3.Session:
        iam, name = server.client("iam"), f"caller-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=REGION)

    return make


@pytest.fixture
def url(functions: Any, function: str) -> Iterator[str]:
    """That anybody may call."""
    made = functions.create_function_url_config(FunctionName=function, AuthType="NONE")
    functions.add_permission(
        FunctionName=function,
        StatementId="all",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    yield made["FunctionUrl"]
    functions.remove_permission(FunctionName=function, StatementId="all")
    functions.delete_function_url_config(FunctionName=function)


def test_a_request_is_the_event_and_what_the_function_returns_the_answer(url: str) -> None:
    answer = call(url, "/a%20b/c?x=1&x=2&y=", "POST", b'{"n": 1}', Content_Type="application/json", Cookie="k=v; l=w")
    assert (answer.status, answer.values("content-type")) == (200, ["application/json"])
    event = json.loads(answer.body)
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b/c", "x=1&x=2&y=")
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["k=v", "l=w"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 1}', False)
    context = event["requestContext"]
    assert (context["http"]["method"], context["http"]["path"], context["accountId"]) == ("POST", "/a b/c", "anonymous")
    assert urlsplit(url).netloc == context["domainName"]
    assert answer.values("x-amzn-requestid") == [context["requestId"]]

    binary = json.loads(call(url, method="PUT", body=b"\x00\xff", Content_Type="image/png").body)
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\x00\xff", True)

    made = call(url, "/made")
    assert (made.status, made.body, made.values("content-type")) == (201, b"<b>", ["text/html"])
    assert (made.values("set-cookie"), made.values("x-own")) == (["a=1", "b=2"], ["1"])
    assert call(url, "/plain").body == b'{"seen": "GET"}'


@pytest.mark.parametrize("path", ["/raise", "/split"])
def test_a_function_that_fails_or_splits_its_headers_is_a_bad_gateway(url: str, path: str) -> None:
    answer = call(url, path)
    assert (answer.status, answer.body) == (502, b"Internal Server Error")
    assert not answer.values("x-b")


def test_without_a_policy_nobody_calls_and_a_name_that_is_none_s_is_told(functions: Any, function: str) -> None:
    made = functions.create_function_url_config(FunctionName=function, AuthType="NONE")["FunctionUrl"]
    refused = call(made)
    assert (refused.status, json.loads(refused.body)) == (403, {"Message": "Forbidden"})
    with pytest.raises(functions.exceptions.ResourceConflictException):
        functions.create_function_url_config(FunctionName=function, AuthType="NONE")
    functions.delete_function_url_config(FunctionName=function)
    assert call(made).status == 404
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function_url_config(FunctionName=function)


def test_a_url_of_signed_calls_knows_who_calls_and_asks_their_policies(
    functions: Any, function: str, user: Callable[[Any], boto3.Session]
) -> None:
    functions.publish_version(FunctionName=function)
    functions.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    made = functions.create_function_url_config(FunctionName=function, Qualifier="live", AuthType="AWS_IAM")
    url, arn = made["FunctionUrl"], made["FunctionArn"]
    assert arn.endswith(":live")
    assert call(url).status == 403
    allowed = user({"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": arn})
    event = json.loads(call(url, **signed(allowed, url)).body)
    signer = event["requestContext"]["authorizer"]["iam"]
    assert ":user/caller-" in signer["userArn"]
    assert "authorization" not in event["headers"]
    other = user({"Effect": "Allow", "Action": "lambda:InvokeFunctionUrl", "Resource": arn[: -len(":live")]})
    assert call(url, **signed(other, url)).status == 403
    assert call(url, **signed(allowed, url, "eu-west-1")).status == 403
    functions.delete_alias(FunctionName=function, Name="live")
    assert call(url).status == 404


def test_pages_of_the_origins_that_are_named_may_read_the_answers(functions: Any, function: str, url: str) -> None:
    cors = {
        "AllowOrigins": ["https://example.com"],
        "AllowMethods": ["GET", "PUT"],
        "AllowHeaders": ["x-own"],
        "MaxAge": 60,
    }
    changed = functions.update_function_url_config(FunctionName=function, Cors=cors)
    assert (changed["Cors"], changed["AuthType"]) == (cors, "NONE")
    asked = {"Origin": "https://example.com", "Access_Control_Request_Method": "PUT"}
    answer = call(url, method="OPTIONS", **asked)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.values("access-control-allow-origin") == ["https://example.com"]
    assert answer.values("access-control-allow-methods") == ["GET,PUT"]
    assert call(url, Origin="https://example.com").values("access-control-allow-origin") == ["https://example.com"]
    assert call(url, Origin="https://evil.example").values("access-control-allow-origin") == []
    listed = functions.list_function_url_configs(FunctionName=function)["FunctionUrlConfigs"]
    assert [(each["FunctionUrl"], each["Cors"]) for each in listed] == [(url, cors)]


def test_a_function_that_answers_whole_does_so_at_a_url_that_streams(functions: Any, function: str, url: str) -> None:
    told = functions.update_function_url_config(FunctionName=function, InvokeMode="RESPONSE_STREAM")
    assert told["InvokeMode"] == "RESPONSE_STREAM"
    assert json.loads(call(url, "/plain").body) == {"seen": "GET"}
    assert call(url, "/raise").status == 502


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_an_answer_comes_as_the_function_makes_it(functions: Any, role: str) -> None:
    code = zipped(index=STREAM).replace(b"index.py", b"index.js")
    name = create(functions, role, Runtime="nodejs20.x", Code={"ZipFile": code})
    asked = functions.invoke_with_response_stream(FunctionName=name, Payload=b'{"parts": 3}', LogType="Tail")
    assert asked["ResponseStreamContentType"] == "text/plain"
    *parts, end = list(asked["EventStream"])
    assert [each["PayloadChunk"]["Payload"] for each in parts] == [b"part 0\n", b"part 1\n", b"part 2\n"]
    assert "END RequestId" in base64.b64decode(end["InvokeComplete"]["LogResult"]).decode()
    failed = list(functions.invoke_with_response_stream(FunctionName=name, Payload=b'{"fails": 1}')["EventStream"])
    assert failed[0]["PayloadChunk"]["Payload"] == b"part 0\n"
    assert json.loads(failed[-1]["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "no more"
    assert invoke_bytes(functions, name) == b"part 0\n"

    made = functions.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    functions.add_permission(
        FunctionName=name,
        StatementId="all",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    answer = call(made["FunctionUrl"], "/page")
    assert (answer.status, answer.values("x-own"), answer.values("set-cookie")) == (201, ["1"], ["a=1"])
    assert answer.body == b"part 0\npart 1\n"
    with pytest.raises(http.client.IncompleteRead):
        call(made["FunctionUrl"], "/fails")


def invoke_bytes(functions: Any, name: str) -> bytes:
    read: bytes = functions.invoke(FunctionName=name, Payload=b'{"parts": 1}')["Payload"].read()
    return read
