"""Pipelines of SageMaker, through boto3 and the SageMaker SDK."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.lambda_functions import create
from tests.api.machine_learning import lasting, limited_role, training_job
from tests.conftest import Server
from tests.waiting import hasty, until

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return hasty(client("sagemaker"))


def step(name: str, role: str, bucket: str, **more: Any) -> dict[str, Any]:
    arguments = training_job("", role, bucket, **more)
    del arguments["TrainingJobName"]
    return {"Name": name, "Type": "Training", "Arguments": arguments}


def fail(name: str = "Fail") -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": {"Get": "Parameters.words"}}}


def definition(*steps: Any) -> str:
    parameters = [{"Name": "words", "Type": "String", "DefaultValue": "no", "EnumValues": ["no", "never"]}]
    return json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": steps})


def test_the_sdk_s_pipeline_prepares_trains_decides_and_makes_a_model(server: Server, role: str, bucket: str) -> None:
    script = Path(__file__).parent / "sdk_pipeline.py"
    done = subprocess.run(
        [sys.executable, str(script), role, bucket],
        env=server.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert [line for line in done.stdout.splitlines() if ": " in line][-8:] == [
        "status: Succeeded",
        "steps: ['Decide', 'Make-CreateModel', 'Prepare', 'Train'] {'Succeeded'}",
        "model: True",
        "trial: ['Prepare', 'Train'] {'Completed'}",
        "failed: Step failure: One or multiple steps failed.",
        "cached: ['Prepare', 'Train']",
        "reason: More rows than 10.0",
        'parameters: {"MostRows": "10", "Prefix": "models"}',
    ]


def test_a_stopped_execution_stops_its_job_and_can_be_gone_on_with(
    client: Client, sagemaker: Any, role: str, bucket: str
) -> None:
    endless = step("Train", role, bucket, **lasting(client("s3"), bucket))
    sagemaker.create_pipeline(PipelineName="stopped", PipelineDefinition=definition(endless), RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName="stopped")["PipelineExecutionArn"]

    def only() -> dict[str, Any] | None:
        steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        return steps[0] if steps and steps[0]["Metadata"] else None

    job = until(only)["Metadata"]["TrainingJob"]["Arn"]
    with pytest.raises(ClientError, match="stop them before"):
        sagemaker.delete_pipeline(PipelineName="stopped")
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Stopped"
    )
    described = sagemaker.describe_training_job(TrainingJobName=job.rpartition("/")[2])
    assert described["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="has ended") as refused:
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    again = until(lambda: found if (found := only()) and found["Metadata"]["TrainingJob"]["Arn"] != job else None)
    assert again["StepStatus"] == "Executing"
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Stopped"
    )
    sagemaker.delete_pipeline(PipelineName="stopped")
    with pytest.raises(ClientError, match="does not exist") as gone:
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_pipelines_are_listed_versioned_and_run_by_the_version_that_is_asked_for(sagemaker: Any, role: str) -> None:
    tags = [{"Key": "team", "Value": "air"}]
    made = {"PipelineName": "versions", "RoleArn": role, "ClientRequestToken": "t" * 32, "Tags": tags}
    first = sagemaker.create_pipeline(PipelineDefinition=definition(fail("First")), **made)
    again = sagemaker.create_pipeline(PipelineDefinition=definition(fail("First")), **made)
    assert again["PipelineArn"] == first["PipelineArn"]
    assert sagemaker.list_tags(ResourceArn=first["PipelineArn"])["Tags"] == tags
    with pytest.raises(ClientError, match=r"Pipeline with name \(versions\) already exists") as refused:
        sagemaker.create_pipeline(PipelineName="versions", PipelineDefinition=definition(fail()), RoleArn=role)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    second = sagemaker.update_pipeline(PipelineName="versions", PipelineDefinition=definition(fail("Second")))
    assert second["PipelineVersionId"] == 2
    versions = sagemaker.list_pipeline_versions(PipelineName="versions")["PipelineVersionSummaries"]
    assert [each["PipelineVersionId"] for each in versions] == [2, 1]
    token = {"PipelineName": first["PipelineArn"], "ClientRequestToken": "s" * 32, "PipelineVersionId": 1}
    arns = {
        sagemaker.start_pipeline_execution(
            PipelineParameters=[{"Name": "words", "Value": "never"}], PipelineExecutionDisplayName="one", **token
        )["PipelineExecutionArn"]
        for _ in range(2)
    }
    assert len(arns) == 1
    arn = arns.pop()
    execution = until(
        lambda: (
            found
            if (found := sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))["PipelineExecutionStatus"]
            == "Failed"
            else None
        )
    )
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert [(each["StepName"], each["FailureReason"]) for each in steps] == [("First", "never")]
    ran = json.loads(
        sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    )
    assert ran["Steps"][0]["Name"] == "First"
    listed = sagemaker.list_pipeline_executions(PipelineName="versions")["PipelineExecutionSummaries"]
    assert [each["PipelineExecutionDisplayName"] for each in listed] == ["one"]
    found = sagemaker.list_pipelines(PipelineNamePrefix="vers")["PipelineSummaries"]
    assert [each["PipelineName"] for each in found] == ["versions"]
    tagged = sagemaker.search(
        Resource="Pipeline", SearchExpression={"Filters": [{"Name": "Tags.team", "Value": "air"}]}
    )
    assert [each["Pipeline"]["PipelineName"] for each in tagged["Results"]] == ["versions"]
    never = sagemaker.search(
        Resource="PipelineExecution",
        SearchExpression={"Filters": [{"Name": "PipelineParameters.Value", "Value": "never"}]},
    )
    assert [each["PipelineExecution"]["PipelineExecutionArn"] for each in never["Results"]] == [arn]


def test_only_what_is_selected_runs_with_the_results_of_an_earlier_execution(
    sagemaker: Any, role: str, bucket: str
) -> None:
    condition = {"Type": "Equals", "LeftValue": {"Get": "Steps.Decide.Outcome"}, "RightValue": "True"}
    always = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}

    def decide(name: str, asked: Any, *steps: Any) -> dict[str, Any]:
        return {"Name": name, "Type": "Condition", "Arguments": {"Conditions": [asked], "IfSteps": steps}}

    text = definition(decide("Decide", always), decide("Again", condition), decide("Last", always))
    sagemaker.create_pipeline(PipelineName="selected", PipelineDefinition=text, RoleArn=role)

    def run(**more: Any) -> list[tuple[str, bool]]:
        arn = sagemaker.start_pipeline_execution(PipelineName="selected", **more)["PipelineExecutionArn"]
        until(
            lambda: (
                sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
                == "Succeeded"
            )
        )
        run.arn = arn  # type: ignore[attr-defined]
        steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
        return [(each["StepName"], "SelectiveExecutionResult" in each) for each in steps["PipelineExecutionSteps"]]

    assert run() == [("Decide", False), ("Last", False), ("Again", False)]
    chosen = {"SelectedSteps": [{"StepName": "Again"}], "SourcePipelineExecutionArn": run.arn}  # type: ignore[attr-defined]
    assert run(SelectiveExecutionConfig=chosen) == [("Decide", True), ("Last", True), ("Again", False)]
    with pytest.raises(ClientError, match="needs results of Decide"):
        sagemaker.start_pipeline_execution(
            PipelineName="selected", SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Again"}]}
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ProcessingJob": {}}, "Unknown Argument member 'ProcessingJob'"),
        ({"ResourceConfig": []}, "Expecting start of Json Object"),
        ({"InputDataConfig": {"Get": "Parameters.words"}}, "Cannot assign property reference"),
        ({"RoleArn": 1}, "must be of type String"),
    ],
)
def test_arguments_that_a_job_would_not_take_are_refused_with_the_definition(
    sagemaker: Any, role: str, bucket: str, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=f"Unable to parse pipeline definition. .*{words}") as refused:
        sagemaker.create_pipeline(
            PipelineName="refused", PipelineDefinition=definition(step("Train", role, bucket, **change)), RoleArn=role
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_steps_call_as_the_role_of_the_pipeline_and_say_what_it_may_not(
    client: Client, sagemaker: Any, role: str, bucket: str
) -> None:
    statement = {"Effect": "Allow", "Action": ["sagemaker:CreateExperiment", "sagemaker:CreateTrial"], "Resource": "*"}
    limited = limited_role(client("iam"), statement)
    text = definition(step("Train", role, bucket))
    sagemaker.create_pipeline(PipelineName="limited", PipelineDefinition=text, RoleArn=limited)
    arn = sagemaker.start_pipeline_execution(PipelineName="limited")["PipelineExecutionArn"]
    until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Failed"
    )
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert "not authorized to perform: sagemaker:CreateTrainingJob" in steps[0]["FailureReason"]


def test_a_lambda_step_is_given_values_of_others_and_gives_them_its_outputs(
    client: Client, sagemaker: Any, role: str
) -> None:
    name = create(client("lambda"), role, "def handler(event, context): return {'twice': 2 * event['n']}")
    arn = client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]

    def double(step: str, n: Any) -> dict[str, Any]:
        outputs = [{"OutputName": "twice", "OutputType": "Integer"}]
        given = {"Name": step, "Type": "Lambda", "FunctionArn": arn, "OutputParameters": outputs}
        return {**given, "Arguments": {"n": n}}

    text = definition(double("One", 3), double("Two", {"Get": "Steps.One.OutputParameters['twice']"}))
    sagemaker.create_pipeline(PipelineName="doubling", PipelineDefinition=text, RoleArn=role)
    execution = {
        "PipelineExecutionArn": sagemaker.start_pipeline_execution(PipelineName="doubling")["PipelineExecutionArn"]
    }
    until(
        lambda: sagemaker.describe_pipeline_execution(**execution)["PipelineExecutionStatus"] in ("Succeeded", "Failed")
    )
    steps = sagemaker.list_pipeline_execution_steps(**execution)["PipelineExecutionSteps"]
    told = [each["Metadata"]["Lambda"]["OutputParameters"][0]["Value"] for each in steps]
    assert told == ["12", "6"]


def test_a_callback_step_is_answered_by_who_receives_its_message(client: Client, sagemaker: Any, role: str) -> None:
    sqs = client("sqs")
    queue = sqs.create_queue(QueueName="callbacks")["QueueUrl"]
    outputs = [{"OutputName": "rows", "OutputType": "Integer"}]
    ask = {"Name": "Ask", "Type": "Callback", "SqsQueueUrl": queue, "OutputParameters": outputs}
    many = {"Type": "GreaterThan", "LeftValue": {"Get": "Steps.Ask.OutputParameters['rows']"}, "RightValue": 5}
    decide = {"Name": "Decide", "Type": "Condition", "Arguments": {"Conditions": [many]}}
    text = definition({**ask, "Arguments": {"words": {"Get": "Parameters.words"}}}, decide)
    sagemaker.create_pipeline(PipelineName="asking", PipelineDefinition=text, RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName="asking")["PipelineExecutionArn"]
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    asked = json.loads(message["Body"])
    assert (asked["pipelineExecutionArn"], asked["arguments"]) == (arn, {"words": "no"})
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.send_pipeline_execution_step_success(CallbackToken="0123456789")
    answer = {"CallbackToken": asked["token"], "OutputParameters": [{"Name": "rows", "Value": "6"}]}
    assert sagemaker.send_pipeline_execution_step_success(**answer)["PipelineExecutionArn"] == arn
    with pytest.raises(sagemaker.exceptions.ClientError, match="has its answer"):
        sagemaker.send_pipeline_execution_step_failure(CallbackToken=asked["token"], FailureReason="no")
    until(
        lambda: (
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Succeeded"
        )
    )
    steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
    assert {each["StepName"]: each["Metadata"] for each in steps} == {
        "Ask": {
            "Callback": {
                "CallbackToken": asked["token"],
                "SqsQueueUrl": queue,
                "OutputParameters": [{"Name": "rows", "Value": "6"}],
            }
        },
        "Decide": {"Condition": {"Outcome": "True"}},
    }
