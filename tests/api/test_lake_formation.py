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
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.api.lake_house import PEOPLE, DeltaLog, LakeHouse, Person, delta_of, given, iceberg_of
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


@pytest.fixture(scope="module")
def house(server: Server) -> Iterator[LakeHouse]:
    house = LakeHouse(server)
    yield house
    house.close()


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


def rows_of(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Rows that can be compared, whatever read them."""
    return sorted(tuple("" if pd.isna(each) else str(each) for each in row) for row in frame.itertuples(index=False))


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


def test_a_view_follows_the_raw_files_and_only_what_is_asked_for_is_made(house: LakeHouse) -> None:
    who = house.person()
    house.add("days", partitioned=True)
    house.grant(who, house.filter("days", "paris", "city = 'paris'", "id", "day"))
    found = who.client("glue").get_partitions(DatabaseName=house.name, TableName="days", Expression="day = '2'")
    (place,) = [each["StorageDescriptor"]["Location"] for each in found["Partitions"]]
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    s3 = who.client("s3")

    def ids(prefix: str) -> list[int]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        files = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed]
        return [each for file in files for each in pq.read_table(io.BytesIO(file)).column("id").to_pylist()]

    assert ids(f"{prefix}/") == [100, 103, 106, 109]
    house.s3.delete_object(Bucket=house.bucket, Key="wh/days/day=2/part-0.parquet")
    assert ids(f"{prefix}/") == []
    assert ids(prefix.partition("/")[0] + "/") == [0, 3, 6, 9]


def test_a_part_of_an_iceberg_table_is_a_table_of_its_own(house: LakeHouse, server: Server) -> None:
    who, frame = house.person(), pa.Table.from_pandas(PEOPLE)
    name = f"{house.name}.ice"
    whole = iceberg_of(server).create_table(name, schema=frame.schema, location=f"s3://{house.bucket}/wh/ice")
    whole.append(frame)
    whole.delete("id == 3")
    house.leave_to_lake_formation("ice")
    house.grant(who, house.filter("ice", "rows", "city = 'paris' AND amount < 10", "id", "name"))
    mine = iceberg_of(server, who.key)
    left = PEOPLE[(PEOPLE["city"] == "paris") & (PEOPLE["amount"] < 10) & (PEOPLE["id"] != 3)]
    part = mine.load_table(name)
    assert rows_of(part.scan().to_pandas()) == rows_of(left[["id", "name"]])
    # It has no history, and nothing of the raw table's files.
    assert len(part.metadata.snapshots) == 1
    told = part.metadata.model_dump_json() + str(part.inspect.files().to_pylist())
    assert not [word for word in (house.bucket, "ssn", "secret-", "name 3", "name 9") if word in told]
    whole.append(frame.slice(0, 1))
    assert len(mine.load_table(name).scan().to_pandas()) == len(left) + 1
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        part.append(part.scan().to_arrow())
    house.revoke(who, {"DataCellsFilter": house.named_filter("ice", "rows")})
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        part.scan().to_pandas()


def test_glue_tells_and_changes_an_iceberg_table_s_metadata_by_what_is_granted_on_it(
    house: LakeHouse, server: Server
) -> None:
    schema = pa.Table.from_pandas(PEOPLE).schema
    iceberg_of(server).create_table(f"{house.name}.told", schema=schema, location=f"s3://{house.bucket}/wh/told")
    house.leave_to_lake_formation("told")
    whole, part = house.person(), house.person()
    house.grant(whole, house.resource("told"), "SELECT", "INSERT", "ALTER")
    house.grant(part, house.columns("told", "id"))
    told = {"DatabaseName": house.name, "Name": "told"}
    asked = {**told, "AttributesToGet": ["LATEST_ICEBERG_METADATA"]}
    metadata = whole.client("glue").get_table(**asked)["Table"]["IcebergTableMetadata"]
    assert [each["Name"] for each in metadata["Schemas"][0]["Fields"]] == schema.names
    change = {"Schema": metadata["Schemas"][0], "Location": metadata["Location"], "Properties": {"a": "b"}}
    update = {"UpdateIcebergInput": {"UpdateIcebergTableInput": {"Updates": [change]}}}
    whole.client("glue").update_table(**told, UpdateOpenTableFormatInput=update)
    assert whole.client("glue").get_table(**asked)["Table"]["IcebergTableMetadata"]["Properties"]["a"] == "b"
    with pytest.raises(Refused, match="Required Select"):
        part.client("glue").get_table(**asked)
    with pytest.raises(Refused, match="Required Alter"):
        part.client("glue").update_table(**told, UpdateOpenTableFormatInput=update)


def test_a_part_of_a_delta_table_is_a_table_of_its_own(house: LakeHouse) -> None:
    who = house.person()
    log = DeltaLog(house, "delta")
    log.commit({"city": "paris"}, {"city": "rome"})
    house.grant(who, house.filter("delta", "rows", "city = 'paris' AND amount < 10", "id", "city"))
    table = who.client("glue").get_table(DatabaseName=house.name, Name="delta")["Table"]
    assert table["Parameters"]["spark.sql.sources.provider"] == "delta"
    place = table["StorageDescriptor"]["Location"]
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"]["path"] == place
    left = PEOPLE[(PEOPLE["city"] == "paris") & (PEOPLE["amount"] < 10)][["id", "city"]]
    seen, told = delta_of(who, place)
    assert rows_of(seen) == rows_of(left)
    for hidden in ("rome", "ssn", house.bucket):
        assert hidden not in told
    # A commit is seen by the next list, and what it removed is no more.
    log.commit({"city": "paris"}, removed=True)
    seen, _ = delta_of(who, place)
    assert rows_of(seen) == rows_of(left)
    log.commit({"city": "paris"})
    seen, _ = delta_of(who, place)
    assert len(seen) == 2 * len(left)
    log.commit({"city": "paris"}, deletionVector={"storageType": "u", "pathOrInlineDv": "x", "cardinality": 1})
    with pytest.raises((Refused, botocore.exceptions.HTTPClientError)):
        delta_of(who, place)


def test_files_of_other_tables_that_metadata_name_are_not_given(house: LakeHouse, server: Server) -> None:
    who, mine = house.person(), house.person()
    schema = pa.Table.from_pandas(PEOPLE).schema
    for table in ("theirs", "own"):
        made = iceberg_of(server).create_table(
            f"{house.name}.{table}", schema=schema, location=f"s3://{house.bucket}/wh/{table}"
        )
        made.append(pa.Table.from_pandas(PEOPLE))
        house.leave_to_lake_formation(table)
    house.grant(mine, house.resource("own"), "SELECT", "ALTER")
    house.grant(who, house.columns("own", "id"))
    theirs = house.glue.get_table(DatabaseName=house.name, Name="theirs")["Table"]["Parameters"]["metadata_location"]
    entry = house.glue.get_table(DatabaseName=house.name, Name="own")["Table"]
    asked = {key: entry[key] for key in ("Name", "StorageDescriptor", "TableType")}
    parameters = {**entry["Parameters"], "metadata_location": theirs}
    mine.client("glue").update_table(DatabaseName=house.name, TableInput={**asked, "Parameters": parameters})
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        iceberg_of(server, who.key).load_table(f"{house.name}.own")


def test_a_file_that_cannot_be_filtered_exactly_is_refused_and_not_shown(house: LakeHouse) -> None:
    who = house.person()
    house.add("odd")
    house.grant(who, house.filter("odd", "paris", "city = 'paris'", "id"))
    # The city is a number in this file.
    wrong = io.BytesIO()
    PEOPLE.assign(city=1).to_parquet(wrong)
    house.s3.put_object(Bucket=house.bucket, Key="wh/odd/part-1.parquet", Body=wrong.getvalue())
    table = who.client("glue").get_table(DatabaseName=house.name, Name="odd")["Table"]
    bucket, _, prefix = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
    s3 = who.client("s3")

    def listed() -> Any:
        try:
            return s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")
        except botocore.exceptions.HTTPClientError:
            # It took so long to find out that the answer had begun: the connection ended, and the next says why.
            return None

    with pytest.raises(Refused, match="cannot be filtered exactly"):
        until(listed)


def test_keys_for_whole_tables_are_given_where_the_settings_let_engines_have_them(house: LakeHouse) -> None:
    who = house.person()
    house.add("vended")
    house.grant(who, house.columns("vended", "id"))
    ask = {"TableArn": f"arn:aws:glue:eu-central-1:{house.account}:table/{house.name}/vended"}
    key = who.tagged(LakeFormationAuthorizedCaller="engine")
    lf = who.client("lakeformation", key)
    with pytest.raises(Refused, match="AccessDenied"):
        lf.get_temporary_glue_table_credentials(**ask, SupportedPermissionTypes=["COLUMN_PERMISSION"])
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    trusting = {
        "AllowExternalDataFiltering": True,
        "ExternalDataFilteringAllowList": [{"DataLakePrincipalIdentifier": house.account}],
        "AuthorizedSessionTagValueList": ["engine"],
    }
    house.lf.put_data_lake_settings(DataLakeSettings={**before, **trusting})
    try:
        with pytest.raises(Refused, match="PermissionTypeMismatch"):
            lf.get_temporary_glue_table_credentials(**ask)
        given_key = lf.get_temporary_glue_table_credentials(**ask, SupportedPermissionTypes=["COLUMN_PERMISSION"])
        with pytest.raises(Refused, match="AccessDenied"):
            who.client("lakeformation").get_temporary_glue_table_credentials(
                **ask, SupportedPermissionTypes=["COLUMN_PERMISSION"]
            )
        names = {"CatalogId": house.account, "DatabaseName": house.name, "Name": "vended"}
        told = who.client("glue", key).get_unfiltered_table_metadata(
            **names, SupportedPermissionTypes=["COLUMN_PERMISSION"]
        )
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
    assert told["AuthorizedColumns"] == ["id"]
    assert len(told["Table"]["StorageDescriptor"]["Columns"]) == len(PEOPLE.columns)
    assert given_key["VendedS3Path"] == [f"s3://{house.bucket}/wh/vended"]
    s3 = house.server.client("s3", **given(given_key))
    assert s3.get_object(Bucket=house.bucket, Key="wh/vended/part-0.parquet")["ContentLength"] > 0
    for refused in (
        lambda: s3.get_object(Bucket=house.bucket, Key="wh/days/day=1/part-0.parquet"),
        lambda: s3.put_object(Bucket=house.bucket, Key="wh/vended/x", Body=b""),
        lambda: s3.list_objects_v2(Bucket=house.bucket, Prefix="wh/"),
    ):
        with pytest.raises(Refused, match="AccessDenied"):
            refused()


def test_keys_for_locations_are_those_of_whole_tables_there(house: LakeHouse) -> None:
    who = house.person()
    for table in ("whole", "part"):
        house.add(f"located_{table}")
    house.grant(who, house.resource("located_whole"))
    house.grant(who, house.columns("located_part", "id"))
    arn = f"arn:aws:s3:::{house.bucket}/wh"
    house.grant(who, {"DataLocation": {"ResourceArn": arn}}, "DATA_LOCATION_ACCESS")
    lf = who.client("lakeformation")

    def ask(folder: str, scope: str = "READ") -> Any:
        place = f"s3://{house.bucket}/wh/{folder}"
        return lf.get_temporary_data_location_credentials(DataLocations=[place], CredentialsScope=scope)

    with pytest.raises(Refused, match="AllowFullTableExternalDataAccess"):
        ask("located_whole")
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    house.lf.put_data_lake_settings(DataLakeSettings={**before, "AllowFullTableExternalDataAccess": True})
    try:
        s3 = house.server.client("s3", **given(ask("located_whole")["Credentials"]))
        for asked in (("located_part",), ("located_whole", "READWRITE")):
            with pytest.raises(Refused, match="AccessDenied"):
                ask(*asked)
        for place in ("", "nothing"):
            with pytest.raises(Refused, match="EntityNotFound"):
                ask(place)
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
    assert s3.get_object(Bucket=house.bucket, Key="wh/located_whole/part-0.parquet")["ContentLength"] > 0
    with pytest.raises(Refused, match="AccessDenied"):
        s3.get_object(Bucket=house.bucket, Key="wh/located_part/part-0.parquet")


def test_a_table_of_one_s_own_gets_no_keys_for_what_lies_elsewhere(house: LakeHouse) -> None:
    """By a location that is not checked as one in S3, or is a pattern to a policy, and to all else a folder's name."""
    who = house.person()
    house.add("elsewhere")
    arn = f"arn:aws:s3:::{house.bucket}/wh"
    house.grant(who, {"DataLocation": {"ResourceArn": arn}}, "DATA_LOCATION_ACCESS")
    glue, lf = who.client("glue"), who.client("lakeformation")
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    house.lf.put_data_lake_settings(DataLakeSettings={**before, "AllowFullTableExternalDataAccess": True})
    places = (f"{arn}/elsewhere", f"s3://{house.bucket}/wh/*", f"s3://{house.bucket}/wh/elsewher?")
    try:
        for number, place in enumerate(places):
            storage = {**house.storage("parquet", "x"), "Location": place}
            made = {"Name": f"trap_{number}", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
            glue.create_table(DatabaseName=house.name, TableInput=made)
            asked = f"arn:aws:glue:eu-central-1:{house.account}:table/{house.name}/trap_{number}"
            with pytest.raises(Refused, match="not a place in S3|Keys are not given"):
                lf.get_temporary_glue_table_credentials(TableArn=asked)
            glue.delete_table(DatabaseName=house.name, Name=f"trap_{number}")
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)


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


ALL_OF_IT = {"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"}


def test_errors_do_not_tell_which_columns_there_are(house: LakeHouse) -> None:
    who = house.person(ALL_OF_IT)
    house.add("unnamed")
    house.grant(who, house.columns("unnamed", "id"))
    lf, me = who.client("lakeformation"), {"DataLakePrincipalIdentifier": who.arn}

    def said(column: str) -> list[str]:
        wanted = house.columns("unnamed", column)
        answers = []
        for ask in (
            lambda: lf.get_resource_lf_tags(Resource=wanted),
            lambda: lf.grant_permissions(Principal=me, Resource=wanted, Permissions=["SELECT"]),
            lambda: lf.revoke_permissions(Principal=me, Resource=wanted, Permissions=["SELECT"]),
            lambda: lf.add_lf_tags_to_resource(Resource=wanted, LFTags=[{"TagKey": "k", "TagValues": ["v"]}]),
        ):
            with pytest.raises(Refused) as refused:
                ask()
            answers.append(str(refused.value).replace(column, "it"))
        return answers

    assert said("ssn") == said("missing")


def test_who_may_use_an_lf_tag_gives_it_to_nothing_that_is_not_his_to_grant(house: LakeHouse) -> None:
    who, tag = house.person(ALL_OF_IT), {"TagKey": house.name, "TagValues": ["seen"]}
    me = {"DataLakePrincipalIdentifier": who.arn}
    house.add("tagged")
    house.lf.create_lf_tag(**tag)
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [tag]}}
    house.lf.grant_permissions(Principal=me, Resource={"LFTag": tag}, Permissions=["ASSOCIATE"])
    house.lf.grant_permissions(Principal=me, Resource=policy, Permissions=["SELECT"])
    for resource in (house.resource("tagged"), {"Database": {"Name": house.name}}):
        with pytest.raises(Refused, match="AccessDenied"):
            who.client("lakeformation").add_lf_tags_to_resource(Resource=resource, LFTags=[tag])
    with pytest.raises(Refused, match="AccessDenied"):
        who.client("glue").get_table(DatabaseName=house.name, Name="tagged")
    house.lf.add_lf_tags_to_resource(Resource=house.columns("tagged", "id"), LFTags=[tag])
    table = who.client("glue").get_table(DatabaseName=house.name, Name="tagged")["Table"]
    assert [each["Name"] for each in table["StorageDescriptor"]["Columns"]] == ["id"]
    lf = who.client("lakeformation")
    (found,) = lf.search_tables_by_lf_tags(Expression=[tag])["TableList"]
    assert (found["Table"]["Name"], [each["Name"] for each in found["LFTagsOnColumns"]]) == ("tagged", ["id"])
    assert lf.search_databases_by_lf_tags(Expression=[tag])["DatabaseList"] == []
    house.lf.add_lf_tags_to_resource(Resource={"Database": {"Name": house.name}}, LFTags=[tag])
    (found,) = house.lf.search_databases_by_lf_tags(Expression=[tag])["DatabaseList"]
    assert (
        house.lf.get_resource_lf_tags(Resource={"Database": {"Name": house.name}})["LFTagOnDatabase"] == found["LFTags"]
    )
    house.lf.delete_lf_tag(TagKey=house.name)


def test_who_may_register_places_gets_nothing_there_by_the_service_s_own_role(house: LakeHouse) -> None:
    """That role is given rights there, and with them who has a table at the place: IAM is asked for its policy, too."""
    who = house.person({"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"})
    glue, mine, raw = who.client("glue"), f"{house.name}_mine", {"Bucket": house.bucket, "Key": "beside/part-0.parquet"}
    house.s3.put_object(**raw, Body=b"secret")
    glue.create_database(DatabaseInput={"Name": mine, "CreateTableDefaultPermissions": []})
    storage = house.storage("parquet", "beside")
    glue.create_table(DatabaseName=mine, TableInput={"Name": "beside", "StorageDescriptor": storage})
    place = f"arn:aws:s3:::{house.bucket}/beside"
    with pytest.raises(Refused, match="iam:PutRolePolicy"):
        who.client("lakeformation").register_resource(ResourceArn=place, UseServiceLinkedRole=True)
    with pytest.raises(Refused, match="AccessDenied"):
        who.client("s3").get_object(**raw)
    glue.delete_database(Name=mine)


def test_a_filter_is_shown_to_who_may_describe_it_and_passed_on_by_who_may_give_all_of_the_table(
    house: LakeHouse,
) -> None:
    house.add("told")
    told = house.filter("told", "rome", "city = 'rome'", "id")
    named = house.named_filter("told", "rome")
    asking = {"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"}
    who, other = house.person(asking), house.person()
    table, own = {"Principal": {"DataLakePrincipalIdentifier": who.arn}}, who.client("lakeformation")
    every = {"CatalogId": house.account, "DatabaseName": house.name, "Name": "told"}
    more = {"Principal": {"DataLakePrincipalIdentifier": other.arn}, "Resource": told}

    def listed() -> list[str]:
        return [each["Name"] for each in own.list_data_cells_filter(Table=every)["DataCellsFilters"]]

    granted = ["DESCRIBE"]
    house.lf.grant_permissions(
        **table, Resource=house.resource("told"), Permissions=granted, PermissionsWithGrantOption=granted
    )
    assert listed() == []
    for permission in ("SELECT", "DESCRIBE", "DROP"):
        with pytest.raises(Refused, match="AccessDenied"):
            own.grant_permissions(**more, Permissions=[permission])
    house.grant(who, told, "DESCRIBE")
    assert listed() == ["rome"]
    assert own.get_data_cells_filter(**named)["DataCellsFilter"]["RowFilter"]["FilterExpression"] == "city = 'rome'"
    with pytest.raises(Refused, match="AccessDenied"):
        own.delete_data_cells_filter(**named)
    house.grant(who, told, "DROP")
    own.delete_data_cells_filter(**named)
    assert listed() == []


def test_only_administrators_opt_somebody_in_or_out(house: LakeHouse) -> None:
    who = house.person(ALL_OF_IT)
    house.add("opted", left_to_iam=True)
    asked = {"Principal": {"DataLakePrincipalIdentifier": who.arn}, "Resource": house.resource("opted")}
    glue, lf = who.client("glue"), who.client("lakeformation")
    assert glue.get_table(DatabaseName=house.name, Name="opted")
    house.lf.create_lake_formation_opt_in(**asked)
    for change in (lf.delete_lake_formation_opt_in, lf.create_lake_formation_opt_in):
        with pytest.raises(Refused, match="AccessDenied"):
            change(**asked)
    with pytest.raises(Refused, match="AccessDenied"):
        glue.get_table(DatabaseName=house.name, Name="opted")
    house.lf.delete_lake_formation_opt_in(**asked)


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
