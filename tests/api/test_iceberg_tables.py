"""Iceberg tables that CreateTable and UpdateTable themselves make: PyIceberg reads and appends to them."""

import gzip
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog import Catalog, load_catalog

from tests.conftest import REGION, Server

CREATE = {"MetadataOperation": "CREATE", "Version": "2"}
SCHEMA = {
    "Type": "struct",
    "Fields": [
        {"Id": 1, "Name": "station", "Type": "string", "Required": True, "Doc": "where"},
        {"Id": 2, "Name": "pm", "Type": "float", "Required": False},
        {
            "Id": 3,
            "Name": "tags",
            "Type": {"type": "list", "element-id": 4, "element": "string", "element-required": False},
            "Required": False,
        },
    ],
    "IdentifierFieldIds": [1],
}
BY_STATION = {"Fields": [{"SourceId": 1, "Transform": "identity", "Name": "station"}]}
BY_PM = {
    "OrderId": 1,
    "Fields": [{"SourceId": 2, "Transform": "identity", "Direction": "desc", "NullOrder": "nulls-last"}],
}


@pytest.fixture(scope="module")
def database(glue: Any) -> Iterator[str]:
    name = f"ice_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    yield name
    glue.delete_database(Name=name)


@pytest.fixture(scope="module")
def catalog(server: Server) -> Catalog:
    """PyIceberg's Glue catalog."""
    identity, secret = server.key()
    key = {"access-key-id": identity, "secret-access-key": secret, "region": REGION}
    return load_catalog(
        "made by Glue",
        type="glue",
        **{f"{service}.{name}": value for service in ("glue", "s3") for name, value in key.items()},
        **{"glue.endpoint": server.endpoint, "s3.endpoint": server.s3_endpoint},
    )


@pytest.fixture
def events(glue: Any, database: str, bucket: str) -> str:
    """The name of an Iceberg table, partitioned by station."""
    name = f"events_{uuid.uuid4().hex[:8]}"
    asked = {
        "Location": f"s3://{bucket}/{name}",
        "Schema": SCHEMA,
        "PartitionSpec": BY_STATION,
        "WriteOrder": BY_PM,
        "Properties": {"owner": "ann"},
    }
    iceberg = {"IcebergInput": {**CREATE, "CreateIcebergTableInput": asked}}
    glue.create_table(DatabaseName=database, Name=name, OpenTableFormatInput=iceberg)
    return name


def change(glue: Any, database: str, table: str, *updates: dict[str, Any], **more: Any) -> None:
    location = glue.get_table(DatabaseName=database, Name=table)["Table"]["StorageDescriptor"]["Location"]
    asked = [{"Schema": SCHEMA, "Location": location, **update} for update in updates]
    iceberg = {"UpdateIcebergInput": {"UpdateIcebergTableInput": {"Updates": asked}}}
    glue.update_table(DatabaseName=database, Name=table, UpdateOpenTableFormatInput=iceberg, **more)


def wider(*fields: dict[str, Any]) -> dict[str, Any]:
    """The schema with `pm` as a double, and more fields."""
    first, pm, tags = SCHEMA["Fields"]
    return {**SCHEMA, "Fields": [first, {**pm, "Type": "double"}, tags, *fields]}


def test_a_table_that_glue_made_is_pyiceberg_s_to_append_to(
    glue: Any, catalog: Catalog, database: str, events: str
) -> None:
    table = catalog.load_table(f"{database}.{events}")
    assert (table.metadata.format_version, table.properties) == (2, {"owner": "ann"})
    assert [each.name for each in table.spec().fields] == ["station"]
    assert str(table.sort_order().fields[0]) == "2 DESC NULLS LAST"
    table.append(pa.Table.from_pylist([{"station": "a", "pm": 1.5, "tags": ["x"]}], schema=table.schema().as_arrow()))
    assert catalog.load_table(f"{database}.{events}").scan().to_arrow().to_pylist()[0]["tags"] == ["x"]


def test_the_data_catalog_shows_its_columns_in_hive_s_words(glue: Any, database: str, events: str) -> None:
    found = glue.get_table(DatabaseName=database, Name=events)["Table"]
    assert (found["TableType"], found["Parameters"]["table_type"]) == ("EXTERNAL_TABLE", "ICEBERG")
    columns = {each["Name"]: each["Type"] for each in found["StorageDescriptor"]["Columns"]}
    assert columns == {"station": "string", "pm": "float", "tags": "array<string>"}
    assert found["StorageDescriptor"]["Columns"][0]["Parameters"]["iceberg.field.optional"] == "false"


def test_its_latest_metadata_are_given_where_asked_for(glue: Any, database: str, events: str) -> None:
    wanted = {"DatabaseName": database, "Name": events}
    assert "IcebergTableMetadata" not in glue.get_table(**wanted)["Table"]
    found = glue.get_table(**wanted, AttributesToGet=["DEFAULT", "LATEST_ICEBERG_METADATA"])["Table"]
    assert found["StorageDescriptor"]["Location"] == found["IcebergTableMetadata"]["Location"]
    alone = glue.get_table(**wanted, AttributesToGet=["LATEST_ICEBERG_METADATA"])["Table"]
    assert "StorageDescriptor" not in alone
    metadata = alone["IcebergTableMetadata"]
    (schema,) = metadata["Schemas"]
    assert [(each["Id"], each["Name"], each["Required"]) for each in schema["Fields"]] == [
        (1, "station", True),
        (2, "pm", False),
        (3, "tags", False),
    ]
    assert schema["Fields"][2]["Type"] == SCHEMA["Fields"][2]["Type"]
    assert metadata["PartitionSpecs"] == [{"SpecId": 0, "Fields": [{**BY_STATION["Fields"][0], "FieldId": 1000}]}]
    assert metadata["SortOrders"] == [BY_PM]
    with pytest.raises(glue.exceptions.InvalidInputException, match="AttributesToGet must have"):
        glue.get_table(**wanted, AttributesToGet=["NAME"])


def test_a_table_of_hive_s_columns_is_made_too_and_keeps_them(
    glue: Any, catalog: Catalog, database: str, bucket: str
) -> None:
    columns = [
        {"Name": "a", "Type": "struct<x:int,y:array<decimal(4,2)>>"},
        {"Name": "b", "Type": "map<string,bigint>"},
    ]
    storage = {"Columns": columns, "Location": f"s3://{bucket}/hive/"}
    asked = {"Name": "hive", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
    glue.create_table(DatabaseName=database, TableInput=asked, OpenTableFormatInput={"IcebergInput": CREATE})
    assert str(catalog.load_table(f"{database}.hive").schema().as_struct()) == (
        "struct<1: a: optional struct<3: x: optional int, 4: y: optional list<decimal(4, 2)>>, "
        "2: b: optional map<string, long>>"
    )
    found = glue.get_table(DatabaseName=database, Name="hive")["Table"]["StorageDescriptor"]
    assert (found["Columns"], found["Location"]) == (columns, f"s3://{bucket}/hive/")


def test_schema_partitions_order_and_properties_change_and_old_rows_stay(
    glue: Any, catalog: Catalog, database: str, events: str
) -> None:
    table = catalog.load_table(f"{database}.{events}")
    table.append(pa.Table.from_pylist([{"station": "a", "pm": 1.5}], schema=table.schema().as_arrow()))
    version = glue.get_table(DatabaseName=database, Name=events)["Table"]["VersionId"]
    schema = wider({"Id": 5, "Name": "day", "Type": "date", "Required": False})
    spec = {"Fields": [*BY_STATION["Fields"], {"SourceId": 5, "Transform": "month", "Name": "in_month"}]}
    order = {**BY_PM, "Fields": [{**BY_PM["Fields"][0], "SourceId": 5}]}
    update = {"Schema": schema, "PartitionSpec": spec, "SortOrder": order, "Properties": {"owner": "bob"}}
    change(glue, database, events, update, VersionId=version)
    table = catalog.load_table(f"{database}.{events}")
    assert [(each.field_id, each.name) for each in table.spec().fields] == [(1000, "station"), (1001, "in_month")]
    assert (str(table.sort_order().fields[0]), table.properties) == ("5 DESC NULLS LAST", {"owner": "bob"})
    assert table.scan().to_arrow().to_pylist() == [{"station": "a", "pm": 1.5, "tags": None, "day": None}]
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        change(glue, database, events, {"Properties": {"owner": "eve"}}, VersionId=version)
    assert catalog.load_table(f"{database}.{events}").properties == {"owner": "bob"}


def test_an_update_does_what_its_action_says_and_no_more(
    glue: Any, catalog: Catalog, database: str, bucket: str, events: str
) -> None:
    moved = f"s3://{bucket}/moved"
    change(
        glue,
        database,
        events,
        {"Action": "add-schema", "Schema": wider()},
        {"Action": "set-properties", "Properties": {"a": "1", "b": "2"}},
        {"Action": "remove-properties", "Properties": {"a": ""}},
        {"Action": "set-location", "Location": moved},
    )
    table = catalog.load_table(f"{database}.{events}")
    assert (len(table.schemas()), str(table.schema().find_type("pm"))) == (2, "float")
    assert (table.properties, table.location()) == ({"owner": "ann", "b": "2"}, moved)
    change(glue, database, events, {"Action": "set-current-schema", "Schema": wider()})
    table = catalog.load_table(f"{database}.{events}")
    assert (len(table.schemas()), str(table.schema().find_type("pm"))) == (2, "double")
    assert len(table.metadata.metadata_log) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([{"Id": 2, "Name": "pm", "Type": "string", "Required": False}], "cannot become string"),
        ([SCHEMA["Fields"][1], {"Id": 9, "Name": "new", "Type": "int", "Required": True}], "cannot be required"),
        ([{"Id": 2, "Name": "pm", "Type": "float", "Required": True}], "cannot become required"),
        ([{"Id": 2, "Name": "pm", "Type": "tensor", "Required": False}], "Unsupported field type: 'tensor'"),
    ],
)
def test_a_schema_that_old_rows_do_not_fit_is_refused(
    glue: Any, database: str, events: str, fields: list[dict[str, Any]], said: str
) -> None:
    schema = {**SCHEMA, "Fields": [SCHEMA["Fields"][0], *fields]}
    with pytest.raises(glue.exceptions.InvalidInputException, match=said):
        change(glue, database, events, {"Schema": schema})


HIVE = {
    "Name": "no",
    "TableType": "EXTERNAL_TABLE",
    "StorageDescriptor": {"Columns": [], "Location": "s3://no-such-bucket/y"},
}
BY_NAME = {"Location": "s3://no-such-bucket/y", "Schema": SCHEMA}


@pytest.mark.parametrize(
    ("asked", "iceberg", "said"),
    [
        ({"TableInput": {**HIVE, "TableType": "VIRTUAL_VIEW"}}, CREATE, "Iceberg table type has to be EXTERNAL_TABLE"),
        (
            {"TableInput": {**HIVE, "StorageDescriptor": {}}},
            CREATE,
            "Location information cannot be null while creating an iceberg table",
        ),
        (
            {"TableInput": {**HIVE, "PartitionKeys": [{"Name": "k"}]}},
            CREATE,
            "Cannot create partitions in an iceberg table",
        ),
        (
            {"TableInput": HIVE},
            {**CREATE, "CreateIcebergTableInput": BY_NAME},
            "Table metadata information present at multiple parts of input request",
        ),
        (
            {"TableInput": HIVE, "PartitionIndexes": [{"IndexName": "by_k", "Keys": ["k"]}]},
            CREATE,
            "An Iceberg table has no partition indexes",
        ),
        ({"Name": "no"}, CREATE, "CreateIcebergTableInput cannot be equal to null"),
        ({"TableInput": {**HIVE, "StorageDescriptor": {"Location": "/tmp"}}}, CREATE, "not of the form s3://"),
        ({"TableInput": HIVE}, {**CREATE, "Version": "3"}, "format versions 1 and 2"),
        ({"TableInput": HIVE}, CREATE, "bucket does not exist"),
        (
            {"Name": "no"},
            {**CREATE, "CreateIcebergTableInput": {**BY_NAME, "PartitionSpec": {"Fields": [
                {"SourceId": 1, "Transform": "day", "Name": "d"}
            ]}}},
            "type string for transform: day",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_an_iceberg_table_is_refused_and_not_made(
    glue: Any, database: str, asked: dict[str, Any], iceberg: dict[str, Any], said: str
) -> None:
    with pytest.raises(glue.exceptions.InvalidInputException, match=said):
        glue.create_table(DatabaseName=database, OpenTableFormatInput={"IcebergInput": iceberg}, **asked)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName=database, Name="no")


def test_a_table_of_the_same_name_is_refused_and_leaves_no_files(
    glue: Any, client: Callable[..., Any], database: str, bucket: str, events: str
) -> None:
    asked = {**BY_NAME, "Location": f"s3://{bucket}/second-{events}"}
    with pytest.raises(glue.exceptions.AlreadyExistsException, match="Table already exists"):
        glue.create_table(
            DatabaseName=database,
            Name=events.upper(),
            OpenTableFormatInput={"IcebergInput": {**CREATE, "CreateIcebergTableInput": asked}},
        )
    assert client("s3").list_objects_v2(Bucket=bucket, Prefix=f"second-{events}")["KeyCount"] == 0


def glue_of_another(server: Server) -> Any:
    """A client with the key of a role that may do all in Glue, and nothing else."""
    iam, sts, name = server.client("iam"), server.client("sts"), f"glue-only-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": sts.get_caller_identity()["Account"]}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": "glue:*", "Resource": "*"}
    trusted, allowed = (json.dumps({"Version": "2012-10-17", "Statement": [each]}) for each in (trust, may))
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="glue", PolicyDocument=allowed)
    key = sts.assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
    return server.client(
        "glue",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )


def test_a_caller_who_may_not_write_there_makes_no_table(server: Server, database: str, bucket: str) -> None:
    glue = glue_of_another(server)
    asked = {**BY_NAME, "Location": f"s3://{bucket}/denied"}
    with pytest.raises(ClientError, match="not authorized to perform: s3:PutObject") as denied:
        glue.create_table(
            DatabaseName=database,
            Name="denied",
            OpenTableFormatInput={"IcebergInput": {**CREATE, "CreateIcebergTableInput": asked}},
        )
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"


def test_metadata_that_cannot_be_read_are_told_so(
    glue: Any, client: Callable[..., Any], database: str, bucket: str
) -> None:
    """A file that is no metadata, one that would fill the memory when it is unpacked, and none at all."""
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="bad/words.metadata.json", Body=b'{"format-version": 2}')
    s3.put_object(Bucket=bucket, Key="bad/bomb.gz.metadata.json", Body=gzip.compress(bytes(65 * 1024 * 1024)))
    names = {
        "words": "not an Iceberg table",
        "bomb.gz": "larger than",
        "none": "does not exist",
        # Who may read it is decided by the name as it is written, which the store need not take so.
        "none/../words": "has . or .. in it",
    }
    for name, said in names.items():
        parameters = {"table_type": "ICEBERG", "metadata_location": f"s3://{bucket}/bad/{name}.metadata.json"}
        glue.create_table(DatabaseName=database, TableInput={"Name": "bad", "Parameters": parameters})
        with pytest.raises(glue.exceptions.InvalidInputException, match=said):
            glue.get_table(DatabaseName=database, Name="bad", AttributesToGet=["LATEST_ICEBERG_METADATA"])
        glue.delete_table(DatabaseName=database, Name="bad")


def test_a_type_of_hundreds_of_levels_is_refused(glue: Any, database: str, events: str) -> None:
    deep: Any = "int"
    for number in range(400):
        deep = {"type": "list", "element-id": 10 + number, "element": deep, "element-required": False}
    schema = {**SCHEMA, "Fields": [*SCHEMA["Fields"], {"Id": 9, "Name": "deep", "Type": deep, "Required": False}]}
    with pytest.raises(ClientError) as refused:
        change(glue, database, events, {"Schema": schema})
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_only_iceberg_tables_are_changed_as_iceberg_tables(glue: Any, database: str) -> None:
    glue.create_table(DatabaseName=database, TableInput={"Name": "plain", "StorageDescriptor": {"Location": "s3://x"}})
    with pytest.raises(glue.exceptions.InvalidInputException, match="not an Iceberg table"):
        change(glue, database, "plain", {})
