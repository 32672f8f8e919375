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
    }


def test_the_demo_ends_with_a_good_model_at_an_endpoint_and_run_again_on_emr_it_replaces_it(
    server: Any, client: Callable[..., Any], source: Path, tmp_path: Path
) -> None:
    jobs, found = [], []
    for engine in ("glue", "emr"):
        region, command = (
            client("sts").meta.region_name,
            ("-m", "studiolo.cli", "demo", "--on", engine, "--data", str(server.data)),
        )
        # The command is the person's own, also in a shell that is a role.
        as_role = {"STUDIOLO_REGION": region, "AWS_SESSION_TOKEN": "of a role"}
        demo = start(server, region, source, tmp_path / "report", *command, **as_role)
        told, _ = demo.communicate(timeout=240)
        assert demo.returncode == 0, told
        assert "SYNTHETIC" in told
        assert "11/11" in told
        assert "12/11" not in told
        assert str(tmp_path / "report" / "index.html") in told
        numbers = json.loads((tmp_path / "report" / "metrics.json").read_text())
        jobs.append(numbers["training_job"]["name"])
        scores = numbers["station_days"]
        found.append([scores["forecast"]["rmse"], numbers["tuning_job"]["training_job"]["metrics"]["test:mse"]])
        assert len(numbers["tuning_job"]["trials"]) == 4
        assert scores["forecast"]["rmse"] < 0.9 * min(scores["persistence"]["rmse"], scores["climatology"]["rmse"])
        assert left(client) == {"clusters": 0, "sessions": 0, "endpoints": 1, "configurations": 1, "models": 1}
    assert "0 files sent" in told
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    tables = {table["Name"]: table for table in client("glue").get_tables(DatabaseName="air_quality")["TableList"]}
    assert sorted(tables) == ["city_days", "raw", "station_days"]
    assert tables["raw"]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].endswith("OpenCSVSerde")
    assert [key["Name"] for key in tables["station_days"]["PartitionKeys"]] == ["year"]
    years = client("glue").get_partitions(DatabaseName="air_quality", TableName="station_days")["Partitions"]
    assert ["2016"] in [year["Values"] for year in years]
    served = client("sagemaker").describe_endpoint(EndpointName="air-quality-no2")
    assert served["EndpointConfigName"] == jobs[1] != jobs[0]
    request = (tmp_path / "report" / "request.csv").read_bytes()
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName="air-quality-no2", ContentType="text/csv", Body=request
    )
    still, windy = (one["score"] for one in json.load(answer["Body"])["predictions"])
    assert still > windy


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
