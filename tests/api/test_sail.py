"""SPARK_CONNECT sessions on Sail, with the stock pyspark client in a process of its own."""

import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from tests.conftest import Server
from tests.waiting import until

COMMAND = {"Name": "glueetl", "PythonVersion": "3"}
SAIL = {"--spark-connect-engine": "sail"}
PROGRAM = """
import sys
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
@pandas_udf("long")
def doubled(numbers: pd.Series) -> pd.Series:
    return numbers * 2
source, database = sys.argv[2:]
read = spark.read.parquet(source).select(doubled("n").alias("n"))
spark.sql(f"create table {database}.made (n bigint) using parquet")
read.write.insertInto(f"{database}.made")
print(sorted(spark.table(f"{database}.made").toPandas()["n"]))
print(spark.sql(f"select sum(n) from {database}.given").collect()[0][0])
try:
    spark.table("nowhere").collect()
except Exception as error:
    print(type(error).__name__)
"""


BREAKING = """
from pyspark.sql.functions import udf
def broken(number):
    import os, socket
    for name in os.listdir("/proc/self/fd"):
        try:
            connection = socket.socket(fileno=os.dup(int(name)))
            if connection.getpeername()[1] == {port}:
                connection.shutdown(socket.SHUT_RDWR)
        except (OSError, IndexError):
            pass
    return number
spark.range(1).select(udf(broken, "long")("id")).collect()
"""


@pytest.fixture(scope="module")
def start(glue: Any, role: str) -> Iterator[Callable[..., str]]:
    """Start sessions on Sail that are READY when their name is returned."""
    names = []

    def start(**arguments: str) -> str:
        name = f"sail-{uuid.uuid4().hex[:8]}"
        given = {"SessionType": "SPARK_CONNECT", "DefaultArguments": {**SAIL, **arguments}}
        glue.create_session(Id=name, Role=role, Command=COMMAND, **given)
        names.append(name)
        until(lambda: glue.get_session(Id=name)["Session"]["Status"] != "PROVISIONING", seconds=240)
        found = glue.get_session(Id=name)["Session"]
        assert found["Status"] == "READY", found
        return name

    yield start
    for name in names:
        if glue.get_session(Id=name)["Session"]["Status"] == "READY":
            glue.stop_session(Id=name)


@pytest.fixture(scope="module")
def session(start: Callable[..., str]) -> str:
    return start()


def connect(glue: Any, session: str, program: str, *arguments: str, token: str | None = None) -> Any:
    """What a client program prints, given the session's address; `token` instead of the session's own."""
    endpoint = glue.get_session_endpoint(SessionId=session)["SparkConnect"]
    given = endpoint["AuthToken"] if token is None else token
    address = f"{endpoint['Url']}/;authorization=Bearer%20{given}" if given else endpoint["Url"]
    command = [sys.executable, "-c", program, address, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def run(glue: Any, session: str, code: str) -> Any:
    """A statement's output."""
    number = glue.run_statement(SessionId=session, Code=code)["Id"]
    found = until(
        lambda: (
            (asked := glue.get_statement(SessionId=session, Id=number)["Statement"])["State"] == "AVAILABLE" and asked
        )
    )
    return found["Output"]


def test_a_client_on_sail_shares_s3_and_the_data_catalog(
    client: Callable[..., Any], glue: Any, session: str, tmp_path: Path
) -> None:
    s3, name = client("s3"), f"sail{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    pd.DataFrame({"n": [1, 2, 3]}).to_parquet(tmp_path / "numbers.parquet")
    s3.upload_file(str(tmp_path / "numbers.parquet"), name, "given/numbers.parquet")
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(DatabaseName=name, TableInput=parquet_table("given", f"s3://{name}/given/"))
    answer = connect(glue, session, PROGRAM, f"s3://{name}/given/", name)
    assert answer.stdout.splitlines() == ["[2, 4, 6]", "6", "AnalysisException"], answer.stderr
    made = glue.get_table(DatabaseName=name, Name="made")["Table"]["StorageDescriptor"]
    assert [(column["Name"], column["Type"]) for column in made["Columns"]] == [("n", "bigint")]
    bucket, _, folder = made["Location"].removeprefix("s3://").partition("/")
    assert s3.list_objects_v2(Bucket=bucket, Prefix=folder)["KeyCount"] > 0


def parquet_table(name: str, location: str) -> dict[str, Any]:
    """A table of one column `n` over Parquet files."""
    hive = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": [{"Name": "n", "Type": "bigint"}],
            "Location": location,
            "InputFormat": f"{hive}.MapredParquetInputFormat",
            "OutputFormat": f"{hive}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{hive}.serde.ParquetHiveSerDe"},
        },
    }


@pytest.mark.parametrize("token", ["guessed", ""])
def test_a_client_without_the_token_is_sent_away_from_sail(glue: Any, session: str, token: str) -> None:
    answer = connect(glue, session, PROGRAM, "s3://nothing/", "nothing", token=token)
    assert answer.returncode != 0
    assert "UNAUTHENTICATED" in answer.stderr


def test_statements_of_the_session_run_on_sail_and_can_be_canceled(glue: Any, session: str) -> None:
    assert run(glue, session, "print(spark.range(5).count())")["Data"]["TextPlain"].strip() == "5"
    number = glue.run_statement(SessionId=session, Code="spark.range(10**14).selectExpr('sum(id % 7)').collect()")["Id"]
    until(lambda: glue.get_statement(SessionId=session, Id=number)["Statement"]["State"] == "RUNNING")
    glue.cancel_statement(SessionId=session, Id=number)
    until(lambda: glue.get_statement(SessionId=session, Id=number)["Statement"]["State"] == "CANCELLED")
    assert run(glue, session, "print(spark.range(6).count())")["Data"]["TextPlain"].strip() == "6"


def test_sail_has_no_dashboard(glue: Any, session: str) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException, match="runs on Sail, which has no Spark UI"):
        glue.get_dashboard_url(ResourceId=session, ResourceType="SESSION")


@pytest.mark.skipif(sys.platform != "linux", reason="what closes Sail's own port is Linux's")
def test_sail_itself_can_be_reached_by_nobody_but_its_door(
    server: Server, glue: Any, start: Callable[..., str]
) -> None:
    before = {process.pid for process in sails(server)}
    session = start()
    (sail,) = [process for process in sails(server) if process.pid not in before]
    door = int(glue.get_session_endpoint(SessionId=session)["SparkConnect"]["Url"].rpartition(":")[2])
    connections = sail.net_connections("tcp")
    assert [one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN] == [door]
    ends = {(one.laddr.port, one.raddr.port) for one in connections if one.raddr}
    # The door's connection to Sail has both of its ends here, and at Sail's a listener once was.
    both = {near for near, far in ends if (far, near) in ends}
    assert len(both) == 2
    for behind in both:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", behind), timeout=5)
    assert run(glue, session, "print(spark.range(5).count())")["Data"]["TextPlain"].strip() == "5"
    # Sail's functions run in its process, where one can take the door's connection away.
    number = glue.run_statement(SessionId=session, Code=BREAKING.format(port=min(both)))["Id"]
    assert number > 0
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "FAILED")
    reason = glue.get_session(Id=session)["Session"]["ErrorMessage"]
    assert "The connection to Sail broke, and its port takes no other." in reason


def test_a_session_fails_with_its_sail_and_says_so(server: Server, glue: Any, start: Callable[..., str]) -> None:
    before = {process.pid for process in sails(server)}
    session = start()
    (sail,) = [process for process in sails(server) if process.pid not in before]
    sail.kill()
    until(lambda: glue.get_session(Id=session)["Session"]["Status"] == "FAILED")
    reason = glue.get_session(Id=session)["Session"]["ErrorMessage"]
    assert "Sail was killed by SIGKILL" in reason
    assert "Starting the Spark Connect server" in reason


def sails(server: Server) -> list[Any]:
    """The server's processes of Sail."""
    return [process for process in server.children() if "studiolo.kernel.sail_server" in process.cmdline()]


def test_a_session_whose_sail_cannot_be_fetched_says_what_is_missing(glue: Any, role: str) -> None:
    name, offline = f"sail-{uuid.uuid4().hex[:8]}", {**SAIL, "--python-modules-installer-option": "--no-index"}
    glue.create_session(Id=name, Role=role, Command=COMMAND, SessionType="SPARK_CONNECT", DefaultArguments=offline)
    until(lambda: glue.get_session(Id=name)["Session"]["Status"] == "FAILED")
    reason = glue.get_session(Id=name)["Session"]["ErrorMessage"]
    assert "pysail was not found" in reason
    assert "leave out --spark-connect-engine" in reason


@pytest.mark.parametrize(
    ("kind", "arguments", "reason"),
    [
        ("SPARK_CONNECT", {"--spark-connect-engine": "duck"}, "duck is not available; spark and sail are"),
        ("LIVY", SAIL, "is for sessions of type SPARK_CONNECT"),
        ("SPARK_CONNECT", {**SAIL, "--conf": "spark.a=b"}, "--conf is for Apache Spark"),
    ],
)
def test_what_sail_cannot_do_is_refused_when_the_session_is_created(
    glue: Any, role: str, kind: str, arguments: dict[str, str], reason: str
) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException, match=reason):
        glue.create_session(Id="never", Role=role, Command=COMMAND, SessionType=kind, DefaultArguments=arguments)
