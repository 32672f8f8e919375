"""Jobs that run a program of the test's own: what they are asked with, what they say, what they leave."""

import io
import tarfile
import uuid
from collections.abc import Callable
from typing import Any

from tests.api.machine_learning import LINEAR_LEARNER
from tests.waiting import hasty, until

OVER = ("Completed", "Failed", "Stopped")
ONE = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}


def channel(name: str, uri: str, source: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    place = {"S3DataType": "S3Prefix", "S3Uri": uri, **(source or {})}
    return {"ChannelName": name, "DataSource": {"S3DataSource": place}, **more}


class Programs:
    """Training and processing jobs whose program is a Python script, on Studiolo's own interpreter."""

    def __init__(self, client: Callable[..., Any], role: str, bucket: str) -> None:
        self.s3, self.logs, self.sagemaker = client("s3"), client("logs"), hasty(client("sagemaker"))
        self.role, self.bucket = role, bucket

    def train(self, code: str, channels: list[dict[str, Any]] | None = None, **changes: Any) -> str:
        """Start a training job, with changes to its request; its name."""
        name = f"job-{uuid.uuid4().hex[:8]}"
        self.put(f"code/{name}/train.py", code)
        self.sagemaker.create_training_job(
            **{
                "TrainingJobName": name,
                "RoleArn": self.role,
                "AlgorithmSpecification": {
                    "TrainingImage": LINEAR_LEARNER,
                    "TrainingInputMode": "File",
                    "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/train.py"],
                },
                "InputDataConfig": [channel("code", f"s3://{self.bucket}/code/{name}/"), *(channels or [])],
                "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
                "ResourceConfig": ONE,
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
                **changes,
            }
        )
        return name

    def process(
        self,
        code: str,
        inputs: list[dict[str, Any]] | None = None,
        outputs: list[dict[str, Any]] | None = None,
        **changes: Any,
    ) -> str:
        """Start a processing job, with changes to its request; its name."""
        name = f"job-{uuid.uuid4().hex[:8]}"
        self.put(f"code/{name}/process.py", code)
        script = self.given("code", f"s3://{self.bucket}/code/{name}/")
        self.sagemaker.create_processing_job(
            **{
                "ProcessingJobName": name,
                "RoleArn": self.role,
                "AppSpecification": {
                    "ImageUri": LINEAR_LEARNER,
                    "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/process.py"],
                },
                "ProcessingInputs": [script, *(inputs or [])],
                "ProcessingOutputConfig": {"Outputs": outputs or []},
                "ProcessingResources": {"ClusterConfig": ONE},
                **changes,
            }
        )
        return name

    def given(self, name: str, uri: str, **more: Any) -> dict[str, Any]:
        """An input of a processing job."""
        path = f"/opt/ml/processing/{name}"
        source = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File", **more}
        return {"InputName": name, "S3Input": source}

    def taken(self, name: str, mode: str = "EndOfJob") -> dict[str, Any]:
        """An output of a processing job."""
        uri = f"s3://{self.bucket}/taken/{name}-{uuid.uuid4().hex[:8]}"
        target = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{name}", "S3UploadMode": mode}
        return {"OutputName": name, "S3Output": target}

    def trained(self, name: str) -> dict[str, Any]:
        """The training job, once it is over."""
        return until(lambda: _over(self.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus"))

    def processed(self, name: str) -> dict[str, Any]:
        """The processing job, once it is over."""
        return until(
            lambda: _over(self.sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")
        )

    def said(self, name: str, kind: str = "Training", host: str = "algo-1") -> list[str]:
        """What the program of a job on that host has printed so far."""
        group = f"/aws/sagemaker/{kind}Jobs"
        found = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/{host}-")["logStreams"]
        if not found:
            return []
        stream = found[0]["logStreamName"]
        events = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
        return [event["message"] for event in events]

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def left(self, uri: str) -> dict[str, bytes]:
        """The objects under a URI, by their names below it."""
        prefix = uri.removeprefix(f"s3://{self.bucket}/")
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {
            each["Key"].removeprefix(prefix).lstrip("/"): self.s3.get_object(Bucket=self.bucket, Key=each["Key"])[
                "Body"
            ].read()
            for each in found
        }

    def model(self, job: dict[str, Any]) -> list[str]:
        """The names of what is in a training job's model."""
        [archive] = self.left(job["ModelArtifacts"]["S3ModelArtifacts"]).values()
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            return tar.getnames()


def _over(job: dict[str, Any], status: str) -> dict[str, Any] | None:
    return job if job[status] in OVER else None


def statuses(job: dict[str, Any]) -> list[str]:
    """The secondary statuses that a training job has had."""
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
