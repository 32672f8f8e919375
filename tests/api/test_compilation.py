"""Compilation jobs: what is refused at once; and models compiled, and served as their originals are."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn
from botocore.exceptions import ClientError
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from tests.api.machine_learning import ROWS
from tests.conftest import REGION, Server
from tests.waiting import until

VERSION = ".".join(sklearn.__version__.split(".")[:2])


def compilation_job(name: str, role: str, bucket: str, **changes: Any) -> dict[str, Any]:
    """The CreateCompilationJob request of a model of scikit-learn at s3://<bucket>/iris.tar.gz."""
    given = {"S3Uri": f"s3://{bucket}/iris.tar.gz", "Framework": "SKLEARN", "FrameworkVersion": VERSION}
    return {
        "CompilationJobName": name,
        "RoleArn": role,
        "InputConfig": {**given, **changes.pop("InputConfig", {})},
        "OutputConfig": {"S3OutputLocation": f"s3://{bucket}/compiled/", "TargetDevice": "ml_c5"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
        **changes,
    }


@pytest.fixture(scope="module")
def iris(server: Server, bucket: str) -> Any:
    """A forest that knows flowers by their names, and lies at s3://<bucket>/iris.tar.gz."""
    rows, labels = load_iris(return_X_y=True)
    forest = RandomForestClassifier(50, random_state=0).fit(rows, load_iris().target_names[labels])
    model, archive = io.BytesIO(), io.BytesIO()
    joblib.dump(forest, model)
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.joblib")
        member.size = len(model.getvalue())
        tar.addfile(member, io.BytesIO(model.getvalue()))
    server.client("s3").put_object(Bucket=bucket, Key="iris.tar.gz", Body=archive.getvalue())
    return forest


def test_what_cannot_be_compiled_is_refused_before_there_is_a_job(
    client: Callable[..., Any], role: str, bucket: str, iris: Any
) -> None:
    sagemaker = client("sagemaker")
    output = {"S3OutputLocation": f"s3://{bucket}/compiled"}
    refused = {
        "jetson_nano": {"OutputConfig": {**output, "TargetDevice": "jetson_nano"}},
        "MXNET": {"InputConfig": {"Framework": "MXNET"}},
        "not valid JSON": {"InputConfig": {"DataInputConfig": "{'data'"}},
        "float16": {"OutputConfig": {**output, "TargetDevice": "ml_c5", "CompilerOptions": '{"dtype": "float16"}'}},
        "Could not find model data": {"InputConfig": {"S3Uri": f"s3://{bucket}/gone.tar.gz"}},
        "cannot be found": {"OutputConfig": {"S3OutputLocation": "s3://gone-bucket/x", "TargetDevice": "ml_c5"}},
        "ModelPackageVersionArn": {
            "ModelPackageVersionArn": "arn:aws:sagemaker:eu-west-1:123456789012:model-package/p/1"
        },
    }
    for words, changes in refused.items():
        with pytest.raises(ClientError, match=f"ValidationException.*{words}"):
            sagemaker.create_compilation_job(**compilation_job("refused", role, bucket, **changes))
    for operation in ("describe", "stop", "delete"):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="refused"):
            getattr(sagemaker, f"{operation}_compilation_job")(CompilationJobName="refused")
    assert sagemaker.list_compilation_jobs(NameContains="refused")["CompilationJobSummaries"] == []


@pytest.mark.heavy
def test_a_compiled_forest_predicts_what_the_original_does_and_its_log_says_the_gain(
    server: Server, role: str, bucket: str, iris: Any
) -> None:
    sagemaker = server.client("sagemaker")
    sagemaker.create_compilation_job(**compilation_job("forest", role, bucket, Tags=[{"Key": "team", "Value": "air"}]))
    job = ended(sagemaker, "forest")
    assert (job["CompilationJobStatus"], job["FailureReason"]) == ("COMPLETED", "")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{bucket}/compiled/iris-ml_c5.tar.gz"
    assert job["DerivedInformation"] == {"DerivedDataInputConfig": '{"input": [1, 4]}'}
    log = "\n".join(said(server.client("logs"), "forest"))
    assert "The outputs agree" in log
    assert float(log.rpartition("Gain: ")[2].partition(" ")[0]) > 1
    summary = sagemaker.list_compilation_jobs(StatusEquals="COMPLETED", NameContains="forest")
    assert [each["CompilationTargetDevice"] for each in summary["CompilationJobSummaries"]] == ["ml_c5"]
    tags = sagemaker.list_tags(ResourceArn=job["CompilationJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "air"}]

    rows = load_iris().data[::30].tolist()
    predicted = served(server, role, job["InferenceImage"], job["ModelArtifacts"]["S3ModelArtifacts"], rows)
    assert predicted == iris.predict(rows).tolist()
    sagemaker.delete_compilation_job(CompilationJobName="forest")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_compilation_job(CompilationJobName="forest")


@pytest.mark.heavy
def test_a_model_that_does_not_take_the_shape_fails_as_the_client_s_error(
    server: Server, role: str, bucket: str, iris: Any
) -> None:
    sagemaker = server.client("sagemaker")
    wrong = {"DataInputConfig": '{"input": [1, 7]}'}
    sagemaker.create_compilation_job(**compilation_job("wide", role, bucket, InputConfig=wrong))
    job = ended(sagemaker, "wide")
    assert job["CompilationJobStatus"] == "FAILED"
    assert job["FailureReason"] == (
        "ClientError: InputConfiguration: The DataInputConfig does not fit the model, which takes rows of 4 features: "
        "one input [rows, 4]."
    )


@pytest.mark.heavy
def test_a_model_of_the_built_in_xgboost_is_compiled_and_deployed_with_the_sdk(
    server: Server, role: str, bucket: str
) -> None:
    server.client("s3").put_object(Bucket=bucket, Key="train/rows.csv", Body=ROWS.encode())
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("sdk_compile.py"), role, bucket],
        env={**server.environment(), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    image, predicted = found(ran.stdout, "original: ")
    assert image == "sagemaker-xgboost:3.0-5"
    assert found(ran.stdout, "compiled: ") == ("xgboost-neo:latest", predicted)


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_a_model_of_tensorflow_is_compiled_as_it_and_as_keras_saves_it(
    server: Server, role: str, bucket: str, tmp_path: Path
) -> None:
    script, sagemaker = Path(__file__).with_name("tensorflow_models.py"), server.client("sagemaker")
    with_tensorflow = ["uv", "run", "-q", "--no-project", "--python", "3.11", "--with", "tensorflow-cpu==2.16.*"]
    made = subprocess.run(
        [sys.executable, "-m", *with_tensorflow, "python", script, tmp_path],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    wanted = json.loads(made.stdout.splitlines()[-1])
    for framework, archive in {"TENSORFLOW": "export.tar.gz", "KERAS": "model.tar.gz"}.items():
        server.client("s3").upload_file(str(tmp_path / archive), bucket, archive)
        given = {"S3Uri": f"s3://{bucket}/{archive}", "Framework": framework, "FrameworkVersion": "2.16"}
        sagemaker.create_compilation_job(**compilation_job(framework, role, bucket, InputConfig=given))
        job = ended(sagemaker, framework)
        assert (job["CompilationJobStatus"], job["FailureReason"]) == ("COMPLETED", "")
        assert "Gain: " in "\n".join(said(server.client("logs"), framework))
        artifact, rows = job["ModelArtifacts"]["S3ModelArtifacts"], {"instances": [[[1.0] * 3] * 8] * 2}
        predicted = served(server, role, job["InferenceImage"], artifact, rows, framework)
        assert predicted["predictions"] == [pytest.approx(row, rel=1e-3) for row in wanted]


def ended(sagemaker: Any, name: str) -> dict[str, Any]:
    """The job's description once it has ended."""
    last: dict[str, Any] = {}

    def over() -> bool:
        last.update(sagemaker.describe_compilation_job(CompilationJobName=name))
        return last["CompilationJobStatus"] not in ("INPROGRESS", "STARTING", "STOPPING")

    until(over, seconds=600)
    return last


def said(logs: Any, job: str) -> list[str]:
    group = "/aws/sagemaker/CompilationJobs"
    [stream] = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
    return [event["message"] for event in events["events"]]


def served(server: Server, role: str, image: str, artifact: str, rows: Any, name: str = "compiled") -> Any:
    """What an endpoint of the model predicts."""
    sagemaker = server.client("sagemaker")
    container = {"Image": image, "ModelDataUrl": artifact}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.c5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="application/json", Body=json.dumps(rows)
    )
    sagemaker.delete_endpoint(EndpointName=name)
    return json.load(answer["Body"])


def found(printed: str, mark: str) -> tuple[str, str]:
    """The image and the predictions in the line of a script that begins so."""
    image, _, predicted = printed.rpartition(mark)[2].partition("\n")[0].partition(" ")
    return image, predicted
