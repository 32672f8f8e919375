"""Notebooks as jobs: the program of Studio's images, as the SDK's NotebookJobStep asks for it."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from tests.conftest import REGION
from tests.waiting import until

IMAGE = f"885854791233.dkr.ecr.{REGION}.amazonaws.com/sagemaker-distribution-prod:3.2.0-cpu"
CHANNEL = "sagemaker_headless_execution_pipelinestep"


@pytest.fixture(scope="module")
def run(client: Callable[..., Any], role: str, bucket: str) -> Callable[..., tuple[dict[str, Any], Any]]:
    """Runs cells as a job: the job, and the notebook that came of it."""
    sagemaker, s3 = client("sagemaker"), client("s3")

    def run(*cells: str, **parameters: str) -> tuple[dict[str, Any], Any]:
        name = f"notebook-{uuid.uuid4().hex[:8]}"
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        book.cells[0].metadata["tags"] = ["parameters"]
        s3.put_object(Bucket=bucket, Key=f"{name}/in/story.ipynb", Body=nbformat.writes(book))
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/in/"}
        sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=role,
            AlgorithmSpecification={
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
            },
            HyperParameters=parameters,
            InputDataConfig=[{"ChannelName": CHANNEL, "DataSource": {"S3DataSource": source}}],
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{name}/out", "CompressionType": "NONE"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
            Environment={
                "SM_EXECUTION_INPUT_PATH": f"/opt/ml/input/data/{CHANNEL}",
                "SM_KERNEL_NAME": "python3",
                "SM_INPUT_NOTEBOOK_NAME": "story.ipynb",
                "SM_OUTPUT_NOTEBOOK_NAME": f"{name}.ipynb",
            },
        )
        until(lambda: sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] != "InProgress")
        key = f"{name}/out/{name}/output/data/{name}.ipynb"
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return sagemaker.describe_training_job(TrainingJobName=name), nbformat.reads(body, as_version=4)

    return run


def test_a_notebook_runs_with_its_parameters_as_the_job_s_role_and_comes_back_with_its_outputs(run: Any) -> None:
    whose = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    job, book = run("count, city = 1, 'Rome'", "print(count + 1, city)", whose, count="41", city="Urbino")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    said = [output["text"] for cell in book.cells for output in cell.get("outputs", [])]
    assert said[0] == "42 Urbino\n"
    assert "assumed-role/role-" in said[1]


def test_a_notebook_that_fails_fails_its_job_in_its_words_and_shows_how_far_it_came(run: Any) -> None:
    job, book = run("print('began')", "1 / 0")
    assert job["TrainingJobStatus"] == "Failed"
    assert "ZeroDivisionError" in job["FailureReason"]
    assert "began" in json.dumps(book.cells)
