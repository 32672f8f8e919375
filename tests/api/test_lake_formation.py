"""Lake Formation: who may see which rows and columns, by whatever they read them, and what nobody gets past."""

import ast
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import awswrangler as wr
import boto3
import botocore.exceptions
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.api.lake_house import PEOPLE, LakeHouse, Person, rows_of
from tests.api.programs import Programs
from tests.api.spark_code import Spark
from tests.browsing import signed_in
from tests.conftest import REGION, Server
from tests.waiting import until

CELLS = PEOPLE.assign(
    name=PEOPLE["name"].where(PEOPLE["city"] == "paris"), amount=PEOPLE["amount"].where(PEOPLE["id"] > 5)
)
EXPECTED: dict[str, pd.DataFrame] = {
    "columns": PEOPLE[["id", "city"]],
    "rows": PEOPLE[(PEOPLE["city"] == "paris") & (PEOPLE["amount"] < 10)][["id", "name"]],
    "cells": CELLS[(PEOPLE["city"] == "paris") | (PEOPLE["id"] > 5)][["id", "name", "amount"]],
    "full": PEOPLE,
    "excluded": PEOPLE[["id", "name", "city"]],
    "masked": PEOPLE[PEOPLE["city"] == "rome"].drop(columns="ssn"),
    "tagged": PEOPLE[["id", "amount"]],
}
"""The raw table filtered by hand, for each grant that a reader has."""

Refused = botocore.exceptions.ClientError


def grant(house: LakeHouse, who: Person, table: str, kind: str) -> None:
    if kind == "columns":
        house.grant(who, house.columns(table, "id", "city"))
    elif kind == "rows":
        house.grant(who, house.filter(table, "rows", "city = 'paris' AND amount < 10", "id", "name"))
    elif kind == "cells":
        house.grant(who, house.filter(table, "paris", "city = 'paris'", "id", "name"))
        house.grant(who, house.filter(table, "late", "id > 5", "id", "amount"))
    elif kind == "full":
        house.grant(who, house.resource(table))
    elif kind == "excluded":
        hidden = {"ColumnWildcard": {"ExcludedColumnNames": ["ssn", "amount"]}}
        house.grant(who, {"TableWithColumns": {"DatabaseName": house.name, "Name": table, **hidden}})
    elif kind == "masked":
        made, hidden = house.named_filter(table, "rome"), {"ColumnWildcard": {"ExcludedColumnNames": ["ssn"]}}
        rows = {"RowFilter": {"FilterExpression": "city = 'rome'"}}
        house.lf.create_data_cells_filter(TableData={**made, **rows, **hidden})
        house.grant(who, {"DataCellsFilter": made})
    elif kind == "tagged":
        tag = {"TagKey": f"{house.name}_level", "TagValues": ["open", "closed"]}
        house.lf.create_lf_tag(**tag)
        of_open = [{**tag, "TagValues": ["open"]}]
        house.lf.add_lf_tags_to_resource(Resource=house.columns(table, "id", "amount"), LFTags=of_open)
        house.grant(who, {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": of_open}})


GRANTS = ("none", "columns", "rows", "cells", "full", "excluded", "masked", "tagged")
FORMATS = ("parquet", "orc", "lines", "csv", "json")


@pytest.fixture(scope="module")
def reader(house: LakeHouse) -> Person:
    """Who has each of the grants on a table of Parquet, and cells of one of every other format."""
    who = house.person()
    for kind in GRANTS:
        house.add(f"parquet_{kind}")
        grant(house, who, f"parquet_{kind}", kind)
    for form in FORMATS[1:]:
        house.add(f"{form}_rows", form)
        if form == "csv":
            # All its columns are texts.
            house.grant(who, house.filter("csv_rows", "rows", "city = 'paris'", "id", "name"))
        else:
            grant(house, who, f"{form}_rows", "rows")
    return who


TABLES = [f"parquet_{kind}" for kind in GRANTS[1:]] + [f"{form}_rows" for form in FORMATS[1:]]


NONE = "parquet_none"


def expected(table: str) -> list[tuple[str, ...]]:
    if table == "csv_rows":
        return rows_of(PEOPLE[PEOPLE["city"] == "paris"][["id", "name"]])
    return rows_of(EXPECTED[table.partition("_")[2]])


@pytest.fixture(scope="module")
def session(house: LakeHouse, reader: Person, glue: Any) -> Iterator[Spark]:
    session = Spark(glue, reader.arn, {})
    yield session
    session.stop()


def test_spark_in_a_session_sees_of_every_table_what_is_granted(house: LakeHouse, session: Spark) -> None:
    seen = session.run(f"""
def seen(table):
    rows = spark.table("{house.name}." + table).collect()
    return sorted(tuple("" if value is None else str(value) for value in row) for row in rows)
print({{table: seen(table) for table in {TABLES}}})
""")
    assert ast.literal_eval(seen) == {table: expected(table) for table in TABLES}


def test_pyarrow_and_pandas_see_the_same_at_the_table_s_location(
    house: LakeHouse, reader: Person, server: Server
) -> None:
    files = fs.S3FileSystem(
        endpoint_override=server.s3_endpoint,
        access_key=reader.key["aws_access_key_id"],
        secret_key=reader.key["aws_secret_access_key"],
        session_token=reader.key["aws_session_token"],
        region=REGION,
    )
    glue = reader.client("glue")
    for kind in GRANTS[1:]:
        storage = glue.get_table(DatabaseName=house.name, Name=f"parquet_{kind}")["Table"]["StorageDescriptor"]
        found = ds.dataset(storage["Location"].removeprefix("s3://"), filesystem=files, format="parquet")
        assert rows_of(found.to_table().to_pandas()) == expected(f"parquet_{kind}")
        assert [each["Name"] for each in storage["Columns"]] == list(EXPECTED[kind].columns)


def test_awswrangler_sees_the_same_by_the_table_s_name(
    house: LakeHouse, reader: Person, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
    session = boto3.Session(**reader.key, region_name=REGION)
    for kind in GRANTS[1:]:
        seen = wr.s3.read_parquet_table(f"parquet_{kind}", house.name, boto3_session=session)
        assert rows_of(seen) == expected(f"parquet_{kind}")


def test_a_grant_on_all_tables_of_a_database_is_one_on_those_that_come(server: Server) -> None:
    house = LakeHouse(server)
    who = house.person()
    house.grant(who, {"Table": {"DatabaseName": house.name, "TableWildcard": {}}})
    house.add("later")
    place = who.client("glue").get_table(DatabaseName=house.name, Name="later")["Table"]["StorageDescriptor"][
        "Location"
    ]
    raw = who.client("s3").get_object(
        Bucket=house.bucket, Key=f"{place.partition('://')[2].partition('/')[2]}/part-0.parquet"
    )
    assert rows_of(pq.read_table(io.BytesIO(raw["Body"].read())).to_pandas()) == rows_of(PEOPLE)
    house.close()


SEES = """
import json, os
import boto3, pyarrow.parquet as pq
glue, s3 = boto3.client("glue"), boto3.client("s3")
place = glue.get_table(DatabaseName=os.environ["DB"], Name="parquet_rows")["Table"]["StorageDescriptor"]["Location"]
bucket, _, prefix = place.removeprefix("s3://").partition("/")
for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix + "/")["Contents"]:
    s3.download_file(bucket, each["Key"], "/tmp/seen.parquet")
by_key = pq.read_table("/tmp/seen.parquet").to_pylist()
by_channel = pq.read_table("/opt/ml/processing/view").to_pylist()
try:
    raw = s3.get_object(Bucket=os.environ["RAW"], Key="wh/parquet_rows/part-0.parquet")["ETag"]
except Exception as error:
    raw = str(error)
print(json.dumps([by_key, by_channel, raw]))
"""


def test_a_processing_job_sees_what_its_role_does_by_its_key_and_in_its_channel(
    house: LakeHouse, reader: Person, client: Callable[..., Any], bucket: str
) -> None:
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
    who = house.person(own)
    house.grant(who, {"DataCellsFilter": house.named_filter("parquet_rows", "rows")})
    programs = Programs(client, who.arn, bucket)
    place = who.client("glue").get_table(DatabaseName=house.name, Name="parquet_rows")["Table"]["StorageDescriptor"]
    name = programs.process(
        SEES,
        [programs.given("view", f"{place['Location']}/")],
        Environment={"DB": house.name, "RAW": house.bucket},
    )
    with pytest.raises(Refused, match="No S3 objects found"):
        programs.process(SEES, [programs.given("view", f"s3://{house.bucket}/wh/parquet_rows/")])
    job = programs.processed(name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    by_key, by_channel, raw = json.loads(programs.said(name, "Processing")[0])
    assert rows_of(pd.DataFrame(by_key)) == rows_of(pd.DataFrame(by_channel)) == expected("parquet_rows")
    assert "AccessDenied" in raw


ATTACKS = {
    "the raw file": "s3.get_object(Bucket=bucket, Key=raw)",
    "its size": "s3.head_object(Bucket=bucket, Key=raw)",
    "its attributes": "s3.get_object_attributes(Bucket=bucket, Key=raw, ObjectAttributes=['ObjectSize'])",
    "its versions": "s3.list_object_versions(Bucket=bucket, Prefix=raw)",
    "what is being written there": "s3.list_multipart_uploads(Bucket=bucket, Prefix='wh/')",
    "the raw folder's list": "s3.list_objects_v2(Bucket=bucket, Prefix='wh/parquet_rows/')",
    "the bucket's list": "s3.list_objects_v2(Bucket=bucket)",
    "what lies beside a table that is open": "s3.list_objects_v2(Bucket=bucket, Prefix='wh/parquet_full')",
    "the raw path by Spark": "spark.read.parquet(f's3://{bucket}/wh/parquet_rows/').count()",
    "a copy of the raw file": "s3.copy_object(Bucket=bucket, Key='wh/parquet_full/x', CopySource=f'{bucket}/{raw}')",
    "a table of one's own over it": "spark.sql(f\"create table {db}.mine using parquet location '{over}'\")",
    "a partition of a table that is open, over it": "glue.create_partition(**table('parquet_full'), **partition)",
    "a table without a grant": "spark.table(f'{db}.parquet_none').count()",
    "a column without a grant": "spark.sql(f'select ssn from {db}.parquet_rows').count()",
    "the table's versions": "glue.get_table_versions(**table('parquet_rows'))",
    "its unfiltered metadata": "glue.get_unfiltered_table_metadata(CatalogId=account, **named, **types)",
    "its credentials": "lf.get_temporary_glue_table_credentials(TableArn=arn, **types)",
    "those of its place": "lf.get_temporary_data_location_credentials(DataLocations=[over])",
    "a grant to oneself": "lf.grant_permissions(Principal=me, Resource={'Table': named}, Permissions=['SELECT'])",
    "the filter": "lf.get_data_cells_filter(TableCatalogId=account, **table('parquet_rows'), Name='rows')",
    "the bucket of the views": "s3.list_objects_v2(Bucket=views)",
    "another's view": "s3.list_objects_v2(Bucket=views, Prefix=other + '/')",
    "a write into one's own view": "s3.put_object(Bucket=views, Key=own + '/x.parquet', Body=b'')",
    "a delete in it": "s3.delete_object(Bucket=views, Key=own + '/x.parquet')",
    "a copy out of it": "s3.copy_object(Bucket=bucket, Key='wh/parquet_full/x', CopySource=f'{views}/{own}/x')",
    "its policy": "s3.put_bucket_policy(Bucket=views, Policy='{}')",
    "versions of it": "s3.list_object_versions(Bucket=views, Prefix=own + '/')",
    "a step out of it": "s3.list_objects_v2(Bucket=views, Prefix=own + '/../' + other)",
    "INSERT": "spark.sql(f'insert into {db}.parquet_columns values (1, null)')",
    "a change of the table": "spark.sql(f\"alter table {db}.parquet_rows set tblproperties ('a' = 'b')\")",
    "DROP": "spark.sql(f'drop table {db}.parquet_rows')",
    "the folder of the views' makers": "open(data + '/governed-views/x')",
}
"""What who sees a part may try from within a session: all of it is refused."""

REFUSALS = (
    "AccessDenied",
    "Insufficient Lake Formation",
    "Forbidden",
    "cannot be resolved",
    "No such file",
    "not allowed",
    "not authorized",
    "InvalidURI",
    "403",
)


SETUP = """
import boto3
from botocore.config import Config
once = Config(retries={"total_max_attempts": 1})
s3, glue, lf = (boto3.client(name, config=once) for name in ("s3", "glue", "lakeformation"))
raw, over = "wh/parquet_rows/part-0.parquet", f"s3://{bucket}/wh/parquet_rows/"
def table(name): return {"DatabaseName": db, "TableName": name}
named, types = {"DatabaseName": db, "Name": "parquet_rows"}, {"SupportedPermissionTypes": ["CELL_FILTER_PERMISSION"]}
partition = {"PartitionInput": {"Values": [], "StorageDescriptor": {"Location": over}}}
arn = f"arn:aws:glue:eu-central-1:{account}:table/{db}/parquet_rows"
me = {"DataLakePrincipalIdentifier": role}
print()
"""


@pytest.fixture(scope="module")
def attacking(house: LakeHouse, reader: Person, session: Spark, server: Server) -> Callable[[str], str]:
    """What an expression is in the session, or the error that it raises."""
    stranger = house.person()
    house.grant(stranger, house.columns("parquet_rows", "ssn"))

    def location(who: Person) -> str:
        table = who.client("glue").get_table(DatabaseName=house.name, Name="parquet_rows")["Table"]
        return str(table["StorageDescriptor"]["Location"]).removeprefix("s3://")

    views, _, own = location(reader).partition("/")
    known = {
        "bucket": house.bucket, "db": house.name, "account": house.account, "role": reader.arn, "views": views,
        "own": own, "other": location(stranger).partition("/")[2], "data": str(server.data),
    }  # fmt: skip
    session.run("".join(f"{name} = {value!r}\n" for name, value in known.items()) + SETUP)

    def attack(expression: str) -> str:
        return session.run(
            f"try: print('WENT THROUGH', {expression})\nexcept BaseException as error: print(type(error).__name__, error)"
        )

    return attack


@pytest.mark.parametrize("attack", ATTACKS)
def test_from_within_a_session_there_is_no_way_to_the_rest(attacking: Callable[[str], str], attack: str) -> None:
    said = attacking(ATTACKS[attack])
    assert "WENT THROUGH" not in said
    assert any(word in said for word in REFUSALS), said
    assert "secret-" not in said


def test_files_of_a_view_have_nothing_of_what_is_hidden(house: LakeHouse, reader: Person) -> None:
    glue, s3 = reader.client("glue"), reader.client("s3")
    for table in TABLES:
        if table != "parquet_full":
            place = glue.get_table(DatabaseName=house.name, Name=table)["Table"]["StorageDescriptor"]["Location"]
            bucket, _, prefix = place.removeprefix("s3://").partition("/")
            for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]:
                body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                assert b"secret-" not in body
                assert b"ssn" not in body
                assert b"rome" not in body or table in ("parquet_columns", "parquet_excluded", "parquet_masked")
                assert b"paris" not in body or table != "parquet_masked"


def test_a_revocation_is_in_force_at_the_next_request(house: LakeHouse) -> None:
    who = house.person()
    house.add("revoked")
    house.grant(who, house.columns("revoked", "id"))
    glue, s3 = who.client("glue"), who.client("s3")
    place = glue.get_table(DatabaseName=house.name, Name="revoked")["Table"]["StorageDescriptor"]["Location"]
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    key = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"][0]["Key"]
    house.revoke(who, house.columns("revoked", "id"))
    for ask in (
        lambda: s3.get_object(Bucket=bucket, Key=key),
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/"),
        lambda: glue.get_table(DatabaseName=house.name, Name="revoked"),
    ):
        with pytest.raises(Refused, match="AccessDenied"):
            ask()


def test_a_session_that_has_read_a_table_reads_it_no_more_after_a_revocation(
    house: LakeHouse, reader: Person, session: Spark
) -> None:
    house.add("warm")
    house.grant(reader, house.columns("warm", "id"))
    read = f"""
try: print('READ', spark.table('{house.name}.warm').count())
except Exception as error: print(type(error).__name__, error)
"""
    assert "READ 12" in session.run(read)
    house.revoke(reader, house.columns("warm", "id"))
    said = session.run(read)
    assert "READ" not in said
    assert any(word in said for word in REFUSALS), said


def test_who_may_select_all_and_insert_writes_and_nobody_else(house: LakeHouse) -> None:
    who = house.person()
    house.add("written")
    house.grant(who, house.resource("written"))
    s3 = who.client("s3")
    with pytest.raises(Refused, match="AccessDenied"):
        s3.put_object(Bucket=house.bucket, Key="wh/written/more", Body=b"x")
    house.grant(who, house.resource("written"), "INSERT")
    s3.put_object(Bucket=house.bucket, Key="wh/written/more", Body=b"x")
    with pytest.raises(Refused, match="AccessDenied"):
        s3.delete_object(Bucket=house.bucket, Key="wh/written/more")


def test_an_explicit_denial_of_iam_is_stronger_than_a_grant(house: LakeHouse) -> None:
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    who = house.person(denied)
    house.add("denied")
    house.grant(who, house.resource("denied"))
    with pytest.raises(Refused, match="explicit deny"):
        who.client("s3").get_object(Bucket=house.bucket, Key="wh/denied/part-0.parquet")


def test_the_buckets_of_views_are_in_no_list_and_nobody_s_to_make(house: LakeHouse, reader: Person) -> None:
    names = [each["Name"] for each in house.s3.list_buckets()["Buckets"]]
    assert [name for name in names if name.startswith("studiolo-lake-")] == []
    with pytest.raises(Refused, match="AccessDenied"):
        house.s3.create_bucket(Bucket="studiolo-lake-123456789012-eu-west-3")


def test_glue_writes_no_metadata_of_a_table_into_a_governed_view(house: LakeHouse, reader: Person) -> None:
    """It writes in the name of who asks, and past the S3 door: whom IAM lets do everything in S3, say."""
    who = house.person({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    seen = reader.client("glue").get_table(DatabaseName=house.name, Name="parquet_rows")["Table"]
    place = f"{seen['StorageDescriptor']['Location']}/x"
    fields = [{"Id": 1, "Name": "id", "Type": "long", "Required": False}]
    asked = {"Location": place, "Schema": {"Type": "struct", "Fields": fields}}
    iceberg = {"MetadataOperation": "CREATE", "Version": "2", "CreateIcebergTableInput": asked}
    with pytest.raises(Refused, match="governed views"):
        who.client("glue").create_table(
            DatabaseName=house.name, Name="poison", OpenTableFormatInput={"IcebergInput": iceberg}
        )


def test_who_read_what_and_who_was_refused_stands_in_a_log_group(house: LakeHouse, server: Server) -> None:
    who = house.person()
    house.add("audited")
    house.grant(who, house.filter("audited", "rows", "city = 'paris'", "id", "name"))
    s3 = who.client("s3")
    place = who.client("glue").get_table(DatabaseName=house.name, Name="audited")["Table"]["StorageDescriptor"]
    bucket, _, prefix = place["Location"].removeprefix("s3://").partition("/")
    key = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"][0]["Key"]
    s3.get_object(Bucket=bucket, Key=key)
    with pytest.raises(Refused, match="AccessDenied"):
        s3.get_object(Bucket=house.bucket, Key="wh/audited/part-0.parquet")
    logs = server.client("logs")

    def told() -> dict[tuple[str, bool], Any]:
        try:
            found = logs.filter_log_events(logGroupName="/aws/lakeformation/data-access")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return {}
        events = [json.loads(each["message"]) for each in found if who.arn.rpartition("/")[2] in each["message"]]
        return {(each["by"], each["allowed"]): each for each in events if each["action"] == "s3:GetObject"}

    until(lambda: len(told()) == 2)
    seen, refused = told()["view", True], told()["table", False]
    assert seen["table"] == f"{house.name}.audited"
    assert seen["filters"] == [{"rows": "city = 'paris'", "columns": ["id", "name"]}]
    assert seen["paths"] == [f"s3://{bucket}/{key}"]
    assert refused["paths"] == [f"s3://{house.bucket}/wh/audited/part-0.parquet"]


def test_the_console_tells_a_steward_why_somebody_sees_what_and_nobody_else(
    house: LakeHouse, reader: Person, server: Server
) -> None:
    other = house.person({"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"})
    house.grant(other, house.columns("parquet_rows", "id"))
    steward, who = signed_in(server), signed_in(server, "--role", other.arn)
    asked = {each: f"/catalog/{house.name}/{each}?tab=permissions&who={quote(reader.arn)}" for each in (*TABLES, NONE)}
    for browser in (steward, who):
        browser.open("/region", {"region": REGION})
    page = steward.open(asked["parquet_rows"])
    words = page.words
    assert "A governed view, of these rows and columns" in words
    assert f"SELECT on the data cells filter rows of {house.name}.parquet_rows, granted to {reader.arn}" in words
    assert "All of it, at its location" in steward.open(asked["parquet_full"]).words
    assert "Nothing: no grant has SELECT" in steward.open(asked[NONE]).words
    place = reader.client("glue").get_table(DatabaseName=house.name, Name="parquet_rows")["Table"]["StorageDescriptor"]
    bucket, _, view = place["Location"].removeprefix("s3://").partition("/")
    reader.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{view}/")
    (events,) = re.findall(r'href="([^"]*/logs/group[^"]*)"', page.text)
    until(lambda: "s3:ListBucket" in steward.open(html.unescape(events)).words)
    words = who.open(asked["parquet_rows"]).words
    assert "Administrators of the data lake are told, and nobody else" in words
    assert "amount" not in words


def test_a_preview_of_a_filter_shows_nobody_more_than_he_may_read(
    house: LakeHouse, reader: Person, server: Server
) -> None:
    who, place = signed_in(server, "--role", reader.arn), f"/catalog/{house.name}/parquet_rows/filter"
    who.open("/region", {"region": REGION})
    count = len(EXPECTED["rows"])
    assert f"{count} of the first {count} rows show" in who.open(f"{place}?rows={quote('id >= 0')}").words
    for hidden in ("ssn like '%'", "city = 'rome'"):
        words = who.open(f"{place}?rows={quote(hidden)}").words
        assert "rows show" not in words
        assert "secret-" not in words


def test_batches_tell_which_entries_failed(house: LakeHouse, reader: Person) -> None:
    principal = {"DataLakePrincipalIdentifier": reader.arn}
    entries = [
        {"Id": "1", "Principal": principal, "Resource": house.resource("parquet_none"), "Permissions": ["DESCRIBE"]},
        {"Id": "2", "Principal": principal, "Resource": house.resource("missing"), "Permissions": ["SELECT"]},
        {
            "Id": "3",
            "Principal": principal,
            "Resource": house.resource("parquet_none"),
            "Permissions": ["CREATE_TABLE"],
        },
    ]
    failures = house.lf.batch_grant_permissions(Entries=entries)["Failures"]
    house.revoke(reader, house.resource("parquet_none"), "DESCRIBE")
    found = [(each["RequestEntry"]["Id"], each["Error"]["ErrorCode"]) for each in failures]
    assert found == [("2", "EntityNotFoundException"), ("3", "InvalidInputException")]


def test_the_permissions_on_a_table_have_those_on_its_filters_where_that_is_asked_for(
    house: LakeHouse, reader: Person
) -> None:
    table, mine = {"Resource": house.resource("parquet_rows")}, house.named_filter("parquet_rows", "rows")

    def listed(**more: str) -> list[dict[str, Any]]:
        found = house.lf.list_permissions(**table, **more)["PrincipalResourcePermissions"]
        return [each["Resource"].get("DataCellsFilter") for each in found]

    assert (mine in listed(), mine in listed(IncludeRelated="TRUE")) == (False, True)
    with pytest.raises(Refused, match="InvalidInput.*Leave out Principal"):
        principal = {"DataLakePrincipalIdentifier": reader.arn}
        house.lf.list_permissions(**table, IncludeRelated="TRUE", Principal=principal)


def test_permissions_for_a_path_are_those_on_what_lies_there(house: LakeHouse, reader: Person) -> None:
    found = house.lf.get_effective_permissions_for_path(ResourceArn=f"arn:aws:s3:::{house.bucket}/wh/parquet_columns")
    told = {each["Principal"]["DataLakePrincipalIdentifier"]: each["Resource"] for each in found["Permissions"]}
    assert told[reader.arn]["TableWithColumns"]["ColumnNames"] == ["city", "id"]
