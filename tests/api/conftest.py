"""Until the server is there: the same fixtures with the gateway alone."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

REGION = "eu-central-1"


@dataclass
class Server:
    data: Path
    endpoint: str
    s3_endpoint: str
    pid: int

    def key(self) -> tuple[str, str]:
        key = json.loads((self.data / "credentials.json").read_text())
        return key["access_key_id"], key["secret_access_key"]

    def client(self, service: str, **options: Any) -> Any:
        identity, secret = self.key()
        given = {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": identity,
            "aws_secret_access_key": secret,
            "config": Config(retries={"total_max_attempts": 1}, read_timeout=120),
        }
        return boto3.session.Session().client(service, **{**given, **options})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("data")
    (data / "credentials.json").write_text(json.dumps({"access_key_id": "AKIDROOT", "secret_access_key": "rootsecret"}))
    with (data / "server.log").open("w") as log:
        process = subprocess.Popen([sys.executable, str(Path(__file__).parent / "s3_server.py"), str(data)], stderr=log)
    note = data / "server.json"
    while not note.exists() or not note.read_text():
        assert process.poll() is None, (data / "server.log").read_text()
        time.sleep(0.02)
    server = Server(data, **{k: v for k, v in json.loads(note.read_text()).items()})
    s3 = server.client("s3", config=Config(retries={"total_max_attempts": 20}))
    s3.list_buckets()
    yield server
    process.terminate()
    process.wait(10)
    print((data / "server.log").read_text())


@pytest.fixture(scope="session")
def client(server: Server) -> Callable[..., Any]:
    return server.client


@pytest.fixture(scope="session")
def bucket(server: Server) -> str:
    server.client("s3").create_bucket(Bucket="bucket-one", CreateBucketConfiguration={"LocationConstraint": REGION})
    return "bucket-one"
