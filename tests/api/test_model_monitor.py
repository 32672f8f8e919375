"""Model Monitor: baselines, schedules that run as processing jobs over captured calls, and what they find."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

Client = Callable[..., Any]

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ONE = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}


@pytest.fixture(scope="module")
def sagemaker(client: Client) -> Any:
    return client("sagemaker")


def test_the_sdk_finds_drifted_data_and_a_model_that_got_worse_of_calls_and_of_transform_jobs(
    server: Server, role: str, plane: str, bucket: str
) -> None:
    script = Path(__file__).parent / "sdk_monitor.py"
    done = subprocess.run(
        [sys.executable, str(script), role, bucket, plane],
        env=server.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    assert [line for line in done.stdout.splitlines() if ": " in line][-15:] == [
        "baseline: [('y', 'Fractional'), ('a', 'Integral'), ('b', 'Integral')]",
        "execution: CompletedWithViolations None DataQuality",
        "job: CompletedWithViolations: Job completed successfully with 2 violations.",
        "violations: [('b', 'baseline_drift_check'), ('y', 'baseline_drift_check')]",
        "alert: default InAlert ['InAlert', 'OK']",
        "quality: CompletedWithViolations None [('mae', 'GreaterThanThreshold'), ('mse', 'GreaterThanThreshold'), "
        "('r2', 'LessThanThreshold'), ('rmse', 'GreaterThanThreshold')]",
        "drift: 0.873",
        "kept: 1",
        "answers: 400 3 400",
        "captured: ['rows.csv']",
        "captured: ['rows.csv.out']",
        "of transforms: CompletedWithViolations None",
        "data: ['missing_column_check']",
        "of transforms: CompletedWithViolations None",
        "quality: ['mae'] 100",
    ]


def asked(role: str, bucket: str, endpoint: str = "none", **changes: Any) -> dict[str, Any]:
    """The request of a data quality job definition."""
    target = {"S3Uri": f"s3://{bucket}/reports", "LocalPath": "/opt/ml/processing/output"}
    given = {"EndpointInput": {"EndpointName": endpoint, "LocalPath": "/opt/ml/processing/input"}}
    return {
        "JobDefinitionName": f"definition-{uuid.uuid4().hex[:8]}",
        "DataQualityAppSpecification": {"ImageUri": ANALYZER},
        "DataQualityJobInput": given,
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": target}]},
        "JobResources": {"ClusterConfig": ONE},
        "RoleArn": role,
        **changes,
    }


def test_what_could_never_run_is_refused_when_it_is_asked_for(sagemaker: Any, role: str, bucket: str) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.create_data_quality_job_definition(**asked(role, bucket))
    batch = {"DataCapturedDestinationS3Uri": "s3://nowhere/x", "DatasetFormat": {"Csv": {}}, "LocalPath": "/opt/ml/x"}
    with pytest.raises(ClientError, match="The bucket 'nowhere' of 's3://nowhere/x' cannot be found"):
        sagemaker.create_data_quality_job_definition(
            **asked(role, bucket, DataQualityJobInput={"BatchTransformInput": batch})
        )
    config = {"MonitoringJobDefinitionName": "none", "MonitoringType": "ModelBias"}
    with pytest.raises(ClientError, match="MonitoringType ModelBias is not supported by Studiolo"):
        sagemaker.create_monitoring_schedule(MonitoringScheduleName="biased", MonitoringScheduleConfig=config)
    config = {"MonitoringJobDefinitionName": "none", "MonitoringType": "DataQuality"}
    with pytest.raises(ClientError) as refused:
        sagemaker.create_monitoring_schedule(MonitoringScheduleName="empty", MonitoringScheduleConfig=config)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError) as refused:
        sagemaker.describe_monitoring_schedule(MonitoringScheduleName="none")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
