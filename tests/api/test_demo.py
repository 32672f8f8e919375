"""The demo against a live server, on a small made-up city."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from studiolo.demo import stack, synthetic
from studiolo.demo.narrator import Narrator
from tests.waiting import until


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The readings of three stations."""
    folder = tmp_path_factory.mktemp("source")
    synthetic.write(folder)
    for file in sorted(folder.glob("*.csv.gz"))[3:]:
        file.unlink()
    return folder


STORY = ("-m", "studiolo.demo")


def start(server: Any, region: str, source: Path, report: Path, *program: str, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *program, "--source", str(source), "--report", str(report)],
        env={
            **os.environ,
            **server.environment(),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "COLUMNS": "200",
            **more,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def left(client: Callable[..., Any]) -> dict[str, int]:
    """How many of each thing the demo has on the server."""
    sagemaker, glue = client("sagemaker"), client("glue")
    name = "air-quality-no2"
    return {
        "clusters": len(client("emr").list_clusters(ClusterStates=["STARTING", "RUNNING", "WAITING"])["Clusters"]),
        "sessions": sum(id_.startswith("air-quality-") for id_ in glue.list_sessions()["Ids"]),
        "endpoints": len(sagemaker.list_endpoints(NameContains=name)["Endpoints"]),
        "configurations": len(sagemaker.list_endpoint_configs(NameContains=name)["EndpointConfigs"]),
        "models": len(sagemaker.list_models(NameContains=name)["Models"]),
        "pipeline's models": len(sagemaker.list_models(NameContains="Boosted")["Models"]),
    }


def package(sagemaker: Any) -> str:
    """The version of the registry that is served."""
    config = sagemaker.describe_endpoint(EndpointName="air-quality-no2")["EndpointConfigName"]
    variant = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    container = sagemaker.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"]
    return str(container["ModelPackageName"])


def told(server: Any, client: Callable[..., Any], source: Path, report: Path, engine: str) -> dict[str, Any]:
    """The figures of a demo that ended well."""
    region = client("sts").meta.region_name
    command = ("-m", "studiolo.cli", "demo", "--on", engine, "--data", str(server.data))
    # The command is the person's own, also in a shell that is a role.
    demo = start(server, region, source, report, *command, STUDIOLO_REGION=region, AWS_SESSION_TOKEN="of a role")
    said, _ = demo.communicate(timeout=240)
    assert demo.returncode == 0, said
    assert "SYNTHETIC" in said
    assert "11/11" in said
    assert "12/11" not in said
    assert str(report / "index.html") in said
    numbers: dict[str, Any] = json.loads((report / "metrics.json").read_text())
    return {**numbers, "said": said}


@pytest.fixture(scope="module")
def first(
    server: Any, client: Callable[..., Any], source: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], Path]:
    """The figures of a first demo, in a Glue session, and the folder of its report."""
    report = tmp_path_factory.mktemp("first") / "report"
    return told(server, client, source, report, "glue"), report


def test_the_demo_ends_with_a_good_model_at_an_endpoint(
    client: Callable[..., Any], first: tuple[dict[str, Any], Path]
) -> None:
    numbers, report = first
    scores = numbers["station_days"]
    assert len(numbers["tuning_job"]["trials"]) == 4
    models = numbers["models"]
    assert numbers["chosen"] == min(models, key=lambda name: models[name]["rmse"])
    assert scores["forecast"]["rmse"] == pytest.approx(models[numbers["chosen"]]["rmse"], rel=1e-3)
    assert scores["forecast"]["rmse"] < 0.9 * min(scores["persistence"]["rmse"], scores["climatology"]["rmse"])
    assert left(client) == {
        "clusters": 0,
        "sessions": 0,
        "endpoints": 1,
        "configurations": 1,
        "models": 1,
        "pipeline's models": 0,
    }
    tables = {table["Name"]: table for table in client("glue").get_tables(DatabaseName="air_quality")["TableList"]}
    assert sorted(tables) == ["city_days", "raw", "station_days"]
    assert tables["raw"]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")
    assert [key["Name"] for key in tables["station_days"]["PartitionKeys"]] == ["year"]
    years = client("glue").get_partitions(DatabaseName="air_quality", TableName="station_days")["Partitions"]
    assert ["2016"] in [year["Values"] for year in years]
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName="air-quality-no2",
        ContentType="text/csv",
        Accept="application/jsonlines",
        Body=(report / "request.csv").read_bytes(),
    )
    still, windy = (json.loads(line)["score"] for line in answer["Body"].read().splitlines())
    assert still > windy


def test_what_the_demo_serves_is_of_the_registry_captured_and_scaled(
    client: Callable[..., Any], first: tuple[dict[str, Any], Path]
) -> None:
    numbers, _ = first
    sagemaker, s3 = client("sagemaker"), client("s3")
    served = sagemaker.describe_endpoint(EndpointName="air-quality-no2")
    assert package(sagemaker) == numbers["model_package"]
    registered = sagemaker.describe_model_package(ModelPackageName=numbers["model_package"])
    assert registered["ModelApprovalStatus"] == "Approved"
    bucket, _, key = registered["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"][len("s3://") :].partition("/")
    measured = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])["regression_metrics"]
    assert measured["rmse"]["value"] == pytest.approx(numbers["models"][numbers["chosen"]]["rmse"])
    (target,) = client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId="endpoint/air-quality-no2/variant/AllTraffic"
    )["ScalingPolicies"]
    assert target["PolicyType"] == "TargetTrackingScaling"
    captured = served["DataCaptureConfig"]["DestinationS3Uri"].partition(f"{bucket}/")[2]
    until(lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"{captured}/air-quality-no2/").get("Contents"))


@pytest.mark.heavy
def test_the_demo_run_again_on_emr_replaces_it_with_the_same_figures(
    server: Any, client: Callable[..., Any], source: Path, tmp_path: Path, first: tuple[dict[str, Any], Path]
) -> None:
    again = told(server, client, source, tmp_path / "report", "emr")
    assert "0 files sent" in again["said"]
    found = [[own["rmse"] for own in numbers["models"].values()] for numbers in (first[0], again)]
    assert found[1] == pytest.approx(found[0], rel=1e-6)
    assert left(client) == {
        "clusters": 0,
        "sessions": 0,
        "endpoints": 1,
        "configurations": 1,
        "models": 1,
        "pipeline's models": 0,
    }
    assert package(client("sagemaker")) == again["model_package"] != first[0]["model_package"]


def test_the_stack_has_what_the_story_stands_on_and_takes_it_away(client: Callable[..., Any]) -> None:
    session: Any = SimpleNamespace(client=client)
    with Narrator(Console(quiet=True)).stage("Deploy") as stage:
        ground = stack.deploy(session, stage)
        assert stack.deploy(session, stage) == ground
    assert ground.cluster is not None
    glue, iam, cloudformation = client("glue"), client("iam"), client("cloudformation")
    location = glue.get_database(Name=ground.database)["Database"]["LocationUri"]
    assert location == f"s3://{ground.bucket}/air-quality/prepared"
    profile = iam.get_instance_profile(InstanceProfileName=ground.cluster.profile)["InstanceProfile"]
    assert [role["RoleName"].startswith("air-quality-demo-NodeRole-") for role in profile["Roles"]] == [True]
    assert iam.get_role(RoleName=ground.role.partition("/")[2])["Role"]["Arn"] == ground.role
    cloudformation.delete_stack(StackName=stack.NAME)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack.NAME, WaiterConfig={"Delay": 1})
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_database(Name=ground.database)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=ground.cluster.service)


def test_ctrl_c_ends_the_session_and_says_so(
    server: Any, client: Callable[..., Any], source: Path, tmp_path: Path
) -> None:
    demo = start(server, client("sts").meta.region_name, source, tmp_path / "report", *STORY)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "is ready" in line:
            break
    assert left(client)["sessions"] == 1
    demo.send_signal(signal.SIGINT)
    told, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Stopped" in told
    assert "Traceback" not in told
    assert left(client)["sessions"] == 0
