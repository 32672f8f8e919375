"""Pages that lead to another site, with a client that answers as a running server and cluster would."""

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

from studiolo.console.pages import PAGES
from studiolo.console.people import Key
from studiolo.console.visit import Visit
from studiolo.signin import SignedIn

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
SERVER = {
    "TrackingServerName": "tracks",
    "TrackingServerArn": "arn:aws:sagemaker:eu-central-1:1:mlflow-tracking-server/tracks",
    "TrackingServerStatus": "Created",
    "IsActive": "Active",
    "MlflowVersion": "3.17.2",
    "ArtifactStoreUri": "s3://lake/mlflow",
    "RoleArn": "arn:aws:iam::1:role/tracker",
    "CreationTime": NOW,
    "LastModifiedTime": NOW,
}
SAGEMAKER = SimpleNamespace(
    describe_mlflow_tracking_server=lambda **_: SERVER,
    create_presigned_mlflow_tracking_server_url=lambda **_: {"AuthorizedUrl": "http://tracks.mlflow.localhost/?once"},
)
EMR = SimpleNamespace(
    describe_cluster=lambda **_: {"Cluster": {"Status": {"State": "WAITING"}}},
    get_on_cluster_app_ui_presigned_url=lambda **asked: {"PresignedURL": f"http://{asked['OnClusterAppUIType']}/"},
)


def page(path: str, query: dict[str, str] | None = None, **parts: str) -> Any:
    """What a page answers to root."""
    arn = "arn:aws:iam::1:root"
    content = {"arn": arn, "own": arn, "region": "eu-central-1"}
    signed_in = SignedIn("one", "console", "AKIA", None, content, NOW)
    key = Key("AKIA", "secret", None)
    clients: Any = {"sagemaker": SAGEMAKER, "emr": EMR}
    person: Any = SimpleNamespace(key=key, region="eu-central-1")
    sign_ins: Any = None
    [found] = [each for each in PAGES if (each.method, each.path) == ("GET", path)]
    return found.make(
        Visit(clients.__getitem__, person, signed_in, sign_ins, "", path.format(**parts), parts, query or {})
    )


def test_a_tracking_server_that_runs_is_opened_by_a_link_that_is_kept_nowhere() -> None:
    shown = page("/mlflow/{server}", server="tracks").body.decode()
    assert 'href="/mlflow/tracks/open"' in shown
    assert 'href="/storage/lake?prefix=mlflow%2F"' in shown
    assert f"set_tracking_uri(&#34;{SERVER['TrackingServerArn']}&#34;)" in shown
    left = page("/mlflow/{server}/open", server="tracks")
    assert left.headers["location"] == "http://tracks.mlflow.localhost/?once"
    assert left.headers["cache-control"] == "no-store"


def test_a_cluster_that_runs_leads_to_its_history_and_to_its_master() -> None:
    path = "/clusters/{cluster}/spark"
    assert page(path, cluster="j-1").headers["location"] == "http://SparkHistoryServer/"
    assert page(path, {"of": "master"}, cluster="j-1").headers["location"] == "http://ResourceManager/"
