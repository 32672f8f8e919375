"""Training and serving over the end of the server, whether it is asked for or not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.api.machine_learning import LINEAR_LEARNER, ROWS, endless, training_job, variant
from tests.conftest import Server, create_role
from tests.waiting import until


@pytest.fixture
def bucket_of_rows(own_server: Server) -> str:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="rows", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_object(Bucket="rows", Key="train/rows.csv", Body=ROWS.encode())
    return "rows"


def status_of(describe: Callable[..., dict[str, Any]], key: str, **name: str) -> Callable[[], str]:
    return lambda: str(describe(**name)[key])


def test_down_stops_jobs_and_up_brings_endpoints_back(own_server: Server, bucket_of_rows: str, tmp_path: Path) -> None:
    sagemaker, runtime = own_server.client("sagemaker"), own_server.client("sagemaker-runtime")
    role = create_role(own_server)
    sagemaker.create_training_job(**training_job("plane", role, bucket_of_rows))
    status = status_of(sagemaker.describe_training_job, "TrainingJobStatus", TrainingJobName="plane")
    until(lambda: status() == "Completed")
    artifact = sagemaker.describe_training_job(TrainingJobName="plane")["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": LINEAR_LEARNER, "ModelDataUrl": artifact}
    sagemaker.create_model(ModelName="plane", PrimaryContainer=container, ExecutionRoleArn=role)
    sagemaker.create_endpoint_config(EndpointConfigName="plane", ProductionVariants=[variant("a", "plane")])
    sagemaker.create_endpoint(EndpointName="plane", EndpointConfigName="plane")
    serving = status_of(sagemaker.describe_endpoint, "EndpointStatus", EndpointName="plane")
    until(lambda: serving() == "InService")
    sagemaker.create_training_job(**training_job("long", role, bucket_of_rows, Environment=endless(tmp_path)))
    long = status_of(sagemaker.describe_training_job, "SecondaryStatus", TrainingJobName="long")
    until(lambda: long() == "Training")

    own_server.down()
    assert own_server.children() == []
    own_server.up()

    assert long() == "Stopped"
    assert serving() in ("SystemUpdating", "InService")
    until(lambda: serving() == "InService")
    answer = runtime.invoke_endpoint(EndpointName="plane", ContentType="text/csv", Body=b"2,1")
    assert b"score" in answer["Body"].read()


def test_a_job_that_was_being_stopped_when_the_server_died_is_stopped(
    own_server: Server, bucket_of_rows: str, tmp_path: Path
) -> None:
    sagemaker, role = own_server.client("sagemaker"), create_role(own_server)
    sagemaker.create_training_job(**training_job("long", role, bucket_of_rows, Environment=endless(tmp_path)))
    long = status_of(sagemaker.describe_training_job, "TrainingJobStatus", TrainingJobName="long")
    sagemaker.stop_training_job(TrainingJobName="long")
    own_server.kill()
    own_server.up()
    until(lambda: long() == "Stopped")
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="long")
