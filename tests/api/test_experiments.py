"""Experiments of SageMaker, through boto3 and the SDK's Run."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

Client = Callable[..., Any]


def test_the_sdk_s_runs_are_logged_to_loaded_and_hold_the_jobs_trained_in_them(
    server: Server, role: str, plane: str, bucket: str
) -> None:
    script = Path(__file__).parent / "sdk_run.py"
    done = subprocess.run(
        [sys.executable, str(script), role, bucket],
        env=server.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert [line for line in done.stdout.splitlines() if ": " in line][-7:] == [
        "runs: ['first']",
        "parameters: {'depth': 3.0, 'kind': 'tree', 'late': 1.0}",
        "metric: ['loss', 3, 1.0, 3.0, 2.0, 2.0]",
        "state: Completed",
        "job: Completed SageMakerTrainingJob {'NumberValue': 1.0}",
        "job metrics: True",
        "artifact: True",
    ]


def test_components_belong_to_trials_and_what_is_used_is_not_deleted(client: Client) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_experiment(ExperimentName="exp", Description="d", Tags=[{"Key": "team", "Value": "air"}])
    sagemaker.create_trial(TrialName="trial", ExperimentName="exp")
    for name in ("one", "two"):
        sagemaker.create_trial_component(
            TrialComponentName=name, Parameters={"levels": {"NumberValue": 3 if name == "one" else 5}}
        )
    sagemaker.associate_trial_component(TrialComponentName="one", TrialName="trial")
    sagemaker.associate_trial_component(TrialComponentName="one", TrialName="trial")
    within = sagemaker.list_trial_components(ExperimentName="exp")["TrialComponentSummaries"]
    assert [each["TrialComponentName"] for each in within] == ["one"]
    deep = {"Filters": [{"Name": "Parameters.levels", "Operator": "GreaterThan", "Value": "3"}]}
    found = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=deep)["Results"]
    assert [each["TrialComponent"]["TrialComponentName"] for each in found] == ["two"]
    named = {"Filters": [{"Name": "TrialComponentName", "Operator": "In", "Value": "one, none"}]}
    [found] = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=named)["Results"]
    assert found["TrialComponent"]["Parents"] == [{"TrialName": "trial", "ExperimentName": "exp"}]
    tagged = {"Filters": [{"Name": "Tags.team", "Operator": "Equals", "Value": "air"}]}
    found = sagemaker.search(Resource="Experiment", SearchExpression=tagged)["Results"]
    assert [each["Experiment"]["Description"] for each in found] == ["d"]
    unknown = {"Filters": [{"Name": "Parents.Nobody", "Operator": "Exists"}]}
    with pytest.raises(
        ClientError, match=r"Parents\.Nobody is not a property of the resource ExperimentTrialComponent"
    ):
        sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=unknown)
    for delete, given, words in (
        (sagemaker.delete_experiment, {"ExperimentName": "exp"}, "it has the trial 'trial'"),
        (sagemaker.delete_trial, {"TrialName": "trial"}, "it has the trial component 'one'"),
        (sagemaker.delete_trial_component, {"TrialComponentName": "one"}, "it belongs to the trial 'trial'"),
    ):
        with pytest.raises(ClientError, match=words):
            delete(**given)
    sagemaker.disassociate_trial_component(TrialComponentName="one", TrialName="trial")
    sagemaker.delete_trial_component(TrialComponentName="one")
    sagemaker.delete_trial(TrialName="trial")
    sagemaker.delete_experiment(ExperimentName="exp")
    with pytest.raises(ClientError, match="Experiment 'arn:.*' does not exist") as gone:
        sagemaker.describe_experiment(ExperimentName="exp")
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_metrics_are_put_and_got_by_step_and_period(client: Client) -> None:
    sagemaker, metrics = client("sagemaker"), client("sagemaker-metrics")
    arn = sagemaker.create_trial_component(TrialComponentName="measured")["TrialComponentArn"]
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    data = [{"MetricName": "loss", "Timestamp": moment, "Step": step % 2, "Value": float(step)} for step in range(4)]
    assert metrics.batch_put_metrics(TrialComponentName="measured", MetricData=data).get("Errors", []) == []
    query = {"MetricName": "loss", "ResourceArn": arn, "MetricStat": "Avg"}
    found = metrics.batch_get_metrics(
        MetricQueries=[
            {**query, "Period": "IterationNumber", "XAxisType": "IterationNumber"},
            {**query, "Period": "OneHour", "XAxisType": "Timestamp", "MetricStat": "Last"},
        ]
    )["MetricQueryResults"]
    assert [(each["XAxisValues"], each["MetricValues"]) for each in found] == [
        ([0, 1], [1.0, 2.0]),
        ([int(moment.timestamp())], [3.0]),
    ]
    with pytest.raises(ClientError) as missing:
        metrics.batch_put_metrics(TrialComponentName="nope", MetricData=data)
    assert missing.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_job_of_an_experiment_that_is_not_there_is_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="Experiment 'arn:.*' does not exist"):
        client("sagemaker").create_processing_job(
            ProcessingJobName="nowhere",
            ExperimentConfig={"ExperimentName": "nowhere"},
            AppSpecification={"ImageUri": "i"},
            ProcessingResources={
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            RoleArn="arn:aws:iam::000000000000:role/nobody",
        )
