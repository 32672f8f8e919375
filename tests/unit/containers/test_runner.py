"""A job's runner around a user's program: what the program leaves is taken, where it leads elsewhere it is not."""

import errno
import os
import signal
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError, CredentialRetrievalError

from studiolo.containers.program import Start
from studiolo.ml.training import runner
from studiolo.ml.training.job import Channel, Progress, TrainingSpecification
from studiolo.ml.training.plan import JobFolder, Plan
from studiolo.processes import Fence, fenced, isolation

SECRET = "the root key"
BASE = "/opt/ml" if isolation().kind == "fenced" else "{root}"


class Store:
    """The calls of an S3 client that a runner makes, on one object; what may not be done is named."""

    def __init__(self) -> None:
        self.written: dict[str, list[str]] = {}
        self.denied: set[str] = set()

    def get_paginator(self, _operation: str) -> "Store":
        return self

    def paginate(self, **_asked: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": "train/rows.csv"}]}]

    def download_file(self, bucket: str, key: str, path: str, Callback: Any) -> None:  # noqa: N803 - as boto3 names it
        if "GetObject" in self.denied:
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")
        Path(path).write_text("1,2")

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        if "PutObject" in self.denied:
            raise S3UploadFailedError("An error occurred (AccessDenied) when calling the PutObject operation: no")
        with tarfile.open(path) as tar:
            self.written[key] = tar.getnames()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(runner, "own_client", lambda: store)
    return store


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The runner takes signals; the test's own come back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def carried_out(data: Path, code: str) -> Progress:
    """What has become of a job whose program is that code, in which BASE is its /opt/ml."""
    (data / "credentials.json").write_text(SECRET)
    folder = JobFolder(data / "ml/jobs/1")
    own = folder.path / "own"
    fence = Fence(own, at={"/opt/ml": folder.root}, with_parent=True)
    code = f"BASE = {BASE.format(root=folder.root)!r}\nimport os, shutil, sys\nfrom pathlib import Path\n{code}"
    command, environment = fenced([sys.executable, "-c", code], os.environ, fence, [data])
    specification = TrainingSpecification("image", "role", (Channel("train", "s3://in/train/"),), "s3://out/", 60)
    start = Start(tuple(command), environment, str(own))
    folder.create(Plan("job", specification, start, (), str(data / "log"), Progress()))
    runner.Run(folder).carry_out()
    progress = folder.progress()
    assert progress is not None
    return progress


def test_what_the_program_leaves_is_uploaded(store: Store, tmp_path: Path) -> None:
    job = carried_out(tmp_path, "Path(BASE, 'model/weights').write_text('1'); Path(BASE, 'output/data/log').touch()")
    assert (job.status, job.model) == ("Completed", "s3://out/job/output/model.tar.gz")
    assert store.written == {"job/output/model.tar.gz": ["weights"], "job/output/output.tar.gz": ["log"]}


@pytest.mark.parametrize("left", ["model", "output/data", "output"])
def test_a_link_in_the_place_of_a_folder_gives_nothing_of_the_server_away(
    store: Store, tmp_path: Path, left: str
) -> None:
    (tmp_path / "data").mkdir()
    job = carried_out(tmp_path, f"shutil.rmtree(f'{{BASE}}/{left}'); os.symlink({str(tmp_path)!r}, f'{{BASE}}/{left}')")
    assert job.status == "Failed"
    assert "link, which is not followed" in (job.failure or "")
    assert "credentials.json" not in [name for names in store.written.values() for name in names]


def test_a_link_in_the_place_of_the_reason_of_a_failure_is_not_read(store: Store, tmp_path: Path) -> None:
    secret = str(tmp_path / "credentials.json")
    job = carried_out(tmp_path, f"os.symlink({secret!r}, f'{{BASE}}/output/failure'); sys.exit('why it failed')")
    assert job.failure == "AlgorithmError: why it failed, exit code: 1"


def test_a_role_that_may_not_read_fails_the_job(store: Store, tmp_path: Path) -> None:
    store.denied = {"GetObject"}
    job = carried_out(tmp_path, "")
    assert job.failure == (
        "ClientError: Data download failed:Unable to download object s3://in/train/rows.csv (AccessDenied: Access Denied)"
    )


def test_a_role_that_may_not_write_fails_the_job_which_says_what_is_lost(store: Store, tmp_path: Path) -> None:
    store.denied = {"PutObject"}
    job = carried_out(tmp_path, "Path(BASE, 'model/weights').touch()")
    assert job.status == "Failed"
    assert "Artifact upload failed:s3://out/job/output/model.tar.gz cannot be written" in (job.failure or "")
    assert "/opt/ml/model is lost" in (job.failure or "")
    assert "AccessDenied" in (job.failure or "")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "ClientError: No space left on device"),
        (CredentialRetrievalError(provider="container-role", error_msg="gone"), "ClientError: The job's role can no"),
        (RuntimeError("a fault of ours"), "InternalServerError: RuntimeError: a fault of ours"),
    ],
)
def test_what_a_person_can_mend_is_no_internal_error(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fails(*_asked: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr(store, "download_file", fails)
    job = carried_out(tmp_path, "")
    assert (job.failure or "").startswith(said)


def test_a_failed_algorithm_is_told_of_before_what_could_not_be_written(store: Store, tmp_path: Path) -> None:
    store.denied = {"PutObject"}
    job = carried_out(tmp_path, "Path(BASE, 'output/data/log').touch(); sys.exit('why it failed')")
    assert (job.failure or "").startswith("AlgorithmError: why it failed, exit code: 1. Artifact upload failed:")
