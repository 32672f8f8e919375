"""The root key, and the environment that leads clients to Studiolo."""

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from studiolo.domain import Invalid
from studiolo.identity import AccessKey, client_environment, container_variables, key_variables, plugin_works, root_key

KEY = key_variables(AccessKey("AKIAEXAMPLE", "secret", "token"))
CALLS = """
import boto3
sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
print(sts.get_caller_identity()["Arn"])
s3 = boto3.client("s3", endpoint_url="https://s3.us-east-1.amazonaws.com")
print(s3.get_object(Bucket="data", Key="a b")["Body"].read().decode())
print(s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "x"}))
"""
IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::1:root</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Recorder(BaseHTTPRequestHandler):
    """Answers whatever comes, and keeps where it was sent."""

    def do_GET(self) -> None:
        self._answer("object")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(IDENTITY)

    def _answer(self, text: str) -> None:
        self.server.seen.append((self.headers["Host"], self.path))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_root_key_stays_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    key = root_key(tmp_path / "data")
    again = root_key(tmp_path / "data")
    assert again == key
    assert key.id.startswith("AKIA")
    assert (len(key.id), len(key.secret)) == (20, 40)
    assert stat.S_IMODE((tmp_path / "data" / "credentials.json").stat().st_mode) == 0o600
    assert key.secret not in repr(key)


def test_all_who_ask_for_the_root_key_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: root_key(tmp_path), range(32)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["credentials.json"]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"access_key_id": "a"}'])
def test_a_damaged_root_key_is_said_and_kept(tmp_path: Path, content: str) -> None:
    (tmp_path / "credentials.json").write_text(content)
    with pytest.raises(Invalid, match="does not hold an access key"):
        root_key(tmp_path)
    assert (tmp_path / "credentials.json").read_text() == content


def test_the_environment_has_all_that_clients_read() -> None:
    environment = client_environment("http://127.0.0.1:4566", "http://127.0.0.1:8333", "eu-central-1", KEY)
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:8333"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert environment["AWS_SESSION_TOKEN"] == "token"
    assert environment["PYICEBERG_CATALOG__DEFAULT__S3__ENDPOINT"] == "http://127.0.0.1:8333"
    assert environment["PYICEBERG_CATALOG__GLUE__TYPE"] == "glue"
    assert environment["AWS_ALLOW_HTTP"] == "true"


def test_clients_that_insist_on_tls_keep_insisting_where_there_is_tls() -> None:
    environment = client_environment("https://studiolo", "https://store", "eu-central-1", KEY)
    assert "AWS_ALLOW_HTTP" not in environment


def run(environment: dict[str, str]) -> list[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", CALLS], env={**inherited, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_clients_of_hard_coded_addresses_are_led_to_the_endpoint(recorder: ThreadingHTTPServer) -> None:
    address = f"127.0.0.1:{recorder.server_port}"
    said = run(client_environment(f"http://{address}", f"http://{address}", "us-east-1", KEY))
    assert said[:2] == ["arn:aws:iam::1:root", "object"]
    assert said[2].startswith(f"http://{address}/data/x?")
    seen = recorder.seen  # type: ignore[attr-defined]
    assert [host for host, _ in seen] == [address, address]
    assert seen[1][1] == "/data/a%20b"


def test_a_service_with_an_address_of_its_own_goes_there(recorder: ThreadingHTTPServer) -> None:
    address = f"127.0.0.1:{recorder.server_port}"
    said = run(client_environment(f"http://{address}", f"http://localhost:{recorder.server_port}", "us-east-1", KEY))
    assert said[2].startswith(f"http://localhost:{recorder.server_port}/data/x?")


def test_without_an_endpoint_the_plugin_changes_nothing() -> None:
    environment = client_environment("http://127.0.0.1:1", "http://127.0.0.1:1", "us-east-1", KEY)
    del environment["AWS_ENDPOINT_URL"], environment["AWS_ENDPOINT_URL_S3"]
    program = CALLS.split("\n")[-2]
    program = f'import boto3; s3 = boto3.client("s3"); {program}'
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**inherited, **environment}, capture_output=True, text=True, check=True
    )
    assert "amazonaws.com" in done.stdout


def test_the_sagemaker_sdk_checks_the_schema_of_its_defaults_once_and_the_defaults_each_time() -> None:
    environment = client_environment("http://127.0.0.1:4566", "http://127.0.0.1:8333", "us-east-1", KEY)
    program = """
import boto3
from unittest.mock import patch
from jsonschema import Draft202012Validator, ValidationError
from sagemaker.config import load_sagemaker_config, validate_sagemaker_config
boto3.client("sagemaker")
validate_sagemaker_config(load_sagemaker_config())
with patch.object(Draft202012Validator, "check_schema", wraps=Draft202012Validator.check_schema) as check:
    for _ in range(3):
        validate_sagemaker_config(load_sagemaker_config())
    try:
        validate_sagemaker_config({"SchemaVersion": "none"})
    except ValidationError as error:
        print(check.call_count, error.message)
"""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**inherited, **environment}, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 'none' is not one of ['1.0']"


def test_whether_the_plugin_bites_can_be_told(tmp_path: Path) -> None:
    environment = client_environment("http://127.0.0.1:4566", "http://127.0.0.1:8333", "us-east-1", KEY)
    assert plugin_works(environment)
    assert not plugin_works({**environment, "BOTOCORE_EXPERIMENTAL__PLUGINS": ""})
    assert not plugin_works({**environment, "PYTHONPATH": str(tmp_path)})


def test_the_key_file_is_json_a_person_can_read(tmp_path: Path) -> None:
    key = root_key(tmp_path)
    kept = json.loads((tmp_path / "credentials.json").read_text())
    assert kept == {"access_key_id": key.id, "secret_access_key": key.secret}


def test_a_workload_s_sdks_find_its_keys_at_the_door_and_not_in_the_person_s_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = mine\naws_secret_access_key = own\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    asked: list[tuple[str, str]] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            key = {
                "AccessKeyId": "ASIAROLE",
                "SecretAccessKey": "s",
                "Token": "t",
                "Expiration": "2099-01-01T00:00:00Z",
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(key).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{door.server_port}"
        environment = client_environment(
            "http://127.0.0.1:1", address, "us-east-1", container_variables(address, "w.x")
        )
        said = subprocess.run(
            [sys.executable, "-c", "import boto3; print(boto3.Session().get_credentials().access_key)"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        door.shutdown()
    assert said.strip() == "ASIAROLE"
    assert asked == [("/_studiolo/credentials", "w.x")]
