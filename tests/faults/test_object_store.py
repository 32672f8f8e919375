"""The object store when the server dies, and when the disk is full."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.waiting import until

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this account may not mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_the_next_server_takes_over_the_store_of_one_that_was_killed(own_server: Server) -> None:
    own_server.client("s3").create_bucket(Bucket="air")
    before = own_server.health()["children"]
    own_server.kill()
    direct = own_server.client("s3", endpoint_url=own_server.s3_endpoint)
    direct.put_object(Bucket="air", Key="a", Body=b"while it was away")
    own_server.up()
    after = own_server.health()["children"]
    assert [child["pid"] for child in after] == [child["pid"] for child in before]
    assert own_server.client("s3").get_object(Bucket="air", Key="a")["Body"].read() == b"while it was away"


def part(server: Server, name: str) -> dict[str, Any]:
    return next(part for part in server.health()["parts"] if part["name"] == name)


def test_a_store_that_was_given_up_is_shown_with_its_reason_wherever_one_looks(own_server: Server) -> None:
    killed: set[int] = set()

    def given_up() -> bool:
        for child in own_server.health()["children"]:
            if child["name"] == "object-store" and child["alive"] and child["pid"] not in killed:
                killed.add(child["pid"])
                psutil.Process(child["pid"]).kill()
        return part(own_server, "object-store")["status"] == "failed"

    until(given_up)
    reason = part(own_server, "object-store")["reason"]
    assert re.search(r"was killed by signal 9.*5 times within 60 s.*`studiolo up`", reason)
    assert own_server.health()["status"] == "degraded"
    assert f"object-store failed: {reason}" in own_server.run("status").stdout
    assert f"ERROR {reason}" in own_server.run("logs", "server").stdout
    with pytest.raises(ClientError, match=re.escape(reason)):
        own_server.client("s3").list_buckets()


def fill(s3: Any, bucket: str) -> None:
    for number in range(96):
        s3.put_object(Bucket=bucket, Key=f"filler-{number}", Body=os.urandom(4 * MIB))


def test_a_full_disk_is_said_to_be_full_and_the_server_and_its_objects_live_on(small_disk: Path) -> None:
    server = Server(small_disk / "data", settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="air")
        s3.put_object(Bucket="air", Key="kept", Body=b"kept")
        with pytest.raises(ClientError, match=r"InsufficientStorage.*The disk that holds the objects is full"):
            fill(s3, "air")
        assert s3.get_object(Bucket="air", Key="kept")["Body"].read() == b"kept"
        assert all(child["alive"] for child in server.health()["children"])
    finally:
        server.down()


def test_after_a_full_disk_the_store_takes_and_lists_objects_again(small_disk: Path) -> None:
    server = Server(small_disk / "data", settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
    try:
        s3 = server.client("s3")
        s3.create_bucket(Bucket="air")
        with (small_disk / "another's").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(os.urandom(MIB))
        log = small_disk / "data" / "logs" / "object-store.log"
        numbers = iter(range(100_000))

        def broken() -> bool:
            with suppress(ClientError):
                s3.put_object(Bucket="air", Key=f"{next(numbers)}/a", Body=b"")
            return re.search(rb"filerldb2/.*no space left on device", log.read_bytes()) is not None

        def store() -> int | None:
            return next(
                (child["pid"] for child in server.health()["children"] if child["name"] == "object-store"), None
            )

        first = store()
        until(broken)
        (small_disk / "another's").unlink()
        until(lambda: store() != first and part(server, "object-store")["status"] == "running")
        for number in range(30):
            s3.put_object(Bucket="air", Key=f"after/{number}/a", Body=b"")
        assert s3.list_objects_v2(Bucket="air", Prefix="after/")["KeyCount"] == 30
    finally:
        server.down()
