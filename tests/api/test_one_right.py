"""What a session can do whose role has one right, `glue:GetTable`: docs/identity.md has the same table."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.catalog_inputs import table_input
from tests.conftest import Server, trust_policy
from tests.waiting import until

DOCUMENT = Path(__file__).parents[2] / "docs" / "identity.md"

SETUP = """
import boto3, json, os, urllib.request
from botocore.config import Config
once = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
def client(service, **options):
    return boto3.client(service, config=once, **options)
def fetched(url, **headers):
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5).read()
"""

DENIED = "is not authorized to perform"

TRIED = {
    "`glue.get_table` by boto3": ("client('glue').get_table(DatabaseName=database, Name='days')", "Table"),
    "another call of Glue": ("client('glue').get_tables(DatabaseName=database)", DENIED),
    "the metastore: read the table, DROP it": ("spark.sql(f'drop table {database}.days')", DENIED),
    "boto3 at the S3 door": ("client('s3').get_object(Bucket=bucket, Key='days/a')", DENIED),
    "boto3 at the one endpoint": (
        "client('s3', endpoint_url=os.environ['AWS_ENDPOINT_URL']).list_buckets()",
        DENIED,
    ),
    "Spark, by S3A": ("spark.read.text(f's3://{bucket}/days/').count()", "AccessDenied"),
    "the object store itself, past the door": (
        "client('s3', endpoint_url=store).list_buckets()",
        "InvalidAccessKeyId",
    ),
    "the object store's master, by HTTP": ("fetched(master)", "Error"),
    "the keys of another's token": (
        "fetched(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], Authorization=other)",
        "403",
    ),
    "`sts.assume_role` of a role with more rights": (
        "client('sts').assume_role(RoleArn=admin, RoleSessionName='up')",
        DENIED,
    ),
    "`iam.put_role_policy` on itself": (
        "client('iam').put_role_policy(RoleName=own, PolicyName='more', PolicyDocument='{}')",
        DENIED,
    ),
    "a session of a role with more rights": (
        "client('glue').create_session(Id='up', Role=admin, Command={'Name': 'glueetl'})",
        DENIED,
    ),
    "the root key": ("open(root_key).read()", "FileNotFoundError"),
}
"""What is tried, by its row in the document; and what the answer, or the error, says."""


@pytest.fixture(scope="module")
def tried(server: Server, glue: Any, role: str, bucket: str) -> Iterator[Callable[[str], str]]:
    """What an expression is in the session, or the error that it raises."""
    name = f"one-{uuid.uuid4().hex[:8]}"
    iam, s3 = server.client("iam"), server.client("s3")
    own = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy())["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": "glue:GetTable", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="one", PolicyDocument=document)
    database = name.replace("-", "_")
    glue.create_database(DatabaseInput={"Name": database})
    glue.create_table(DatabaseName=database, TableInput=table_input("days"))
    s3.put_object(Bucket=bucket, Key="days/a", Body=b"1")
    ports = json.loads((server.data / "object-store" / "ports.json").read_text())
    known = {
        "database": database,
        "bucket": bucket,
        "own": name,
        "admin": role,
        "store": f"http://127.0.0.1:{ports['s3']}",
        "master": f"http://127.0.0.1:{ports['master']}/dir/status",
        "other": "warm.x",
        "root_key": str(server.data / "credentials.json"),
    }
    glue.create_session(Id=name, Role=own, Command={"Name": "glueetl", "PythonVersion": "3"})
    until(lambda: glue.get_session(Id=name)["Session"]["Status"] == "READY", 120)

    def run(code: str) -> str:
        number = glue.run_statement(SessionId=name, Code=code)["Id"]

        def over() -> Any:
            statement = glue.get_statement(SessionId=name, Id=number)["Statement"]
            return statement["Output"] if statement["State"] == "AVAILABLE" else None

        output = until(over)
        return str(output["Data"]["TextPlain"] if output["Status"] == "ok" else output)

    run(SETUP + "\n".join(f"{key} = {value!r}" for key, value in known.items()))
    yield lambda expression: run(f"print({expression})")
    glue.stop_session(Id=name)
    glue.delete_database(Name=database)


@pytest.mark.parametrize("row", TRIED)
def test_a_session_of_one_right_can_do_that_and_nothing_else(tried: Callable[[str], str], row: str) -> None:
    expression, says = TRIED[row]
    assert says in tried(expression)


def test_the_table_is_still_there(glue: Any, tried: Callable[[str], str]) -> None:
    assert "days" in tried("client('glue').get_table(DatabaseName=database, Name='days')['Table']['Name']")


def test_the_document_has_every_row_that_is_tried() -> None:
    page = DOCUMENT.read_text()
    assert [row for row in TRIED if f"| {row} |" not in page] == []
