"""A small data lake for tests of Lake Formation: the same people as tables of every format, and roles with few rights."""

import csv
import io
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import fastavro
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc
from pyiceberg.catalog import load_catalog

from tests.conftest import REGION, Server

PEOPLE = pd.DataFrame(
    {
        "id": range(12),
        "name": [f"name {i}" for i in range(12)],
        "ssn": [f"secret-{i}" for i in range(12)],
        "city": ["paris", "rome", None] * 4,
        "amount": [i * 1.5 for i in range(12)],
    }
)
"""Every third has no city."""

TYPES = {"id": "bigint", "name": "string", "ssn": "string", "city": "string", "amount": "double"}
_HIVE = "org.apache.hadoop.hive"
_TEXT = ("org.apache.hadoop.mapred.TextInputFormat", f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat")
SERDES: dict[str, tuple[tuple[str, str], str, dict[str, str]]] = {
    "parquet": (
        (f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat", f"{_HIVE}.ql.io.parquet.MapredParquetOutputFormat"),
        f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe",
        {"paths": "id,name,ssn"},
    ),
    "orc": (
        (f"{_HIVE}.ql.io.orc.OrcInputFormat", f"{_HIVE}.ql.io.orc.OrcOutputFormat"),
        f"{_HIVE}.ql.io.orc.OrcSerde",
        {},
    ),
    "avro": (
        (f"{_HIVE}.ql.io.avro.AvroContainerInputFormat", f"{_HIVE}.ql.io.avro.AvroContainerOutputFormat"),
        f"{_HIVE}.serde2.avro.AvroSerDe",
        {},
    ),
    "lines": (_TEXT, f"{_HIVE}.serde2.lazy.LazySimpleSerDe", {"field.delim": ","}),
    "csv": (_TEXT, f"{_HIVE}.serde2.OpenCSVSerde", {"separatorChar": ",", "quoteChar": '"'}),
    "json": (_TEXT, "org.apache.hive.hcatalog.data.JsonSerDe", {}),
}


def written(frame: pd.DataFrame, kind: str) -> bytes:
    """The rows as a file of that format."""
    file = io.BytesIO()
    if kind == "parquet":
        pq.write_table(pa.Table.from_pandas(frame), file)
    elif kind == "orc":
        orc.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)
    elif kind == "avro":
        names = {"bigint": "long"}
        fields = [{"name": name, "type": ["null", names.get(of, of)]} for name, of in TYPES.items()]
        rows = json.loads(frame.to_json(orient="records"))
        fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows, codec="snappy")
    elif kind == "json":
        rows = json.loads(frame.to_json(orient="records"))
        file.write("".join(json.dumps(row) + "\n" for row in rows).encode())
    else:
        text, null = io.StringIO(), "\\N" if kind == "lines" else ""
        writer = csv.writer(text, quoting=csv.QUOTE_NONE if kind == "lines" else csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([null if pd.isna(value) else value for value in row] for row in frame.itertuples(index=False))
        file.write(text.getvalue().encode())
    return file.getvalue()


@dataclass
class LakeHouse:
    """A registered location with tables that Lake Formation has a say about."""

    server: Server
    name: str = field(default_factory=lambda: f"lake_{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.bucket = self.name.replace("_", "-")
        self.s3, self.glue, self.lf, self.iam = map(self.server.client, ("s3", "glue", "lakeformation", "iam"))
        self.account = self.server.client("sts").get_caller_identity()["Account"]
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.glue.create_database(DatabaseInput={"Name": self.name})
        self.lf.register_resource(ResourceArn=f"arn:aws:s3:::{self.bucket}/wh", UseServiceLinkedRole=True)

    def close(self) -> None:
        self.glue.delete_database(Name=self.name)
        self.lf.deregister_resource(ResourceArn=f"arn:aws:s3:::{self.bucket}/wh")

    def add(
        self,
        table: str,
        kind: str = "parquet",
        *,
        partitioned: bool = False,
        frame: pd.DataFrame = PEOPLE,
        left_to_iam: bool = False,
    ) -> None:
        """A table of a file, or of one a day, that nobody may see yet, or whom IAM lets."""
        root = f"wh/{table}"
        for day in ("1", "2") if partitioned else ("",):
            folder = f"{root}/day={day}" if day else root
            rows = frame.assign(id=frame["id"] + (100 if day == "2" else 0))
            self.s3.put_object(Bucket=self.bucket, Key=f"{folder}/part-0.{kind}", Body=written(rows, kind))
        self.glue.create_table(DatabaseName=self.name, TableInput=self._input(table, kind, partitioned))
        for day in ("1", "2") if partitioned else ():
            storage = self.storage(kind, f"{root}/day={day}")
            self.glue.create_partition(
                DatabaseName=self.name, TableName=table, PartitionInput={"Values": [day], "StorageDescriptor": storage}
            )
        if not left_to_iam:
            self.leave_to_lake_formation(table)

    def describe_as_delta(self, table: str) -> None:
        """A table in the catalog, as crawlers describe one of Delta, that nobody may see yet."""
        storage = self.storage("lines", f"wh/{table}")
        storage["SerdeInfo"]["Parameters"] = {"path": storage["Location"], "secret": "ssn"}
        parameters = {"spark.sql.sources.provider": "delta", "numRows": "12"}
        told = {"Name": table, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage, "Parameters": parameters}
        self.glue.create_table(DatabaseName=self.name, TableInput=told)
        self.leave_to_lake_formation(table)

    def leave_to_lake_formation(self, table: str) -> None:
        everybody = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
        self.lf.revoke_permissions(Principal=everybody, Resource=self.resource(table), Permissions=["ALL"])

    def _input(self, table: str, kind: str, partitioned: bool) -> dict[str, Any]:
        return {
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": "day", "Type": "string"}] if partitioned else [],
            "StorageDescriptor": self.storage(kind, f"wh/{table}"),
            "Parameters": {"numRows": "12", "hidden": "ssn", "classification": kind},
        }

    def storage(self, kind: str, folder: str) -> dict[str, Any]:
        (reads, writes), serde, parameters = SERDES[kind]
        return {
            "Columns": [{"Name": name, "Type": "string" if kind == "csv" else of} for name, of in TYPES.items()],
            "Location": f"s3://{self.bucket}/{folder}",
            "InputFormat": reads,
            "OutputFormat": writes,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
        }

    def resource(self, table: str) -> dict[str, Any]:
        return {"Table": {"DatabaseName": self.name, "Name": table}}

    def columns(self, table: str, *names: str) -> dict[str, Any]:
        return {"TableWithColumns": {"DatabaseName": self.name, "Name": table, "ColumnNames": list(names)}}

    def filter(self, table: str, name: str, rows: str | None, *columns: str) -> dict[str, Any]:
        """A data cells filter, made now."""
        made = self.named_filter(table, name)
        row_filter: dict[str, Any] = {"FilterExpression": rows} if rows is not None else {"AllRowsWildcard": {}}
        self.lf.create_data_cells_filter(TableData={**made, "RowFilter": row_filter, "ColumnNames": list(columns)})
        return {"DataCellsFilter": made}

    def named_filter(self, table: str, name: str) -> dict[str, str]:
        return {"TableCatalogId": self.account, "DatabaseName": self.name, "TableName": table, "Name": name}

    def grant(self, who: "Person", resource: dict[str, Any], *permissions: str) -> None:
        principal = {"DataLakePrincipalIdentifier": who.arn}
        self.lf.grant_permissions(Principal=principal, Resource=resource, Permissions=list(permissions or ("SELECT",)))

    def revoke(self, who: "Person", resource: dict[str, Any], *permissions: str) -> None:
        principal = {"DataLakePrincipalIdentifier": who.arn}
        self.lf.revoke_permissions(Principal=principal, Resource=resource, Permissions=list(permissions or ("SELECT",)))

    def person(self, *more: dict[str, Any], services: Sequence[str] = ()) -> "Person":
        """Somebody with a role that may use the catalog and get data by Lake Formation, and has no right in S3."""
        name = f"person-{uuid.uuid4().hex[:8]}"
        who = {"AWS": self.account, "Service": ["glue.amazonaws.com", "sagemaker.amazonaws.com", *services]}
        trust = {"Effect": "Allow", "Principal": who, "Action": ["sts:AssumeRole", "sts:TagSession"]}
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
        allowed = {"Effect": "Allow", "Action": ["glue:*", "lakeformation:GetDataAccess"], "Resource": "*"}
        self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=_document(allowed, *more))
        return Person(self.server, arn)


@dataclass
class Person:
    """Somebody with a role."""

    server: Server
    arn: str

    @cached_property
    def key(self) -> dict[str, str]:
        """As boto3 takes a key."""
        return self.tagged()

    def tagged(self, **tags: str) -> dict[str, str]:
        """The key of a session with these tags."""
        asked = [{"Key": name, "Value": value} for name, value in tags.items()]
        sts = self.server.client("sts")
        key = sts.assume_role(RoleArn=self.arn, RoleSessionName="test", Tags=asked)["Credentials"]
        return given(key)

    def client(self, service: str, key: dict[str, str] | None = None) -> Any:
        return self.server.client(service, **(key or self.key))


def iceberg_of(server: Server, key: dict[str, Any] | None = None) -> Any:
    """PyIceberg's catalog with that key, or the root's."""
    key = key or dict(zip(("aws_access_key_id", "aws_secret_access_key"), server.key(), strict=True))
    given = {
        "access-key-id": key["aws_access_key_id"], "secret-access-key": key["aws_secret_access_key"],
        "session-token": key.get("aws_session_token", ""), "region": REGION,
    }  # fmt: skip
    ends = {"glue": server.endpoint, "s3": server.s3_endpoint}
    settings = {f"{end}.{name}": value for end in ends for name, value in given.items() if value}
    settings.update({f"{end}.endpoint": place for end, place in ends.items()})
    return load_catalog("of", type="glue", **{"py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO"}, **settings)


class DeltaLog:
    """A Delta table of people, in a folder for each city: what writers of Delta would leave."""

    def __init__(self, house: LakeHouse, table: str) -> None:
        self._house, self._root, self._next = house, f"wh/{table}", 0
        self._live: list[str] = []
        house.describe_as_delta(table)

    def commit(self, *values: dict[str, Any], removed: bool = False, **more: Any) -> None:
        """Add a file for each city, and remove, where it is asked, those that were there."""
        kinds = {"bigint": "long"}
        fields = [{"name": n, "type": kinds.get(t, t), "nullable": True, "metadata": {}} for n, t in TYPES.items()]
        schema = {"schemaString": json.dumps({"type": "struct", "fields": fields}), "partitionColumns": ["city"]}
        known = {"id": "x", "format": {"provider": "parquet", "options": {}}, "configuration": {}, **schema}
        actions: list[dict[str, Any]] = []
        if self._next == 0:
            actions = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": known}]
        if removed:
            actions += [{"remove": {"path": path, "dataChange": True}} for path in self._live]
            self._live = []
        for each in values:
            path = f"city={each['city']}/part-{self._next}.parquet"
            body = written(PEOPLE[PEOPLE["city"] == each["city"]].drop(columns="city"), "parquet")
            self._put(path, body)
            told = {"path": path, "partitionValues": each, "size": len(body), "modificationTime": 1, **more}
            actions.append({"add": {**told, "dataChange": True, "stats": '{"maxValues": {"ssn": "secret-9"}}'}})
            self._live.append(path)
        text = "".join(json.dumps(each) + "\n" for each in actions)
        self._put(f"_delta_log/{self._next:020}.json", text.encode())
        self._next += 1

    def _put(self, key: str, body: bytes) -> None:
        self._house.s3.put_object(Bucket=self._house.bucket, Key=f"{self._root}/{key}", Body=body)


def delta_of(who: Person, place: str) -> tuple[pd.DataFrame, str]:
    """The rows of a Delta table of one commit, with that person's key, and the text of its log."""
    s3, (bucket, _, prefix) = who.client("s3"), place.removeprefix("s3://").partition("/")

    def read(key: str) -> bytes:
        body: bytes = s3.get_object(Bucket=bucket, Key=f"{prefix}/{key}")["Body"].read()
        return body

    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/_delta_log/")["Contents"]
    (log,) = [read(each["Key"].removeprefix(f"{prefix}/")).decode() for each in listed]
    added = [action["add"] for action in map(json.loads, log.splitlines()) if "add" in action]
    frames = [
        pq.read_table(io.BytesIO(read(each["path"]))).to_pandas().assign(**each["partitionValues"]) for each in added
    ]
    return pd.concat(frames), log


def given(key: dict[str, str]) -> dict[str, str]:
    """A key that a service gave, as boto3 takes it."""
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
        "aws_session_token": key["SessionToken"],
    }


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def rows_of(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows that can be compared, whatever read them."""
    return sorted(tuple("" if pd.isna(each) else str(each) for each in row) for row in frame.itertuples(index=False))
