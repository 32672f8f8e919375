"""Governed views: what they follow, which formats are tables of their own, and what is refused rather than shown."""

import io
from typing import Any

import botocore.exceptions
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.api.lake_house import PEOPLE, DeltaLog, LakeHouse, delta_of, iceberg_of, rows_of
from tests.conftest import Server
from tests.waiting import until

Refused = botocore.exceptions.ClientError


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
