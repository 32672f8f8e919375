"""Training and serving over the end of the server, whether it is asked for or not."""

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api.machine_learning import LINEAR_LEARNER, ROWS, lasting, training_job, tuning_job, variant
from tests.api.programs import Programs, statuses
from tests.conftest import Server, create_role
from tests.waiting import until


@pytest.fixture(scope="module")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests of this file, each of which leaves it up."""
    server = Server(tmp_path_factory.mktemp("ending"), settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    yield server
    server.down()


@pytest.fixture(scope="module")
def bucket_of_rows(ending: Server) -> str:
    # Right after `up` the object store may need a moment more: clients as people have them try again.
    s3 = ending.client("s3", config=Config(retries={"total_max_attempts": 10}))
    s3.create_bucket(Bucket="rows", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    s3.put_object(Bucket="rows", Key="train/rows.csv", Body=ROWS.encode())
    return "rows"


def status_of(describe: Callable[..., dict[str, Any]], key: str, **name: str) -> Callable[[], str]:
    return lambda: str(describe(**name)[key])


def test_down_stops_jobs_and_up_brings_endpoints_back(ending: Server, bucket_of_rows: str) -> None:
    sagemaker, runtime = ending.client("sagemaker"), ending.client("sagemaker-runtime")
    role = create_role(ending)
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
    endless = lasting(ending.client("s3"), bucket_of_rows)
    sagemaker.create_training_job(**training_job("long", role, bucket_of_rows, **endless))
    long = status_of(sagemaker.describe_training_job, "SecondaryStatus", TrainingJobName="long")
    # By then it has something of a model to leave, for which the store must still be there.
    until(lambda: sagemaker.describe_training_job(TrainingJobName="long")["FinalMetricDataList"])

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(status_of(sagemaker.describe_training_job, "TrainingJobStatus", TrainingJobName="long"))
        ending.down()
        assert held.result() == "InProgress"
    assert ending.children() == []
    ending.up()

    assert long() == "Stopped"
    assert serving() in ("SystemUpdating", "InService")
    until(lambda: serving() == "InService")
    answer = runtime.invoke_endpoint(EndpointName="plane", ContentType="text/csv", Body=b"2,1")
    assert b"score" in answer["Body"].read()


def test_a_job_that_was_being_stopped_when_the_server_died_is_stopped(ending: Server, bucket_of_rows: str) -> None:
    sagemaker, role = ending.client("sagemaker"), create_role(ending)
    endless = lasting(ending.client("s3"), bucket_of_rows)
    sagemaker.create_training_job(**training_job("stopping", role, bucket_of_rows, **endless))
    status = status_of(sagemaker.describe_training_job, "TrainingJobStatus", TrainingJobName="stopping")
    sagemaker.stop_training_job(TrainingJobName="stopping")
    ending.kill()
    ending.up()
    until(lambda: status() == "Stopped")
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="stopping")


def test_jobs_go_on_without_the_server_and_the_next_one_begins_what_waits_or_died(
    ending: Server, bucket_of_rows: str
) -> None:
    programs = Programs(ending.client, create_role(ending), bucket_of_rows)
    print_and_wait = "import time; print('runs', flush=True); time.sleep({})"
    ends = programs.train(print_and_wait.format(3))
    processes = programs.process(
        "import time; time.sleep(3); open('/opt/ml/processing/out/1', 'w')", outputs=[out := programs.taken("out")]
    )
    waits = programs.train("")
    until(lambda: programs.said(ends))
    ending.kill()
    ending.up()
    programs = Programs(ending.client, programs.role, bucket_of_rows)
    assert [programs.trained(name)["TrainingJobStatus"] for name in (ends, waits)] == ["Completed"] * 2
    assert programs.processed(processes)["ProcessingJobStatus"] == "Completed"
    assert programs.left(out["S3Output"]["S3Uri"]) == {"1": b""}

    dies = programs.train(print_and_wait.format(600), RetryStrategy={"MaximumRetryAttempts": 1})
    until(lambda: programs.said(dies))
    [runner] = [child["pid"] for child in ending.health()["children"] if dies in child["name"]]
    ending.kill()
    psutil.Process(runner).kill()
    ending.up()
    programs = Programs(ending.client, programs.role, bucket_of_rows)
    until(lambda: len(programs.said(dies)) == 2)
    programs.sagemaker.stop_training_job(TrainingJobName=dies)
    job = programs.trained(dies)
    assert statuses(job)[-3:] == ["Training", "Stopping", "Stopped"]
    assert "Restarting" in statuses(job)
    jobs = ending.data / "ml/jobs"
    until(lambda: not any(jobs.iterdir()), showing=lambda: sorted(map(str, jobs.rglob("*"))))


def test_asynchronous_calls_are_answered_by_the_next_server_where_one_was_killed(
    ending: Server, bucket_of_rows: str
) -> None:
    sagemaker, s3 = ending.client("sagemaker"), ending.client("s3")
    output = {"OutputConfig": {"S3OutputPath": f"s3://{bucket_of_rows}/out"}}
    sagemaker.create_endpoint_config(
        EndpointConfigName="later", ProductionVariants=[variant("a", "plane")], AsyncInferenceConfig=output
    )
    sagemaker.create_endpoint(EndpointName="later", EndpointConfigName="later")
    until(status_is(sagemaker, "later", "InService"))
    s3.put_object(Bucket=bucket_of_rows, Key="in/row.csv", Body=b"2,1", ContentType="text/csv")
    runtime, uri = ending.client("sagemaker-runtime"), f"s3://{bucket_of_rows}/in/row.csv"
    for _ in range(10):
        runtime.invoke_endpoint_async(EndpointName="later", InputLocation=uri)
    ending.kill()
    ending.up()
    s3 = ending.client("s3", config=Config(retries={"total_max_attempts": 10}))
    until(lambda: s3.list_objects_v2(Bucket=bucket_of_rows, Prefix="out/")["KeyCount"] == 10)
    ending.client("sagemaker").delete_endpoint(EndpointName="later")


def status_is(sagemaker: Any, endpoint: str, status: str) -> Callable[[], bool]:
    return lambda: bool(sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == status)


def test_a_tuning_job_goes_on_where_a_killed_server_left_it(ending: Server, bucket_of_rows: str) -> None:
    sagemaker, role = ending.client("sagemaker"), create_role(ending)
    sagemaker.create_hyper_parameter_tuning_job(**tuning_job("goes-on", role, bucket_of_rows))
    trials = lambda: sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(  # noqa: E731
        HyperParameterTuningJobName="goes-on"
    )["TrainingJobSummaries"]
    begun = until(trials)
    ending.kill()
    ending.up()
    sagemaker = ending.client("sagemaker")
    status = status_of(
        sagemaker.describe_hyper_parameter_tuning_job,
        "HyperParameterTuningJobStatus",
        HyperParameterTuningJobName="goes-on",
    )
    until(lambda: status() == "Completed")
    ended = trials()
    assert [each["TrainingJobStatus"] for each in ended] == ["Completed"] * 2
    assert ended[0]["TrainingJobName"] == begun[0]["TrainingJobName"]


def test_an_execution_of_a_pipeline_goes_on_where_a_killed_server_left_it(ending: Server, bucket_of_rows: str) -> None:
    sagemaker, role = ending.client("sagemaker"), create_role(ending)
    arguments = training_job("", role, bucket_of_rows)
    del arguments["TrainingJobName"]
    steps = [
        {"Name": "First", "Type": "Training", "Arguments": arguments},
        {"Name": "Second", "Type": "Training", "Arguments": arguments, "DependsOn": ["First"]},
    ]
    definition = json.dumps({"Version": "2020-12-01", "Steps": steps})
    sagemaker.create_pipeline(PipelineName="killed", PipelineDefinition=definition, RoleArn=role)
    arn = sagemaker.start_pipeline_execution(PipelineName="killed")["PipelineExecutionArn"]
    until(lambda: sagemaker.list_training_jobs(NameContains="First")["TrainingJobSummaries"])
    ending.kill()
    ending.up()
    described = status_of(sagemaker.describe_pipeline_execution, "PipelineExecutionStatus", PipelineExecutionArn=arn)
    until(lambda: described() == "Succeeded")
    ran = sagemaker.list_training_jobs(NameContains="pipelines-")["TrainingJobSummaries"]
    assert sorted(job["TrainingJobName"].split("-")[2] for job in ran) == ["First", "Second"]


def test_no_acknowledged_record_of_a_feature_group_is_lost(ending: Server, bucket_of_rows: str) -> None:
    sagemaker, runtime = ending.client("sagemaker"), ending.client("sagemaker-featurestore-runtime")
    names = ("station", "measured", "no2")
    sagemaker.create_feature_group(
        FeatureGroupName="air",
        RecordIdentifierFeatureName="station",
        EventTimeFeatureName="measured",
        FeatureDefinitions=[{"FeatureName": name, "FeatureType": "String"} for name in names],
        OnlineStoreConfig={"EnableOnlineStore": True},
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": f"s3://{bucket_of_rows}/features"}},
        RoleArn=create_role(ending),
    )
    status = status_of(sagemaker.describe_feature_group, "FeatureGroupStatus", FeatureGroupName="air")
    until(lambda: status() == "Created")
    record = [
        {"FeatureName": name, "ValueAsString": value}
        for name, value in zip(names, ("vienna", "2024-05-01T10:15:00Z", "40"), strict=True)
    ]
    runtime.put_record(FeatureGroupName="air", Record=record)
    ending.kill()
    ending.up()
    runtime, s3 = ending.client("sagemaker-featurestore-runtime"), ending.client("s3")
    assert runtime.get_record(FeatureGroupName="air", RecordIdentifierValueAsString="vienna")["Record"] == record
    place = {"Bucket": bucket_of_rows, "Prefix": "features/"}
    [file] = until(lambda: s3.list_objects_v2(**place).get("Contents"))
    body = s3.get_object(Bucket=bucket_of_rows, Key=file["Key"])["Body"].read()
    assert [row["no2"] for row in pq.read_table(io.BytesIO(body)).to_pylist()] == ["40"]
