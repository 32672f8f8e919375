"""The S3 door: who comes by it, and what it does when something else is down."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.waiting import until

CALLER = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@pytest.fixture(scope="module")
def lake(server: Server) -> str:
    """A bucket with one object that anyone of a team may read, and one that nobody may."""
    name = f"lake-{uuid.uuid4().hex[:8]}"
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="team/a", Body=b"ours")
    s3.put_object(Bucket=name, Key="secret/a", Body=b"theirs")
    return name


@pytest.fixture(scope="module")
def reader(server: Server, lake: str) -> str:
    """The name of a role that may read `team/` and nothing else."""
    name = f"reader-{uuid.uuid4().hex[:8]}"
    iam = server.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=CALLER)
    allow_reading(server, name, f"arn:aws:s3:::{lake}/team/*")
    return name


def allow_reading(server: Server, role: str, resource: str) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    server.client("iam").put_role_policy(RoleName=role, PolicyName="read", PolicyDocument=document)


def as_role(server: Server, role: str, **options: Any) -> Any:
    """An S3 client with keys of the role, at the address that `studiolo env` tells."""
    answer = server.client("sts").assume_role(RoleArn=f"arn:aws:iam::000000000000:role/{role}", RoleSessionName="ada")
    key = answer["Credentials"]
    return server.client(
        "s3",
        endpoint_url=server.s3_endpoint,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
        **options,
    )


def test_keys_of_a_role_open_what_its_policies_allow_and_nothing_else(server: Server, lake: str, reader: str) -> None:
    s3 = as_role(server, reader)
    assert s3.get_object(Bucket=lake, Key="team/a")["Body"].read() == b"ours"
    for refused in (
        lambda: s3.get_object(Bucket=lake, Key="secret/a"),
        lambda: s3.put_object(Bucket=lake, Key="team/a", Body=b""),
        lambda: s3.list_objects_v2(Bucket=lake),
        lambda: s3.delete_bucket(Bucket=lake),
    ):
        with pytest.raises(ClientError, match=f"assumed-role/{reader}/ada is not authorized to perform: s3:"):
            refused()


def test_a_change_of_a_policy_counts_from_the_next_request_on(server: Server, lake: str, reader: str) -> None:
    s3 = as_role(server, reader)
    allow_reading(server, reader, f"arn:aws:s3:::{lake}/*")
    assert s3.get_object(Bucket=lake, Key="secret/a")["Body"].read() == b"theirs"
    allow_reading(server, reader, f"arn:aws:s3:::{lake}/team/*")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=lake, Key="secret/a")


def test_the_environment_of_studiolo_env_works_for_a_role_that_a_person_takes(
    server: Server, lake: str, reader: str
) -> None:
    code = f"""
import boto3, os
key = boto3.client("sts").assume_role(RoleArn="arn:aws:iam::000000000000:role/{reader}", RoleSessionName="ada")
key = key["Credentials"]
s3 = boto3.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"],
                  aws_session_token=key["SessionToken"])
print(s3.get_object(Bucket="{lake}", Key="team/a")["Body"].read().decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=server.environment(), capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "ours\n"


@pytest.mark.parametrize("token", ["", "x", "warm.x"])
def test_nobody_s_token_gets_no_keys(server: Server, token: str) -> None:
    request = urllib.request.Request(f"{server.s3_endpoint}/_studiolo/credentials", headers={"Authorization": token})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 403
    assert "nobody's" in json.load(refused.value)["message"]


def door(server: Server) -> psutil.Process:
    [found] = [child for child in server.health()["children"] if child["name"] == "s3-door"]
    return psutil.Process(found["pid"])


@pytest.fixture
def s3_of(own_server: Server) -> tuple[Server, Any]:
    s3 = own_server.client("s3", endpoint_url=own_server.s3_endpoint)
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a", Body=b"kept")
    return own_server, s3


def test_objects_are_reached_while_the_server_is_down_and_the_next_server_takes_the_door_over(
    s3_of: tuple[Server, Any],
) -> None:
    server, s3 = s3_of
    before = door(server).pid
    server.kill()
    assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"kept"
    server.up()
    assert door(server).pid == before
    assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"kept"


def test_a_killed_door_comes_back_at_its_address(s3_of: tuple[Server, Any]) -> None:
    server, s3 = s3_of
    killed = door(server)
    killed.kill()
    psutil.wait_procs([killed], timeout=10)
    # Through the one endpoint a request waits for it.
    assert server.client("s3").get_object(Bucket="kept", Key="a")["Body"].read() == b"kept"
    assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"kept"


def test_an_s3_of_one_s_own_is_behind_the_door_in_the_same_way(
    server: Server, lake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identities = json.loads((server.data / "object-store" / "identities.json").read_text())["identities"]
    [key] = next(identity["credentials"] for identity in identities if identity["name"] == "engine")
    ports = json.loads((server.data / "object-store" / "ports.json").read_text())
    other = Server(
        tmp_path / "data",
        settings={
            "STUDIOLO_WARM_SESSIONS": "0",
            "STUDIOLO_S3_ENDPOINT": f"http://127.0.0.1:{ports['s3']}",
            "STUDIOLO_S3_ACCESS_KEY": key["accessKey"],
            "STUDIOLO_S3_SECRET_KEY": key["secretKey"],
            "STUDIOLO_S3_WORKERS": "2",
        },
    ).up()
    try:
        iam = other.client("iam")
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=CALLER)
        allow_reading(other, "reader", f"arn:aws:s3:::{lake}/team/*")
        s3 = as_role(other, "reader")
        assert s3.get_object(Bucket=lake, Key="team/a")["Body"].read() == b"ours"
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.get_object(Bucket=lake, Key="secret/a")
        # As many workers as the setting says; one that dies is replaced.
        workers = workers_of(other)
        workers[0].kill()
        until(lambda: len(workers_of(other)) == 2 and workers[0] not in workers_of(other))
        assert s3.get_object(Bucket=lake, Key="team/a")["Body"].read() == b"ours"
    finally:
        other.down()


def workers_of(server: Server) -> list[psutil.Process]:
    try:
        return [child for child in door(server).children() if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.NoSuchProcess:
        return []  # it ended since it was listed
