"""Tables of the Data Catalog and their versions as boto3 sees them."""

from typing import Any

import pytest

from tests.api.catalog_inputs import COLUMNS, KEYS, PARQUET, pages, partition_input, table_input
from tests.conftest import Server


def test_a_table_comes_back_as_it_was_made(glue: Any, database: str, table: str) -> None:
    found = glue.get_table(DatabaseName=database, Name="DAYS")["Table"]
    assert found["StorageDescriptor"] == {**PARQUET, "BucketColumns": []}
    assert found["PartitionKeys"] == KEYS
    assert (found["VersionId"], found["DatabaseName"], found["TableType"]) == ("0", database, "EXTERNAL_TABLE")
    assert found["CreatedBy"].startswith("arn:aws:iam::")
    assert found["IsRegisteredWithLakeFormation"] is False


def test_tables_are_listed_by_pattern_and_pages(glue: Any, database: str) -> None:
    for name in ("Raw_a", "raw_b", "raw_c", "clean"):
        glue.create_table(DatabaseName=database, TableInput={"Name": name})
    listed = [
        each["Name"]
        for page in pages(glue, "get_tables", DatabaseName=database, Expression="raw*")
        for each in page["TableList"]
    ]
    assert listed == ["raw_a", "raw_b", "raw_c"]
    names = glue.get_tables(DatabaseName=database, AttributesToGet=["NAME"])["TableList"]
    assert {frozenset(each) for each in names} == {frozenset({"Name", "DatabaseName"})}
    with pytest.raises(glue.exceptions.InvalidInputException, match="AttributesToGet must have"):
        glue.get_tables(DatabaseName=database, AttributesToGet=[])
    with pytest.raises(glue.exceptions.InvalidInputException, match="must include NAME"):
        glue.get_tables(DatabaseName=database, AttributesToGet=["TABLE_TYPE"])


def test_a_stale_version_is_refused_and_changes_nothing(glue: Any, database: str, table: str) -> None:
    def swap(version: str, location: str) -> None:
        changed = table_input(table, Parameters={"metadata_location": location})
        glue.update_table(DatabaseName=database, TableInput=changed, VersionId=version, SkipArchive=True)

    swap("0", "s3://a")
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        swap("0", "s3://b")
    swap("1", "s3://c")
    assert glue.get_table(DatabaseName=database, Name=table)["Table"]["Parameters"] == {"metadata_location": "s3://c"}


def test_what_glue_does_not_take_of_a_table_is_refused_in_its_words(glue: Any, database: str, table: str) -> None:
    refused = glue.exceptions.InvalidInputException
    with pytest.raises(refused, match="Table cannot be renamed"):
        glue.update_table(DatabaseName=database, Name=table, TableInput={"Name": "other"})
    keys = [{"Name": "year", "Type": "int", "Parameters": {"a": "b"}}]
    with pytest.raises(refused, match="Parameters not supported for partition columns"):
        glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": keys})
    storage = {"Columns": COLUMNS, "SchemaReference": {"SchemaId": {"SchemaName": "s"}, "SchemaVersionNumber": 1}}
    with pytest.raises(refused, match="Both SchemaReference and Columns are populated"):
        glue.create_table(DatabaseName=database, TableInput={"Name": "t", "StorageDescriptor": storage})
    with pytest.raises(glue.exceptions.ConcurrentModificationException, match="due to concurrent modifications[.]"):
        glue.update_table(DatabaseName=database, TableInput={"Name": table}, VersionId="7")


def test_versions_are_listed_read_and_deleted(glue: Any, database: str, table: str) -> None:
    for text in ("one", "two"):
        glue.update_table(DatabaseName=database, TableInput=table_input(table, Description=text))
    versions = glue.get_table_versions(DatabaseName=database, TableName=table)["TableVersions"]
    assert [each["VersionId"] for each in versions] == ["2", "1", "0"]
    first = glue.get_table_version(DatabaseName=database, TableName=table, VersionId="1")["TableVersion"]["Table"]
    assert first["Description"] == "one"
    glue.delete_table_version(DatabaseName=database, TableName=table, VersionId="1")
    answer = glue.batch_delete_table_version(DatabaseName=database, TableName=table, VersionIds=["0", "1"])
    assert [each["ErrorDetail"]["ErrorCode"] for each in answer["Errors"]] == ["EntityNotFoundException"]


def test_tables_are_searched_by_word_property_and_moment(glue: Any, database: str) -> None:
    for name in ("customer-link", "xx-link-yy", "xxlinkyy"):
        glue.create_table(DatabaseName=database, TableInput=table_input(name, Description=f"about {name}"))

    def names(**arguments: Any) -> list[str]:
        mine = {"Key": "DatabaseName", "Value": database}
        filters = [mine, *arguments.pop("Filters", [])]
        return [each["Name"] for each in glue.search_tables(Filters=filters, **arguments)["TableList"]]

    assert names(Filters=[{"Key": "Name", "Value": "link"}]) == ["customer-link", "xx-link-yy"]
    assert names(SearchText="customer") == ["customer-link"]
    assert names(SearchText='"xxlinkyy"') == ["xxlinkyy"]
    assert names(SortCriteria=[{"FieldName": "Name", "Sort": "DESC"}])[0] == "xxlinkyy"
    assert names(Filters=[{"Key": "classification", "Value": "orc"}]) == []
    assert names(Filters=[{"Key": "CreateTime", "Value": "2020-01-01T00:00:00Z", "Comparator": "LESS_THAN"}]) == []


def test_what_awswrangler_writes_and_reads(server: Server, glue: Any, database: str) -> None:
    """The calls of wr.s3.to_parquet(dataset=True, partition_cols=…) and of wr.catalog, in their order."""
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName=database, Name="written")
    glue.create_table(DatabaseName=database, TableInput=table_input("written"))
    glue.batch_create_partition(
        DatabaseName=database, TableName="written", PartitionInputList=[partition_input(2024, "1")]
    )
    table = glue.get_table(DatabaseName=database, Name="written")["Table"]
    shown = ("Name", "TableType", "StorageDescriptor", "PartitionKeys", "Parameters")
    again = {name: table[name] for name in shown}
    again["Parameters"] = {**again["Parameters"], "numRows": "5"}
    glue.update_table(DatabaseName=database, TableInput=again, SkipArchive=True)
    locations = [
        each["StorageDescriptor"]["Location"]
        for page in glue.get_paginator("get_partitions").paginate(
            DatabaseName=database,
            TableName="written",
            Segment={"SegmentNumber": 0, "TotalSegments": 1},
            ExcludeColumnSchema=True,
        )
        for each in page["Partitions"]
    ]
    assert locations == ["s3://lake/air/year=2024/month=1/"]
