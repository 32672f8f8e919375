"""The console's pages of functions, experiments, transform jobs and MLflow, and its forms that begin work."""

import io
import json
import uuid
from datetime import datetime, timezone

import pytest

from tests.api.lambda_functions import RUNTIME, create, zipped
from tests.api.stacks import new_name
from tests.browsing import Browser, signed_in
from tests.conftest import REGION, Server
from tests.waiting import until


@pytest.fixture(scope="module")
def browser(server: Server) -> Browser:
    browser = signed_in(server)
    assert browser.open("/region", {"region": REGION}).status == 303
    return browser


def test_a_function_is_tried_and_its_answer_errors_log_and_versions_are_shown(
    server: Server, browser: Browser, role: str
) -> None:
    functions = server.client("lambda")
    name = create(functions, role, Description="says what it is told", Environment={"Variables": {"TOLD": "softly"}})
    functions.create_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    at = f"/functions/{name}"
    assert "says what it is told" in browser.open("/functions").words
    tried = browser.open(at, {"payload": '{"a": 1}', "qualifier": "live"})
    assert "softly" in tried.text
    assert f"of version {version}" in tried.words
    assert "printed {&#34;a&#34;: 1}" in tried.words
    assert "REPORT RequestId" in tried.words
    failed = browser.open(at, {"payload": '{"raise": "no wind"}'}).words
    assert ("ValueError" in failed, "no wind" in failed) == (True, True)
    refused = browser.open(at, {"payload": "{wind"})
    assert "InvalidRequestContentException" in refused.words
    assert ">{wind</textarea>" in refused.text
    assert f"live {version}" in browser.open(f"{at}?tab=versions").words
    settings = browser.open(f"{at}?tab=settings").words
    assert ("TOLD=softly" in settings, ".lambda-url." in settings) == (True, True)
    until(lambda: "no wind" in browser.open(f"{at}?tab=log").text)
    browser.open(f"{at}/delete", {})
    assert name not in browser.open("/functions").words


def test_a_function_is_made_of_a_zip_in_s3_and_changed_by_forms(
    server: Server, browser: Browser, role: str, bucket: str
) -> None:
    s3, name = server.client("s3"), new_name()
    for version in ("one", "two"):
        code = f"import os\ndef handler(event, context):\n    return '{version} ' + os.environ.get('CITY', 'nowhere')"
        s3.put_object(Bucket=bucket, Key=f"{name}/{version}.zip", Body=zipped(index=code))
    form = {"name": name, "role": role, "runtime": RUNTIME, "handler": "index.handler", "timeout": "10"}
    refused = browser.open("/functions", {**form, "code": "function.zip"})
    assert (refused.status, "s3://BUCKET/function.zip" in refused.words) == (400, True)
    made = browser.open("/functions", {**form, "code": f"s3://{bucket}/{name}/one.zip"})
    assert made.headers["Location"] == f"/functions/{name}"
    at = f"/functions/{name}"
    until(lambda: "State Active" in browser.open(at).words)
    assert "one nowhere" in browser.open(at, {"payload": "{}"}).words
    changed = {"handler": "index.handler", "timeout": "5", "memory": "256", "variables": "CITY=Madrid"}
    assert browser.open(f"{at}/settings", {**changed, "variables": "CITY"}).status == 400
    assert browser.open(f"{at}/settings", changed).status == 303
    server.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=name)
    assert browser.open(f"{at}/code", {"code": f"s3://{bucket}/{name}/two.zip", "publish": "1"}).status == 303
    server.client("lambda").get_waiter("function_updated_v2").wait(FunctionName=name)
    assert "two Madrid" in browser.open(at, {"payload": "{}", "qualifier": "1"}).words


def test_runs_of_an_experiment_are_compared_in_a_table_and_charts(server: Server, browser: Browser) -> None:
    sagemaker, name = server.client("sagemaker"), f"air-{uuid.uuid4().hex[:8]}"
    sagemaker.create_experiment(ExperimentName=name)
    sagemaker.create_trial(TrialName=f"{name}-trial", ExperimentName=name)
    for depth in (3, 5):
        run = f"{name}-{depth}"
        sagemaker.create_trial_component(
            TrialComponentName=run,
            DisplayName=f"depth-{depth}",
            Parameters={"depth": {"NumberValue": depth}, "kind": {"StringValue": "tree"}},
            InputArtifacts={"train": {"Value": "s3://lake/train/"}},
        )
        sagemaker.associate_trial_component(TrialComponentName=run, TrialName=f"{name}-trial")
        data = [
            {"MetricName": "loss", "Timestamp": datetime.now(timezone.utc), "Step": step, "Value": depth - step / 2}
            for step in range(3)
        ]
        server.client("sagemaker-metrics").batch_put_metrics(TrialComponentName=run, MetricData=data)
    assert name in browser.open("/experiments").words
    shown = browser.open(f"/experiments/{name}?metric=loss&over=depth")
    assert "&#34;data&#34;: [[3.0, 5.0], [2.0, 4.0]]" in shown.text
    assert "4 5 tree" in shown.words
    compared = browser.open(f"/experiments/{name}?run.{name}-3=1&run.{name}-5=1")
    assert "depth 3 5" in compared.words
    assert "[[0, 1, 2], [3.0, 2.5, 2.0], [5.0, 4.5, 4.0]]" in compared.text
    run_page = browser.open(f"/experiments/{name}/{name}-3")
    assert "loss 2 2 3 2.5 3" in run_page.words
    assert "/storage/lake?prefix=train/" in run_page.text.replace("%2F", "/")
    assert "it has the trial" in browser.open(f"/experiments/{name}/delete", {}).words


def test_a_transform_job_is_begun_by_a_form_and_shown_with_its_data_and_why_it_failed(
    server: Server, browser: Browser, role: str, bucket: str
) -> None:
    sagemaker, name = server.client("sagemaker"), f"scored-{uuid.uuid4().hex[:8]}"
    image = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
    for key, body in (("scored/rows.csv", b"1,2\n"), ("no-model.tar.gz", b"no archive")):
        server.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    container = {"Image": image, "ModelDataUrl": f"s3://{bucket}/no-model.tar.gz"}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
    form = {"name": name, "model": name, "input": f"s3://{bucket}/scored/", "output": f"s3://{bucket}/out"}
    form |= {"type": "text/csv", "split": "Line", "instance": "ml.m5.large"}
    assert browser.open("/transform", {**form, "model": "no-such"}).status == 400
    assert browser.open("/transform", form).headers["Location"] == f"/transform/{name}"
    until(lambda: f"{name} Failed" in browser.open("/transform?status=Failed").words)
    shown = browser.open(f"/transform/{name}")
    assert "The archive cannot be unpacked" in shown.words
    assert f'href="/storage/{bucket}?prefix=out/"' in shown.text.replace("%2F", "/")
    assert f'href="/models/{name}"' in shown.text


def test_the_page_of_mlflow_teaches_and_a_server_that_cannot_be_had_is_refused_in_words(
    browser: Browser, role: str
) -> None:
    assert "mlflow.set_tracking_uri" in browser.open("/mlflow").words
    refused = browser.open("/mlflow", {"name": "tracks", "store": "https://elsewhere", "role": role})
    assert (refused.status, "ArtifactStoreUri" in refused.words) == (400, True)


def test_a_training_job_is_begun_by_a_form_and_refused_where_it_cannot_be_read(
    server: Server, browser: Browser, role: str, bucket: str
) -> None:
    name = f"formed-{uuid.uuid4().hex[:8]}"
    server.client("s3").put_object(Bucket=bucket, Key="formed/rows.csv", Body=b"no numbers\n")
    form = {
        "name": name,
        "role": role,
        "image": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
        "channels": f"train s3://{bucket}/formed/ text/csv",
        "hyperparameters": "predictor_type = regressor\nmini_batch_size = 10",
        "output": f"s3://{bucket}/models/",
        "type": "ml.m5.large",
        "minutes": "5",
    }
    for field, value, words in (
        ("channels", "train", "A channel is its name"),
        ("hyperparameters", "deep", "A hyperparameter is a name"),
        ("image", "none:1", "ValidationException"),
    ):
        refused = browser.open("/training", {**form, field: value})
        assert (refused.status, words in refused.words) == (400, True), refused.words
    assert browser.open("/training", form).headers["Location"].endswith(f"/training/{name}")
    described = server.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert described["HyperParameters"]["mini_batch_size"] == "10"
    assert described["InputDataConfig"][0]["ContentType"] == "text/csv"
    assert described["StoppingCondition"]["MaxRuntimeInSeconds"] == 300


def test_a_pipeline_is_started_with_the_parameters_of_its_form(server: Server, browser: Browser, role: str) -> None:
    sagemaker, name = server.client("sagemaker"), new_name()
    parameters = [
        {"Name": "Days", "Type": "Integer", "DefaultValue": 7},
        {"Name": "Kind", "Type": "String", "DefaultValue": "tree", "EnumValues": ["tree", "line"]},
        {"Name": "Why", "Type": "String"},
    ]
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.Why"}}}
    definition = json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": [step]})
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=role)
    assert "<option selected>tree</option>" in browser.open(f"/pipelines/{name}").text
    refused = browser.open(f"/pipelines/{name}/start", {"parameter:Days": "many", "parameter:Why": "rain"})
    assert (refused.status, "Days" in refused.words) == (400, True)
    given = {"parameter:Days": "7", "parameter:Kind": "line", "parameter:Why": "rain"}
    begun = browser.open(f"/pipelines/{name}/start", given).headers["Location"]
    until(lambda: "rain" in browser.open(begun).words)
    shown = browser.open(begun).words
    assert ("Kind line" in shown, "Days 7" in shown) == (True, True)


def test_a_stack_is_made_of_a_template_by_what_it_asks_for(server: Server, browser: Browser, bucket: str) -> None:
    name = new_name()
    template = {
        "Parameters": {"Word": {"Type": "String", "AllowedValues": ["one", "two"], "Default": "one"}},
        "Resources": {
            "Kept": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Word"}}}
        },
        "Outputs": {"Said": {"Value": {"Fn::GetAtt": ["Kept", "Value"]}}},
    }
    body = io.BytesIO(json.dumps(template).encode())
    server.client("s3").put_object(Bucket=bucket, Key="templates/kept.json", Body=body)
    assert "view=new&amp;template=" in browser.open(f"/storage/{bucket}/object?key=templates/kept.json").text
    refused = browser.open("/stacks", {"body": "Resources: 1"})
    assert (refused.status, "ValidationError" in refused.words) == (400, True)
    asked = browser.open("/stacks", {"url": f"s3://{bucket}/templates/kept.json", "body": ""})
    assert "<option selected>one</option><option>two</option>" in asked.text
    form = {"url": f"s3://{bucket}/templates/kept.json", "name": name, "parameter:Word": "two"}
    assert browser.open("/stacks", form).headers["Location"] == f"/stacks/{name}"
    until(lambda: "CREATE_COMPLETE" in browser.open(f"/stacks/{name}?tab=outputs").words)
    assert "Said two" in browser.open(f"/stacks/{name}?tab=outputs").words
    again = browser.open("/stacks", form)
    assert (again.status, "AlreadyExistsException" in again.words) == (400, True)
