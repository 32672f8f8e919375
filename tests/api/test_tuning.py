"""Hyperparameter tuning jobs, through boto3 and the SageMaker SDK."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.machine_learning import ROWS, lasting, tuning_job
from tests.conftest import Server
from tests.waiting import hasty, until

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return hasty(client("sagemaker"))


@pytest.fixture(scope="module")
def data(client: Client, bucket: str) -> str:
    client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    return bucket


def test_the_sdk_tunes_and_finds_the_best_job(server: Server, role: str, data: str) -> None:
    script = Path(__file__).parent / "sdk_tuner.py"
    done = subprocess.run(
        [sys.executable, str(script), role, data], env=server.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    said = [line for line in done.stdout.splitlines() if ": " in line]
    assert said[-5:] == [
        "trials: 3 ['FinalObjectiveValue'] True",
        "best is least: True",
        "estimator: True",
        "attached: validation:objective_loss 3",
        "of: sdk-tuning validation:objective_loss",
    ]


def test_a_stopped_tuning_job_stops_its_trials(client: Client, sagemaker: Any, role: str, data: str) -> None:
    asked = tuning_job("stopped", role, data)
    changes = lasting(client("s3"), data)
    asked["TrainingJobDefinition"]["StaticHyperParameters"] = changes["HyperParameters"]
    asked["TrainingJobDefinition"]["InputDataConfig"] = changes["InputDataConfig"]
    sagemaker.create_hyper_parameter_tuning_job(**asked)

    def described() -> dict[str, Any]:
        found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")
        return found

    until(lambda: described()["TrainingJobStatusCounters"]["InProgress"] == 2)
    sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")
    done = until(lambda: job if (job := described())["HyperParameterTuningJobStatus"] == "Stopped" else None)
    assert done["TrainingJobStatusCounters"]["Stopped"] == 2
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName="stopped", PaginationConfig={"PageSize": 1}
    )
    assert [len(page["TrainingJobSummaries"]) for page in pages] == [1, 1]
    # The order by the objective lists those alone that came to one.
    by_value = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="stopped", SortBy="FinalObjectiveMetricValue", SortOrder="Descending"
    )["TrainingJobSummaries"]
    found = [each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for each in by_value]
    assert found == sorted(found, reverse=True)
    sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="can't find a tuning job called stopped"):
        described()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "nope"}}, "is not one that"),
        ({"ParameterRanges": {}}, "at least one hyperparameter range"),
        ({"ResourceLimits": {"MaxParallelTrainingJobs": 1}}, "MaxNumberOfTrainingJobs"),
        ({"Strategy": "Hyperband"}, "MaxResource"),
        ({"Strategy": "Grid"}, "categorical"),
        (
            {"ParameterRanges": {"IntegerParameterRanges": [{"Name": "epochs", "MinValue": "1", "MaxValue": "2"}]}},
            "both static and tuned",
        ),
    ],
)
def test_what_cannot_be_tuned_is_refused_and_leaves_nothing(
    sagemaker: Any, role: str, data: str, config: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words) as refused:
        sagemaker.create_hyper_parameter_tuning_job(**tuning_job("refused", role, data, **config))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    found = sagemaker.list_hyper_parameter_tuning_jobs(NameContains="refused")
    assert found["HyperParameterTuningJobSummaries"] == []
