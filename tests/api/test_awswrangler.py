"""awswrangler as it is, with nothing but AWS_ENDPOINT_URL to say where AWS is."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import awswrangler as wr
import botocore.exceptions
import pandas as pd
import pytest

from tests.conftest import REGION, Server

READINGS = pd.DataFrame({"id": [1, 2, 3], "no2": [0.1, 0.2, 0.3], "city": ["a", "b", "a"]})


@pytest.fixture(autouse=True)
def environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = server.key()
    given = {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def database(environment: None) -> Iterator[str]:
    name = f"wrangler_{uuid.uuid4().hex[:8]}"
    wr.catalog.create_database(name, description="for this test")
    yield name
    wr.catalog.delete_database(name)


@pytest.fixture
def write(database: str, bucket: str) -> Callable[..., dict[str, Any]]:
    """Writes rows to the table `readings`, partitioned by city."""

    def write(rows: pd.DataFrame, mode: str, **settings: Any) -> dict[str, Any]:
        written = wr.s3.to_parquet(
            rows,
            path=f"s3://{bucket}/{database}/readings/",
            dataset=True,
            database=database,
            table="readings",
            mode=mode,
            partition_cols=["city"],
            **settings,
        )
        return dict(written)

    return write


@pytest.fixture
def readings(write: Callable[..., Any], database: str, bucket: str) -> str:
    """The table `readings` with three rows in two cities; its location."""
    described = {"description": "hourly", "columns_comments": {"no2": "micrograms"}, "parameters": {"team": "air"}}
    write(READINGS, "overwrite", glue_table_settings=described)
    return f"s3://{bucket}/{database}/readings/"


def ids(database: str, **selected: Any) -> list[int]:
    rows = wr.s3.read_parquet_table(database=database, table="readings", **selected)
    return sorted(int(number) for number in rows["id"])


def test_a_data_set_is_appended_to_and_overwritten(
    write: Callable[..., Any], database: str, bucket: str, readings: str
) -> None:
    assert ids(database) == [1, 2, 3]
    added = write(pd.DataFrame({"id": [4], "no2": [0.4], "city": ["c"]}), "append")
    assert added["partitions_values"] == {f"{readings}city=c/": ["c"]}
    assert ids(database) == [1, 2, 3, 4]
    write(READINGS.head(1), "overwrite")
    assert ids(database) == [1]
    assert wr.catalog.get_partitions(database, "readings") == {f"{readings}city=a/": ["a"]}


def test_only_the_partitions_that_are_written_are_overwritten(
    write: Callable[..., Any], database: str, readings: str
) -> None:
    write(pd.DataFrame({"id": [9], "no2": [0.9], "city": ["a"]}), "overwrite_partitions")
    assert ids(database) == [2, 9]


def test_a_filter_reads_only_the_partitions_it_accepts(database: str, readings: str) -> None:
    assert ids(database, partition_filter=lambda values: values["city"] == "a") == [1, 3]


def test_a_new_column_is_added_to_the_table(write: Callable[..., Any], database: str, readings: str) -> None:
    write(READINGS.assign(pm=1), "append")
    types = wr.catalog.get_table_types(database, "readings")
    assert types == {"id": "bigint", "no2": "double", "pm": "bigint", "city": "string"}


def test_the_catalog_tells_what_it_was_told(database: str, readings: str) -> None:
    assert wr.catalog.does_table_exist(database, "readings")
    assert wr.catalog.get_table_location(database, "readings") == readings
    assert wr.catalog.get_table_description(database, "readings") == "hourly"
    assert wr.catalog.get_table_parameters(database, "readings")["team"] == "air"
    assert wr.catalog.get_columns_comments(database, "readings") == {"id": None, "no2": "micrograms", "city": None}
    columns = wr.catalog.table(database=database, table="readings")
    assert columns["Column Name"].tolist() == ["id", "no2", "city"]
    assert columns["Partition"].tolist() == [False, False, True]


def test_databases_and_tables_are_listed_and_found(database: str, readings: str) -> None:
    listed = wr.catalog.databases()
    assert listed[listed["Database"] == database]["Description"].tolist() == ["for this test"]
    tables = wr.catalog.tables(database=database)
    assert tables[["Table", "Columns", "Partitions"]].to_numpy().tolist() == [["readings", "id, no2", "city"]]
    for found in ({"name_prefix": "read"}, {"name_suffix": "ings"}, {"name_contains": "ding"}):
        assert [table["Name"] for table in wr.catalog.get_tables(database=database, **found)] == ["readings"]
    assert database in [table["DatabaseName"] for table in wr.catalog.search_tables(text="readings")]


def test_partitions_are_added_selected_and_deleted(database: str, readings: str) -> None:
    wr.catalog.add_parquet_partitions(database, "readings", {f"{readings}city=z/": ["z"]})
    assert wr.catalog.get_parquet_partitions(database, "readings", expression="city > 'b'") == {
        f"{readings}city=z/": ["z"]
    }
    wr.catalog.delete_partitions(table="readings", database=database, partitions_values=[["z"], ["b"]])
    assert list(wr.catalog.get_partitions(database, "readings").values()) == [["a"]]
    wr.catalog.delete_all_partitions(table="readings", database=database)
    assert wr.catalog.get_partitions(database, "readings") == {}


def test_a_table_is_changed_over_versions_and_deleted(database: str, readings: str) -> None:
    wr.catalog.upsert_table_parameters({"stage": "raw"}, database, "readings")
    wr.catalog.overwrite_table_parameters({"only": "this"}, database, "readings", catalog_versioning=True)
    assert wr.catalog.get_table_parameters(database, "readings") == {"only": "this"}
    assert wr.catalog.get_table_number_of_versions(database, "readings") > 1
    assert wr.catalog.delete_table_if_exists(database, "readings")
    assert not wr.catalog.delete_table_if_exists(database, "readings")
    assert not wr.catalog.does_table_exist(database, "readings")


def test_tables_are_made_of_files_that_are_there(database: str, bucket: str, readings: str) -> None:
    columns, partitions, values = wr.s3.store_parquet_metadata(
        path=readings, database=database, table="found", dataset=True
    )
    assert (columns, partitions) == ({"id": "bigint", "no2": "double"}, {"city": "string"})
    assert sorted(values.values()) == [["a"], ["b"]]
    assert len(wr.s3.read_parquet_table(database=database, table="found")) == 3
    wr.catalog.create_csv_table(database, "by_hand", f"s3://{bucket}/nothing/", {"id": "bigint"})
    wr.catalog.add_column(database, "by_hand", "name", "string", "of a person")
    assert wr.catalog.get_table_types(database, "by_hand") == {"id": "bigint", "name": "string"}
    wr.catalog.delete_column(database, "by_hand", "name")
    assert wr.catalog.get_table_types(database, "by_hand") == {"id": "bigint"}


def test_csv_and_json_are_tables_too(database: str, bucket: str) -> None:
    for kind, to, read in (("csv", wr.s3.to_csv, wr.s3.read_csv), ("json", wr.s3.to_json, wr.s3.read_json)):
        path = f"s3://{bucket}/{database}/{kind}/"
        how = {} if kind == "csv" else {"orient": "records", "lines": True}
        to(READINGS, path=path, index=False, dataset=True, database=database, table=kind, mode="overwrite", **how)
        assert wr.catalog.get_table_types(database, kind) == {"id": "bigint", "no2": "double", "city": "string"}
        assert wr.catalog.get_table_parameters(database, kind)["classification"] == kind
        # Tables of CSV have their header in the catalog.
        shape = {"names": list(READINGS)} if kind == "csv" else {"lines": True}
        pd.testing.assert_frame_equal(read(path, dataset=True, **shape)[list(READINGS)], READINGS, check_dtype=False)


def test_what_is_not_there_is_said_in_glue_s_words(database: str) -> None:
    assert not wr.catalog.does_table_exist(database, "nothing")
    with pytest.raises(botocore.exceptions.ClientError, match="EntityNotFoundException"):
        wr.s3.read_parquet_table(database=database, table="nothing")


def test_objects_are_sent_copied_listed_and_deleted(database: str, bucket: str, tmp_path: Path) -> None:
    root = f"s3://{bucket}/{database}"
    (tmp_path / "here").write_bytes(b"there and back")
    wr.s3.upload(str(tmp_path / "here"), f"{root}/one/a b+ü")
    assert wr.s3.list_objects(f"{root}/one/") == [f"{root}/one/a b+ü"]
    assert wr.s3.copy_objects([f"{root}/one/a b+ü"], f"{root}/one", f"{root}/two") == [f"{root}/two/a b+ü"]
    assert wr.s3.list_directories(f"{root}/") == [f"{root}/one/", f"{root}/two/"]
    assert wr.s3.size_objects(f"{root}/two/") == {f"{root}/two/a b+ü": 14}
    wr.s3.download(f"{root}/two/a b+ü", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"there and back"
    wr.s3.delete_objects(f"{root}/")
    assert not wr.s3.does_object_exist(f"{root}/one/a b+ü")
    assert bucket in wr.s3.list_buckets()


def test_a_query_of_logs_is_a_frame(client: Callable[..., Any]) -> None:
    logs, group = client("logs"), f"/tests/{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    events = [{"timestamp": int(time.time() * 1000) - 1000, "message": text} for text in ("a", "b")]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    frame = wr.cloudwatch.read_logs("fields @timestamp, @message | sort @message", [group])
    assert list(frame["message"]) == ["a", "b"]
    assert frame["timestamp"].dt.year.min() >= 2024
