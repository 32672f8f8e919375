"""Who has two columns of one city's rows of a table of each format, and programs that say what they see of them."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import trino
from botocore.exceptions import ClientError
from pyarrow import fs

from tests.api.lake_house import PEOPLE, LakeHouse, Person
from tests.conftest import REGION, Server

EXPECTED = sorted([str(each) for each in row] for row in PEOPLE[PEOPLE["city"] == "paris"][["id", "name"]].values)
"""The raw table filtered by hand."""

FORMATS = ("parquet", "orc", "avro", "lines", "csv", "json")
RAW = "wh/parquet/part-0.parquet"
LOGS = ("stdout", "stderr")

BY_SPARK = """
import json
def seen(table):
    return sorted([str(value) for value in row] for row in spark.table(database + "." + table).collect())
def tried(read):
    try:
        return f"WENT THROUGH {read()}"
    except Exception as error:
        return str(error)
rows = {table: seen(table) for table in tables}
refusals = [
    tried(lambda: spark.read.parquet(raw).count()),
    tried(lambda: spark.sql(f"select ssn from {database}.parquet").count()),
    tried(lambda: spark.read.format("binaryFile").load(raw.rpartition("/")[0] + "/").count()),
]
print("SEEN", json.dumps([rows, refusals]))
"""

BY_ITS_KEY = """
import boto3
bucket, _, key = raw.removeprefix("s3://").partition("/")
refusals += [
    tried(lambda: boto3.client("s3").get_object(Bucket=bucket, Key=key)["ETag"]),
    tried(lambda: boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=key.rpartition("/")[0])["KeyCount"]),
]
print("SEEN", json.dumps([rows, refusals]))
"""

SUBMITTED = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
CONNECTED = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
"""

BY_CHANNEL = """
import json, pathlib
import pyarrow.parquet as pq
files = pathlib.Path("/opt/ml/input/data/view").rglob("*.parquet")
rows = [row for file in files for row in pq.read_table(file).to_pylist()]
found = sorted([str(row["id"]), row["name"]] for row in rows)
print("SEEN", json.dumps([{"parquet": found, "columns": sorted({name for row in rows for name in row})}, []]))
"""

BY_DUCKDB = """
import json, sys
import duckdb, s3fs
place, raw, endpoint, key, secret, token = sys.argv[1:]
duckdb.register_filesystem(s3fs.S3FileSystem(key=key, secret=secret, token=token, endpoint_url=endpoint))
def rows(path):
    return sorted([str(value) for value in row] for row in duckdb.sql(f"select * from read_parquet('{path}')").fetchall())
def tried(read):
    try:
        return f"WENT THROUGH {read()}"
    except Exception as error:
        return str(error)
print("SEEN", json.dumps([{"parquet": rows(place + "/*.parquet")}, [tried(lambda: rows(raw))]]))
"""

Answer = tuple[dict[str, list[list[str]]], list[str]]
"""The rows that an engine sees of each table, and what it is told when it asks for more."""


@dataclass
class World:
    """A lake house, and somebody who has two columns of one city's rows of each of its tables."""

    server: Server
    house: LakeHouse
    who: Person
    bucket: str

    @property
    def raw(self) -> str:
        return f"s3://{self.house.bucket}/{RAW}"

    @cached_property
    def place(self) -> str:
        """Where the table of Parquet is for that person."""
        table = self.who.client("glue").get_table(DatabaseName=self.house.name, Name="parquet")["Table"]
        return str(table["StorageDescriptor"]["Location"])

    def by_spark(self, begin: str, *ends: str) -> str:
        """A program for Spark."""
        known = {"database": self.house.name, "tables": FORMATS, "raw": self.raw}
        return begin + "".join(f"{name} = {value!r}\n" for name, value in known.items()) + "".join((BY_SPARK, *ends))

    def script(self, code: str) -> str:
        """The place of a program."""
        key = f"code/{uuid.uuid4().hex}.py"
        self.server.client("s3").put_object(Bucket=self.bucket, Key=key, Body=code.encode())
        return f"s3://{self.bucket}/{key}"

    @cached_property
    def files(self) -> fs.S3FileSystem:
        return fs.S3FileSystem(
            endpoint_override=self.server.s3_endpoint,
            access_key=self.who.key["aws_access_key_id"],
            secret_key=self.who.key["aws_secret_access_key"],
            session_token=self.who.key["aws_session_token"],
            region=REGION,
        )


def said(printed: str) -> Answer:
    """The last that a program has said of what it has seen."""
    lines = [line for line in printed.splitlines() if line.startswith("SEEN ")]
    assert lines, printed
    rows, refusals = json.loads(lines[-1].removeprefix("SEEN "))
    return rows, refusals


def texts_of(frame: pd.DataFrame) -> list[list[str]]:
    return sorted([str(value) for value in row] for row in frame.itertuples(index=False))


def tried(read: Callable[[], Any]) -> str:
    try:
        return f"WENT THROUGH {read()}"
    except (ClientError, OSError, trino.exceptions.TrinoQueryError) as error:
        return str(error)
