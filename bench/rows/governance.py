"""Lake Formation: making governed views and reading them again, how soon a revocation is in force, lists of what shows."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from bench.bench import Bench
from bench.lake import Lake, table_name
from bench.row import Quantity, Row, at_most, at_most_times
from bench.server import Server
from bench.signing import REGION

FILES, ROWS = 8, 250_000
ROUNDS = 5
DATABASE = "governed"
TABLES, SEEN = 5000, 50
GRANTS, BATCH = 1000, 20
IN_FORCE = Quantity(50, "ms")
STORAGE = {
    "Columns": [
        {"Name": "id", "Type": "bigint"},
        {"Name": "city", "Type": "string"},
        {"Name": "amount", "Type": "double"},
        {"Name": "ssn", "Type": "string"},
    ],
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}
EVERYBODY = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    bucket = server.bucket()
    lake = Lake(server, DATABASE).make()
    lf, glue, s3 = (server.client(name) for name in ("lakeformation", "glue", "s3"))
    account = server.client("sts").get_caller_identity()["Account"]
    size = _fill(s3, glue, bucket)
    lf.register_resource(ResourceArn=f"arn:aws:s3:::{bucket}/people", UseServiceLinkedRole=True)
    people = {"DatabaseName": DATABASE, "Name": "people"}
    lf.revoke_permissions(Principal=EVERYBODY, Resource={"Table": people}, Permissions=["ALL"])
    who, key = _person(server, account)
    named = {"TableCatalogId": account, "DatabaseName": DATABASE, "TableName": "people", "Name": "city"}
    rows = {"FilterExpression": "city = 'city 3'"}
    lf.create_data_cells_filter(TableData={**named, "RowFilter": rows, "ColumnNames": ["id", "city", "amount"]})
    lf.grant_permissions(Principal=who, Resource={"DataCellsFilter": named}, Permissions=["SELECT"])
    mine = _client(server, "glue", key)
    place = mine.get_table(DatabaseName=DATABASE, Name="people")["Table"]["StorageDescriptor"]["Location"]
    server.settle()
    began = time.perf_counter()
    first = _sum(server, key, place, None)
    making = time.perf_counter() - began
    yield Row(
        f"first query of a governed view: a tenth of the rows, 3 of 4 columns of {size / 1e6:.0f} MB",
        "none",
        Quantity(size / 1e6 / making, "MB/s"),
        note=f"{making:.2f} s",
    )
    root = {"aws_access_key_id": server.key()[0], "aws_secret_access_key": server.key()[1], "aws_session_token": None}
    raw = f"s3://{bucket}/people"
    again = _median(lambda: _sum(server, key, place, None), first)
    direct = _median(lambda: _sum(server, root, raw, "city 3"), first)
    yield at_most_times(
        "a query of the view again, against the raw table with the filter in the query", 1.0, again, direct
    )
    yield from _changes("", lf, server, key, who, named, place)

    def part() -> int:
        return len(mine.get_table(DatabaseName=DATABASE, Name="people")["Table"]["StorageDescriptor"]["Columns"])

    alone = _median(part, 3)
    _crowd(lf, account, people)
    server.settle()
    yield at_most_times(
        f"GetTable of a part of a table with {GRANTS:,} grants on it, against one with one",
        1.5,
        _median(part, 3),
        alone,
    )
    yield from _changes(f", of {GRANTS:,} grants on the table", lf, server, key, who, named, place)
    lake.add_tables(0, TABLES, governed=True)
    for number in range(0, TABLES, TABLES // SEEN):
        resource = {"Table": {"DatabaseName": DATABASE, "Name": table_name(number)}}
        lf.grant_permissions(Principal=who, Resource=resource, Permissions=["SELECT"])
    server.settle()

    def names(client: Any) -> int:
        pages = client.get_paginator("get_tables").paginate(DatabaseName=DATABASE)
        return sum(len(page["TableList"]) for page in pages)

    few = _median(lambda: names(mine), SEEN + 2)
    every = _median(lambda: names(glue), TABLES + 2)
    yield at_most_times(f"GetTables of {TABLES:,} by who may see {SEEN}, against who sees all", 1.0, few, every)


def _fill(s3: Any, glue: Any, bucket: str) -> int:
    """Write the table; its bytes."""
    random, size = np.random.default_rng(1), 0
    for number in range(FILES):
        cities = pa.array([f"city {each}" for each in range(10)])
        table = pa.table(
            {
                "id": pa.array(np.arange(ROWS) + number * ROWS),
                "city": cities.take(pa.array(random.integers(0, 10, ROWS))),
                "amount": pa.array(random.random(ROWS)),
                "ssn": pa.array(random.integers(0, 10**12, ROWS)).cast(pa.string()),
            }
        )
        file = io.BytesIO()
        pq.write_table(table, file)
        s3.put_object(Bucket=bucket, Key=f"people/part-{number}.parquet", Body=file.getvalue())
        size += len(file.getvalue())
    storage = {**STORAGE, "Location": f"s3://{bucket}/people"}
    table_input = {"Name": "people", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    glue.create_table(DatabaseName=DATABASE, TableInput=table_input)
    return size


def _person(server: Server, account: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A principal with few rights, and its key as boto3 takes it."""
    iam = server.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="analyst", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["glue:*", "lakeformation:GetDataAccess"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="analyst", PolicyName="own", PolicyDocument=policy)
    key = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="bench")["Credentials"]
    return {"DataLakePrincipalIdentifier": arn}, {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "aws_session_token": key["SessionToken"],
    }


def _client(server: Server, service: str, key: dict[str, Any]) -> Any:
    return boto3.session.Session().client(service, endpoint_url=server.endpoint, region_name=REGION, **key)


def _sum(server: Server, key: dict[str, Any], place: str, city: str | None) -> float:
    """The sum of a column, of one city where the place has others too."""
    files = fs.S3FileSystem(
        endpoint_override=server.s3_endpoint,
        access_key=key["aws_access_key_id"],
        secret_key=key["aws_secret_access_key"],
        session_token=key["aws_session_token"],
        region=REGION,
    )
    found = ds.dataset(place.removeprefix("s3://"), filesystem=files, format="parquet")
    rows = found.to_table(columns=["amount"], filter=None if city is None else ds.field("city") == city)
    return round(float(pc.sum(rows.column("amount")).as_py()), 3)


def _median(ask: Callable[[], Any], expected: Any) -> Quantity:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = ask()
        taken.append(time.perf_counter() - began)
        assert found == expected, found
    return Quantity(sorted(taken)[ROUNDS // 2], "s")


def _crowd(lf: Any, account: str, people: dict[str, str]) -> None:
    """Grant columns of the table to as many others."""
    columns = {"TableWithColumns": {**people, "ColumnNames": ["id", "amount"]}}
    for start in range(0, GRANTS, BATCH):
        entries = [
            {
                "Id": str(number),
                "Principal": {"DataLakePrincipalIdentifier": f"arn:aws:iam::{account}:role/reader-{number}"},
                "Resource": columns,
                "Permissions": ["SELECT"],
            }
            for number in range(start, start + BATCH)
        ]
        failures = lf.batch_grant_permissions(Entries=entries)["Failures"]
        assert not failures, failures[0]


def _changes(
    beside: str, lf: Any, server: Server, key: dict[str, Any], who: Any, named: Any, place: str
) -> Iterator[Row]:
    """How soon a revocation is in force, and a grant: from when it is asked for until the first request that tells."""
    s3, glue = _client(server, "s3", key), _client(server, "glue", key)
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    key_name = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"][0]["Key"]
    change = {"Principal": who, "Resource": {"DataCellsFilter": named}, "Permissions": ["SELECT"]}
    revoked, granted = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        lf.revoke_permissions(**change)
        try:
            s3.head_object(Bucket=bucket, Key=key_name)
            raise AssertionError("what was revoked went through")
        except s3.exceptions.ClientError:
            revoked.append(time.perf_counter() - began)
        began = time.perf_counter()
        lf.grant_permissions(**change)
        glue.get_table(DatabaseName=DATABASE, Name="people")
        granted.append(time.perf_counter() - began)
    for what, taken in (
        (f"a revocation{beside}, until the next request is refused", revoked),
        (f"a grant{beside}, until the next request is answered", granted),
    ):
        yield at_most(what, IN_FORCE, Quantity(sorted(taken)[ROUNDS // 2] * 1000, "ms"))
