"""Lambda through boto3: functions that really run."""

import base64
import json
import shutil
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.lambda_functions import RUNTIME, create, invoke, messages, zipped
from tests.waiting import until

NODE = """
exports.handler = async (event) => {
  console.log("got", event.n);
  if (event.n > 2) throw new RangeError("too many");
  return { twice: event.n * 2 };
};
"""


@pytest.fixture(scope="module")
def functions(client: Callable[..., Any]) -> Any:
    return client("lambda")


@pytest.fixture(scope="module")
def function(functions: Any, role: str) -> str:
    return create(functions, role, Environment={"Variables": {"TOLD": "this"}})


def test_a_function_answers_as_its_role_from_one_process_after_another_event(
    functions: Any, function: str, role: str, client: Callable[..., Any]
) -> None:
    first, second = invoke(functions, function), invoke(functions, function)
    assert first["Payload"] == second["Payload"]
    assert (first["StatusCode"], first["ExecutedVersion"]) == (200, "$LATEST")
    assert first["Payload"]["told"] == "this"
    role_name = role.rpartition("/")[2]
    assert f"assumed-role/{role_name}/{function}" in invoke(functions, function, {"arn": 1})["Payload"]
    logged = messages(client("logs"), function)
    kinds = [line.split(" ")[0] for line in logged[:5]]
    assert kinds[0] == "START"
    assert kinds[1] == "printed"
    assert logged[2].endswith("\ttwo\nlines\n")
    assert kinds[3:] == ["END", "REPORT"]
    assert "Init Duration" in logged[4]
    assert "Max Memory Used" in logged[4]


def test_what_a_function_raises_is_told_with_its_place_and_the_end_of_its_log(functions: Any, function: str) -> None:
    answer = invoke(functions, function, {"raise": "no way"}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert (answer["Payload"]["errorType"], answer["Payload"]["errorMessage"]) == ("ValueError", "no way")
    assert "index.py" in answer["Payload"]["stackTrace"][0]
    assert "[ERROR] ValueError: no way" in base64.b64decode(answer["LogResult"]).decode()


def test_a_function_that_takes_too_long_or_ends_itself_is_started_anew(functions: Any, role: str) -> None:
    name = create(functions, role, Timeout=1)
    late = invoke(functions, name, {"sleep": 30})
    assert late["Payload"]["errorType"] == "Sandbox.Timedout"
    assert late["Payload"]["errorMessage"].endswith("Task timed out after 1.00 seconds")
    gone = invoke(functions, name, {"exit": 3})
    assert gone["Payload"]["errorType"] == "Runtime.ExitError"
    assert gone["Payload"]["errorMessage"].endswith("exit status 3")
    assert invoke(functions, name).get("FunctionError") is None


def test_an_event_that_fails_goes_to_where_failures_are_wanted(
    functions: Any, role: str, client: Callable[..., Any]
) -> None:
    takes = create(functions, role)
    arn = functions.get_function_configuration(FunctionName=takes)["FunctionArn"]
    fails = create(functions, role)
    functions.put_function_event_invoke_config(
        FunctionName=fails, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    answer = invoke(functions, fails, {"raise": "lost"}, InvocationType="Event")
    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    logs = client("logs")
    until(lambda: _exists(logs, takes) and bool(messages(logs, takes, "printed")))
    record = json.loads(messages(logs, takes, "printed")[0].removeprefix("printed "))
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestPayload"] == {"raise": "lost"}
    assert record["responsePayload"]["errorMessage"] == "lost"


def test_a_version_stays_what_it_was_and_an_alias_leads_to_it(functions: Any, role: str) -> None:
    name = create(functions, role)
    version = functions.publish_version(FunctionName=name)["Version"]
    assert functions.publish_version(FunctionName=name)["Version"] == version == "1"
    alias = functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"]
    functions.update_function_code(FunctionName=name, ZipFile=zipped(index="handler = lambda event, context: 'new'"))
    assert invoke(functions, name)["Payload"] == "new"
    assert invoke(functions, alias)["Payload"]["version"] == "1"
    with pytest.raises(functions.exceptions.ResourceConflictException, match="live"):
        functions.delete_function(FunctionName=name, Qualifier="1")
    pages = functions.get_paginator("list_versions_by_function").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 1}
    )
    assert [each["Version"] for page in pages for each in page["Versions"]] == ["$LATEST", "1"]


def test_a_layer_is_found_below_opt(functions: Any, role: str) -> None:
    layer = functions.publish_layer_version(
        LayerName=f"layer-{uuid.uuid4().hex[:8]}", Content={"ZipFile": zipped(python__shared="PLACE = __file__")}
    )["LayerVersionArn"]
    name = create(functions, role, "import shared\nhandler = lambda e, c: shared.PLACE", Layers=[layer])
    assert invoke(functions, name)["Payload"] == "/opt/python/shared.py"


def test_who_has_no_right_to_a_function_gets_it_by_the_functions_own_policy(
    functions: Any, function: str, client: Callable[..., Any]
) -> None:
    iam, user = client("iam"), f"user-{uuid.uuid4().hex[:8]}"
    arn = iam.create_user(UserName=user)["User"]["Arn"]
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = client("lambda", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    with pytest.raises(ClientError, match="lambda:InvokeFunction"):
        theirs.invoke(FunctionName=function)
    functions.add_permission(FunctionName=function, StatementId="them", Action="lambda:InvokeFunction", Principal=arn)
    assert theirs.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204
    functions.remove_permission(FunctionName=function, StatementId="them")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_policy(FunctionName=function)


def test_a_function_without_concurrency_is_not_invoked(functions: Any, function: str) -> None:
    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException) as refused:
        functions.invoke(FunctionName=function)
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    functions.delete_function_concurrency(FunctionName=function)


def test_what_no_function_can_be_is_refused_in_words(functions: Any, role: str, function: str) -> None:
    good = {"Role": role, "Handler": "index.handler", "FunctionName": "f"}
    taken = {"Variables": {"AWS_REGION": "x"}}
    code = {"ZipFile": zipped(index="")}
    refused = [
        ({"PackageType": "Image", "Code": {"ImageUri": "i"}}, "container images"),
        ({"Runtime": "java21", "Code": code}, "java21 is not available"),
        ({"Runtime": RUNTIME, "Code": {"ZipFile": b"none"}}, "Could not unzip"),
        ({"Runtime": RUNTIME, "Code": code, "Environment": taken}, "AWS_REGION"),
        ({"Runtime": RUNTIME, "Code": {"S3Bucket": "there-is-none", "S3Key": "k"}}, "NoSuchBucket"),
    ]
    for given, words in refused:
        with pytest.raises(functions.exceptions.InvalidParameterValueException, match=words):
            functions.create_function(**{**good, **given})
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=function, Payload=b"{no json")
    with pytest.raises(functions.exceptions.ResourceNotFoundException, match="Function not found: arn:aws:lambda"):
        functions.invoke(FunctionName="absent")


def test_a_function_that_cannot_be_loaded_says_why(functions: Any, role: str) -> None:
    answer = invoke(functions, create(functions, role, "import absent_module"))
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == "Runtime.ImportModuleError"
    assert "absent_module" in answer["Payload"]["errorMessage"]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_a_function_of_node_runs_where_node_is(functions: Any, role: str, client: Callable[..., Any]) -> None:
    code = zipped(index=NODE).replace(b"index.py", b"index.js")
    name = create(functions, role, Runtime="nodejs20.x", Code={"ZipFile": code})
    assert invoke(functions, name, {"n": 2})["Payload"] == {"twice": 4}
    failed = invoke(functions, name, {"n": 3})
    assert failed["FunctionError"] == "Unhandled"
    assert (failed["Payload"]["errorType"], failed["Payload"]["errorMessage"]) == ("RangeError", "too many")
    assert any(line.endswith("\tINFO\tgot 2\n") for line in messages(client("logs"), name))


def _exists(logs: Any, name: str) -> bool:
    return bool(logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"])
