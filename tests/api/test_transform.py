"""Batch transform, through boto3."""

import gzip
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.machine_learning import LINEAR_LEARNER
from tests.waiting import hasty, until

OVER = ("Completed", "Failed", "Stopped")


class Transforms:
    """Transform jobs over what a test puts into its own prefix."""

    def __init__(self, client: Callable[..., Any], role: str, bucket: str, plane: str) -> None:
        self.s3, self.logs, self.sagemaker = client("s3"), client("logs"), hasty(client("sagemaker"))
        self.bucket = bucket
        self.model = f"plane-{uuid.uuid4().hex[:8]}"
        container = {"Image": LINEAR_LEARNER, "ModelDataUrl": plane}
        self.sagemaker.create_model(ModelName=self.model, PrimaryContainer=container, ExecutionRoleArn=role)

    def start(
        self,
        objects: dict[str, bytes],
        given: dict[str, Any] | None = None,
        taken: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        name = f"transform-{uuid.uuid4().hex[:8]}"
        for key, body in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"in/{name}/{key}", Body=body)
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/in/{name}/"}
        self.sagemaker.create_transform_job(
            **{
                "TransformJobName": name,
                "ModelName": self.model,
                "TransformInput": {
                    "DataSource": {"S3DataSource": source},
                    "ContentType": "text/csv",
                    "SplitType": "Line",
                    **(given or {}),
                },
                "TransformOutput": {"S3OutputPath": f"s3://{self.bucket}/out/{name}", **(taken or {})},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
                **more,
            }
        )
        return name

    def ended(self, name: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] in OVER else None

        return until(over)

    def run(self, *arguments: Any, **more: Any) -> dict[str, bytes]:
        """What a job that completes wrote, by name."""
        name = self.start(*arguments, **more)
        job = self.ended(name)
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        return self.written(name)

    def written(self, name: str) -> dict[str, bytes]:
        prefix = f"out/{name}/"
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {
            each["Key"].removeprefix(prefix): self.s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read()
            for each in found
        }


@pytest.fixture(scope="module")
def transforms(client: Callable[..., Any], role: str, bucket: str, plane: str) -> Transforms:
    return Transforms(client, role, bucket, plane)


CSV = {"Accept": "text/csv", "AssembleWith": "Line"}


def test_each_object_has_its_answers_in_order(transforms: Transforms) -> None:
    objects = {
        f"{part}/{n}.csv": b"".join(b"%d,%d\n" % (n, row) for row in range(50)) for part, n in (("a", 1), ("b", 2))
    }
    written = transforms.run(
        objects,
        None,
        CSV,
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=4,
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 2},
    )
    assert set(written) == {"a/1.csv.out", "b/2.csv.out"}
    for n, name in ((1, "a/1.csv.out"), (2, "b/2.csv.out")):
        values = [float(line) for line in written[name].split()]
        assert values == pytest.approx([3 * n - 2 * row + 1 for row in range(50)], abs=1e-2)


def test_a_part_of_each_row_is_asked_and_what_is_asked_for_is_joined(transforms: Transforms) -> None:
    rows = b'7,"a, b",2,1\n8,c,0,0\n'
    processing = {"InputFilter": "$[2:]", "JoinSource": "Input", "OutputFilter": "$[0,1,-1]"}
    packed = {"rows.csv.gz": gzip.compress(rows)}
    [written] = transforms.run(packed, {"CompressionType": "Gzip"}, CSV, DataProcessing=processing).values()
    first, second = written.decode().splitlines()
    assert first.startswith('7,"a, b",')
    assert float(first.rpartition(",")[2]) == pytest.approx(5, abs=1e-2)
    assert second.startswith("8,c,")


def test_json_lines_are_joined_with_what_the_model_says_of_them(transforms: Transforms) -> None:
    lines = b"".join(json.dumps({"id": n, "features": [n, 1]}).encode() + b"\n" for n in range(3))
    [written] = transforms.run(
        {"rows.jsonl": lines},
        {"ContentType": "application/jsonlines"},
        {"Accept": "application/jsonlines", "AssembleWith": "Line"},
        DataProcessing={
            "InputFilter": "$.features",
            "JoinSource": "Input",
            "OutputFilter": "$['id','SageMakerOutput']",
        },
    ).values()
    found = [json.loads(line) for line in written.splitlines()]
    assert [each["id"] for each in found] == [0, 1, 2]
    assert [each["SageMakerOutput"]["score"] for each in found] == pytest.approx([-1, 2, 5], abs=1e-2)


def test_a_bad_object_fails_the_job_and_leaves_the_others_their_answers(transforms: Transforms) -> None:
    name = transforms.start({"bad.csv": b"no,numbers\n", "good.csv": b"2,1\n"}, None, CSV)
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: See job logs for more information")
    assert f"in/{name}/bad.csv: Bad HTTP status received from algorithm: 400" in job["FailureReason"]
    assert set(transforms.written(name)) == {"good.csv.out"}
    group = "/aws/sagemaker/TransformJobs"
    streams = transforms.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    assert names == [names[0], f"{names[0]}/data-log"]
    events = transforms.logs.get_log_events(logGroupName=group, logStreamName=names[1])["events"]
    assert any("bad.csv: Bad HTTP status" in event["message"] for event in events)


def test_a_record_beyond_the_payload_fails_by_name(transforms: Transforms) -> None:
    name = transforms.start({"long.csv": b"1" * (1 << 20) + b",2\n"}, None, CSV, MaxPayloadInMB=1)
    assert "larger than the 1 MiB that MaxPayloadInMB allows" in transforms.ended(name)["FailureReason"]


def test_a_job_that_waits_or_runs_can_be_stopped_and_is_listed(transforms: Transforms) -> None:
    name = transforms.start({"rows.csv": b"1,2\n" * 200_000}, None, CSV, BatchStrategy="SingleRecord")
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Stopped"
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert transforms.written(name) == {}
    listed = transforms.sagemaker.list_transform_jobs(NameContains=name, StatusEquals="Stopped")
    assert [each["TransformJobName"] for each in listed["TransformJobSummaries"]] == [name]
    with pytest.raises(ClientError, match="transform job is in status Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName=name)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ModelName": "nowhere"}, "Could not find model"),
        ({"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3}, "must not exceed 100 MB"),
        ({"DataProcessing": {"InputFilter": "$..a"}}, "operator that batch transform does not know"),
        ({"DataProcessing": {"OutputFilter": "a.b"}}, "is not a JSONPath that starts at"),
        (
            {"given": {"SplitType": "RecordIO"}, "DataProcessing": {"JoinSource": "Input"}},
            "records of SplitType RecordIO",
        ),
        ({"given": {"ContentType": "image/png"}, "DataProcessing": {"JoinSource": "Input"}}, "not 'image/png'"),
    ],
)
def test_a_transform_that_cannot_be_is_refused_when_it_is_made(
    transforms: Transforms, changes: dict[str, Any], words: str
) -> None:
    asked = dict(changes)
    with pytest.raises(ClientError, match=words):
        transforms.start({"a.csv": b"1,2\n"}, asked.pop("given", None), CSV, **asked)
