"""Requests as the clients send them, and the service and operation they are for."""

import subprocess
import sys

import pytest
from botocore import auth
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.aws.errors import ServiceError
from studiolo.aws.http import HttpRequest
from studiolo.aws.models import service_model
from studiolo.aws.routing import Route, Router, protocol_guess, signing_name_of
from tests.unit.aws.generated import Generator, client_request

SERVED = ["glue", "emr", "sagemaker", "sagemaker-runtime", "lakeformation", "logs", "sts", "iam", "cloudformation"]
SERVED += ["servicecatalog", "ec2", "sagemaker-featurestore-runtime", "sagemaker-metrics", "apigateway", "cloudwatch"]


@pytest.fixture(scope="module")
def router() -> Router:
    return Router([*SERVED, "s3"])


def authorization(signing_name: str) -> dict[str, str]:
    scope = f"AKID/20260517/eu-west-1/{signing_name}/aws4_request"
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def request(method="POST", url="/", body=b"", signing_name: str | None = None, **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    signed = authorization(signing_name) if signing_name else {}
    return HttpRequest(method, url, {"host": "127.0.0.1:4566", **named, **signed}, body)


FORM = {"content_type": "application/x-www-form-urlencoded; charset=utf-8"}


def refusal(router: Router, asked: HttpRequest) -> tuple[str, int, str]:
    with pytest.raises(ServiceError) as caught:
        router.identify(asked)
    return caught.value.code, caught.value.status, caught.value.message


@pytest.mark.parametrize("name", SERVED)
def test_every_operation_is_found_by_the_request_a_client_sends_for_it(router, name):
    model = service_model(name)
    for protocol in model.metadata.get("protocols") or [model.protocol]:
        for operation in map(model.operation_model, model.operation_names):
            sent = client_request(operation, Generator(operation.name).params(operation.input_shape), protocol)
            sent.headers["Authorization"] = authorization(model.signing_name)["authorization"]
            sent.headers["Host"] = f"{model.endpoint_prefix}.eu-west-1.amazonaws.com"
            assert router.identify(HttpRequest.of(sent)) == Route(name, operation.name, protocol)


def test_operations_that_need_no_signature_are_found_too(router):
    web_identity = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x"
    assert router.identify(request(body=web_identity, **FORM)) == Route("sts", "AssumeRoleWithWebIdentity", "query")


def test_a_query_may_come_in_the_url(router):
    found = router.identify(request("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", signing_name="sts"))
    assert found == Route("sts", "GetCallerIdentity", "query")
    presigned = "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential=A%2F20260517%2Fr%2Fsts%2Faws4_request"
    assert router.identify(request("GET", presigned)).service == "sts"


def test_services_of_one_signing_name_are_told_apart(router):
    invoke = request("POST", "/endpoints/e/invocations", signing_name="sagemaker")
    assert router.identify(invoke) == Route("sagemaker-runtime", "InvokeEndpoint", "rest-json")
    target = request(x_amz_target="SageMaker.ListModels", signing_name="sagemaker")
    assert router.identify(target) == Route("sagemaker", "ListModels", "json")
    put = request("PUT", "/FeatureGroup/g", signing_name="sagemaker")
    assert router.identify(put) == Route("sagemaker-featurestore-runtime", "PutRecord", "rest-json")


def test_literal_paths_win_over_labels_and_slashes_at_the_end_do_not_matter(router):
    account = request("GET", "/account", signing_name="apigateway")
    assert router.identify(account).operation == "GetAccount"
    assert router.identify(request("GET", "/account/", signing_name="apigateway")).operation == "GetAccount"
    assert router.identify(request("POST", "/restapis", signing_name="apigateway")).operation == "CreateRestApi"
    imported = request("POST", "/restapis?mode=import", signing_name="apigateway")
    assert router.identify(imported).operation == "ImportRestApi"


def test_query_strings_and_headers_tell_s3_like_operations_apart():
    from studiolo.aws.paths import PathTable

    table = PathTable(service_model("s3"))

    def match(method: str, url: str, **headers: str) -> str | None:
        return table.match(request(method, url, **headers))

    assert match("GET", "/bucket?list-type=2&prefix=a") == "ListObjectsV2"
    assert match("GET", "/bucket?acl") == "GetBucketAcl"
    assert match("GET", "/bucket/a/b/c?uploadId=1") == "ListParts"
    assert match("GET", "/bucket/a/b/c") == "GetObject"
    assert match("PUT", "/bucket/key") == "PutObject"
    assert match("PUT", "/bucket/key", x_amz_copy_source="/b/k") == "CopyObject"
    assert match("PUT", "/bucket/key?partNumber=1&uploadId=2") == "UploadPart"
    assert match("GET", "/") == "ListBuckets"
    assert match("PATCH", "/bucket") is None


@pytest.mark.parametrize(
    "asked",
    [
        request("GET", "/bucket/key", signing_name="s3"),
        request("POST", "/bucket?delete", b"<Delete/>", signing_name="s3"),
        request("GET", "/bucket/key"),
        request("GET", "/bucket/key?X-Amz-Credential=A%2F20260517%2Fr%2Fs3%2Faws4_request&X-Amz-Signature=0"),
        request("POST", "/bucket", b"Action=ListUsers&Version=2010-05-08", signing_name="s3", **FORM),
    ],
)
def test_what_is_signed_for_s3_or_claimed_by_nothing_else_goes_to_the_store(router, asked):
    assert router.identify(asked) == Route("s3", None, "rest-xml")


def test_a_service_that_is_not_served_is_named_with_its_operation(router):
    target = request(x_amz_target="DynamoDB_20120810.ListTables", signing_name="dynamodb")
    assert refusal(router, target) == (
        "NotImplemented",
        501,
        "dynamodb ListTables is not implemented by Studiolo",
    )
    action = request(body=b"Action=Publish&Version=2010-03-31", signing_name="sns", **FORM)
    assert refusal(router, action)[1:] == (501, "sns Publish is not implemented by Studiolo")
    queues = Router(["sqs"])
    old = request(body=b"Action=ListQueues&Version=2012-11-05", signing_name="sqs", **FORM)
    said = "sqs ListQueues in the query protocol, of older SDKs, is not implemented by Studiolo"
    assert refusal(queues, old)[1:] == (501, said)
    path = request("GET", "/2015-03-31/functions/", signing_name="lambda")
    assert refusal(router, path)[1:] == (501, "lambda GET /2015-03-31/functions/ is not implemented by Studiolo")
    rpc = request(url="/service/Other/operation/Do", signing_name="other", smithy_protocol="rpc-v2-cbor")
    assert refusal(router, rpc)[1:] == (501, "other Do is not implemented by Studiolo")


def test_an_operation_its_service_does_not_have_is_unknown(router):
    assert refusal(router, request(x_amz_target="AWSGlue.Fly", signing_name="glue"))[0] == "UnknownOperationException"
    action = request(body=b"Action=Fly&Version=2011-06-15", signing_name="sts", **FORM)
    assert refusal(router, action)[:2] == ("InvalidAction", 400)
    path = request("GET", "/fly", signing_name="lakeformation")
    assert refusal(router, path)[:2] == ("UnknownOperationException", 404)
    rpc = request(url="/service/AWS242ServiceCatalogService/operation/Fly", smithy_protocol="rpc-v2-cbor")
    assert refusal(router, rpc)[0] == "UnknownOperationException"


def test_the_protocol_of_what_cannot_be_routed_is_guessed():
    assert protocol_guess(request(x_amz_target="a.b")) == "json"
    assert protocol_guess(request(**FORM)) == "query"
    assert protocol_guess(request(smithy_protocol="rpc-v2-cbor")) == "smithy-rpc-v2-cbor"
    assert protocol_guess(request(signing_name="lambda")) == "rest-json"
    assert protocol_guess(request(signing_name="s3")) == "rest-xml"


def test_the_signing_name_is_read_from_header_and_presigned_url():
    keys = Credentials("AKID/with/slashes", "secret")
    from botocore.awsrequest import AWSRequest

    for signer in (auth.SigV4Auth, auth.SigV4QueryAuth):
        asked = AWSRequest("GET", "http://127.0.0.1/")
        signer(keys, "execute-api", "r").add_auth(asked)
        assert signing_name_of(HttpRequest.of(asked.prepare())) == "execute-api"
    assert signing_name_of(request()) is None


def test_a_router_loads_no_model_before_a_request_is_for_it():
    code = (
        "import botocore.loaders as l; loaded = []; real = l.Loader.load_data\n"
        "l.Loader.load_data = lambda self, name: loaded.append(name) or real(self, name)\n"
        "from studiolo.aws.http import HttpRequest; from studiolo.aws.routing import Router\n"
        "router = Router(['glue', 'sts', 'ec2']); before = len(loaded)\n"
        "router.identify(HttpRequest('POST', 'http://h/', {'x-amz-target': 'AWSGlue.GetTable'}, b''))\n"
        "print(before, loaded)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0 ['glue/2017-03-31/service-2']"


@settings(max_examples=200, derandomize=True)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "get", "?"]),
    url=st.text(max_size=40).map(lambda text: "/" + text),
    headers=st.dictionaries(
        st.sampled_from(
            ["authorization", "x-amz-target", "content-type", "smithy-protocol", "host", "content-encoding"]
        ),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                ["application/x-www-form-urlencoded", "rpc-v2-cbor", "gzip", "AWSGlue.", ".", "Credential=////"]
            ),
        ),
    ),
    body=st.binary(max_size=40),
)
def test_nothing_a_client_sends_breaks_the_routing(router, method, url, headers, body):
    try:
        route = router.identify(HttpRequest(method, url, headers, body))
    except ServiceError:
        return
    assert route.service in [*SERVED, "s3"]
