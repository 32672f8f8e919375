"""MLflow tracking servers: a stock `mlflow server`, by the stock client and in a browser."""

import subprocess
import sys
from collections.abc import Callable
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


@pytest.fixture(scope="module")
def kept_by(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Has a run kept by the tracking server, or app, of an ARN, and read back; the identifier of the run."""
    folder = tmp_path_factory.mktemp("client")
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    install = [*uv, "pip", "install", "--quiet", "--python", python, "mlflow>=3.17,<3.18", "sagemaker-mlflow"]
    subprocess.run(install, check=True, timeout=600)
    environment = {**server.environment(), "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}

    def keep(arn: str) -> str:
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
        return ran.stdout.split()[-1]

    return keep


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_runs_and_models_are_kept_by_the_stock_client_and_seen_in_a_browser(
    server: Server, role: str, kept_by: Callable[[str], str]
) -> None:
    sagemaker = server.client("sagemaker")
    server.client("s3").create_bucket(Bucket="tracking", CreateBucketConfiguration={"LocationConstraint": REGION})
    arn = sagemaker.create_mlflow_tracking_server(
        TrackingServerName="first", ArtifactStoreUri="s3://tracking/mlflow", RoleArn=role
    )["TrackingServerArn"]
    status = status_of(sagemaker, "first")
    until(lambda: status() == "Created", seconds=600)
    run = kept_by(arn)
    sagemaker.stop_mlflow_tracking_server(TrackingServerName="first")
    until(lambda: status() == "Stopped")
    sagemaker.start_mlflow_tracking_server(TrackingServerName="first")
    until(lambda: status() == "Started", seconds=120)
    link = sagemaker.create_presigned_mlflow_tracking_server_url(TrackingServerName="first")["AuthorizedUrl"]
    browser, page = opened_by(link)
    assert "MLflow" in page.text
    # Its own pages read S3 as its role.
    kept = browser.open(f"/get-artifact?path=notes%2Fhello.txt&run_uuid={run}")
    assert kept.text == "hello"
    sagemaker.delete_mlflow_tracking_server(TrackingServerName="first")
    until(lambda: sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"] == [])


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_apps_keep_runs_as_tracking_servers_do_and_may_have_one_name(
    server: Server, role: str, kept_by: Callable[[str], str]
) -> None:
    sagemaker = server.client("sagemaker")
    server.client("s3").create_bucket(Bucket="apps", CreateBucketConfiguration={"LocationConstraint": REGION})
    asked = {"Name": "air", "ArtifactStoreUri": "s3://apps/mlflow", "RoleArn": role}
    other = sagemaker.create_mlflow_app(**asked)["Arn"]
    arn = sagemaker.create_mlflow_app(**asked, Tags=[{"Key": "team", "Value": "air"}])["Arn"]
    until(lambda: sagemaker.describe_mlflow_app(Arn=arn)["Status"] == "Created", seconds=600)
    kept_by(arn)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "air"}]
    sagemaker.update_mlflow_app(Arn=arn, Name="water", AccountDefaultStatus="ENABLED")
    [default] = sagemaker.list_mlflow_apps(AccountDefaultStatus="ENABLED")["Summaries"]
    assert (default["Arn"], default["Name"], default["Status"]) == (arn, "water", "Updated")
    assert "MLflow" in opened_by(sagemaker.create_presigned_mlflow_app_url(Arn=arn)["AuthorizedUrl"])[1].text
    for each in (arn, other):
        sagemaker.delete_mlflow_app(Arn=each)
    until(lambda: sagemaker.list_mlflow_apps()["Summaries"] == [])
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match=arn):
        sagemaker.describe_mlflow_app(Arn=arn)


def status_of(sagemaker: Any, name: str) -> Callable[[], str]:
    def status() -> str:
        told = sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)["TrackingServerStatus"]
        assert not told.endswith("Failed"), told
        return str(told)

    return status
