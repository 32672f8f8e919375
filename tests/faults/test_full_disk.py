"""A disk that fills up costs the writes that do not fit, and nothing else."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server

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
