"""MLflow tracking servers: a stock `mlflow server`, by the stock client and in a browser."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browsing import opened_by
from tests.conftest import REGION, Server
from tests.waiting import until

CLIENT = """
import sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("air of Vienna")
with mlflow.start_run() as run:
    mlflow.log_param("depth", 3)
    mlflow.log_metric("rmse", 0.5)
    mlflow.log_text("hello", "notes/hello.txt")
[found] = mlflow.search_runs(search_all_experiments=True).to_dict("records")
print(found["params.depth"], found["metrics.rmse"])
print(mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt"))
client = mlflow.MlflowClient()
client.create_registered_model("no2")
client.create_model_version("no2", run.info.artifact_uri, run.info.run_id)
print(run.info.run_id)
"""


def test_what_cannot_be_a_tracking_server_is_refused(server: Server, role: str) -> None:
    sagemaker = server.client("sagemaker")
    asked = {"TrackingServerName": "bad", "ArtifactStoreUri": "s3://nowhere/mlflow", "RoleArn": role}
    for wrong in (
        {"MlflowVersion": "1.30"},
        {"ArtifactStoreUri": "https://nowhere"},
        {"RoleArn": "arn:aws:iam::1:user/a"},
    ):
        with pytest.raises(sagemaker.exceptions.ClientError, match="ValidationException"):
            sagemaker.create_mlflow_tracking_server(**{**asked, **wrong})
    assert sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"] == []
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_mlflow_tracking_server(TrackingServerName="bad")


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_runs_and_models_are_kept_by_the_stock_client_and_seen_in_a_browser(
    server: Server, role: str, tmp_path: Path
) -> None:
    sagemaker = server.client("sagemaker")
    server.client("s3").create_bucket(Bucket="tracking", CreateBucketConfiguration={"LocationConstraint": REGION})
    arn = sagemaker.create_mlflow_tracking_server(
        TrackingServerName="first", ArtifactStoreUri="s3://tracking/mlflow", RoleArn=role
    )["TrackingServerArn"]
    status = status_of(sagemaker, "first")
    until(lambda: status() == "Created", seconds=600)
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "client")], check=True)
    python = str(tmp_path / "client" / "bin" / "python")
    install = [*uv, "pip", "install", "--quiet", "--python", python, "mlflow>=3.17,<3.18", "sagemaker-mlflow"]
    subprocess.run(install, check=True, timeout=600)
    environment = {**server.environment(), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
    ran = subprocess.run(
        [python, "-c", CLIENT, arn],
        env={**environment, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert "3 0.5" in ran.stdout
    assert "hello" in ran.stdout
    sagemaker.stop_mlflow_tracking_server(TrackingServerName="first")
    until(lambda: status() == "Stopped")
    sagemaker.start_mlflow_tracking_server(TrackingServerName="first")
    until(lambda: status() == "Started", seconds=120)
    link = sagemaker.create_presigned_mlflow_tracking_server_url(TrackingServerName="first")["AuthorizedUrl"]
    browser, page = opened_by(link)
    assert "MLflow" in page.text
    # Its own pages read S3 as its role.
    kept = browser.open(f"/get-artifact?path=notes%2Fhello.txt&run_uuid={ran.stdout.split()[-1]}")
    assert kept.text == "hello"
    sagemaker.delete_mlflow_tracking_server(TrackingServerName="first")
    until(lambda: sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"] == [])


def status_of(sagemaker: Any, name: str) -> Callable[[], str]:
    def status() -> str:
        told = sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)["TrackingServerStatus"]
        assert not told.endswith("Failed"), told
        return str(told)

    return status
