"""Partitions, their indexes and column statistics as boto3 sees them."""

from datetime import datetime, timezone
from typing import Any

import pytest

from tests.api.catalog_inputs import COLUMNS, pages, partition_input


def test_partitions_are_written_in_batches_and_found_by_expression(glue: Any, database: str, table: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    batch = [partition_input(year, str(month)) for year in (2023, 2024) for month in range(1, 13)]
    assert glue.batch_create_partition(**names, PartitionInputList=batch)["Errors"] == []
    wrong = {**batch[0], "Values": ["2023"]}
    errors = glue.batch_create_partition(**names, PartitionInputList=[batch[0], wrong])["Errors"]
    assert {(tuple(each["PartitionValues"]), each["ErrorDetail"]["ErrorCode"]) for each in errors} == {
        (("2023", "1"), "AlreadyExistsException"),
        (("2023",), "InvalidInputException"),
    }
    found = [
        partition
        for page in pages(glue, "get_partitions", **names, Expression="year > 2023 AND month IN ('1', '2', '3')")
        for partition in page["Partitions"]
    ]
    assert [partition["Values"] for partition in found] == [["2024", "1"], ["2024", "2"], ["2024", "3"]]
    assert found[0]["StorageDescriptor"]["Columns"] == COLUMNS
    with pytest.raises(glue.exceptions.InvalidInputException, match="Invalid partition expression! day is not a"):
        glue.get_partitions(**names, Expression="day = 3")
    parenthesized = glue.get_partitions(**names, Expression="((year) = (2024)) AND '12' = (month) -- of that year")
    assert [partition["Values"] for partition in parenthesized["Partitions"]] == [["2024", "12"]]
    with pytest.raises(glue.exceptions.InvalidInputException, match=r"Unsupported expression 'year [+] 1 = 2025'"):
        glue.get_partitions(**names, Expression="year + 1 = 2025")


def test_segments_and_the_exclusion_of_columns(glue: Any, database: str, table: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    glue.batch_create_partition(**names, PartitionInputList=[partition_input(2024, str(n)) for n in range(1, 13)])
    values = []
    for number in range(3):
        answer = glue.get_partitions(
            **names, Segment={"SegmentNumber": number, "TotalSegments": 3}, ExcludeColumnSchema=True
        )
        values += [tuple(each["Values"]) for each in answer["Partitions"]]
        assert not any("Columns" in each["StorageDescriptor"] for each in answer["Partitions"])
    assert len(values) == len(set(values)) == 12


def test_single_partitions_are_made_read_changed_and_deleted(glue: Any, database: str, table: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    glue.create_partition(**names, PartitionInput=partition_input(2024, "1"))
    with pytest.raises(glue.exceptions.AlreadyExistsException, match="Partition already exists"):
        glue.create_partition(**names, PartitionInput=partition_input(2024, "1"))
    changed = {**partition_input(2024, "2"), "Parameters": {"numRows": "7"}}
    glue.update_partition(**names, PartitionValueList=["2024", "1"], PartitionInput=changed)
    assert glue.get_partition(**names, PartitionValues=["2024", "2"])["Partition"]["Parameters"] == {"numRows": "7"}
    with pytest.raises(glue.exceptions.EntityNotFoundException, match="Cannot find partition"):
        glue.get_partition(**names, PartitionValues=["2024", "1"])
    glue.delete_partition(**names, PartitionValues=["2024", "2"])
    with pytest.raises(glue.exceptions.InvalidInputException, match="number of partition keys do not match"):
        glue.create_partition(**names, PartitionInput={"Values": ["2024"]})


def test_batches_of_partitions_report_each_failure(glue: Any, database: str, table: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    glue.batch_create_partition(**names, PartitionInputList=[partition_input(2024, "1"), partition_input(2024, "2")])
    entries = [
        {
            "PartitionValueList": ["2024", month],
            "PartitionInput": {**partition_input(2024, month), "Parameters": {"x": "y"}},
        }
        for month in ("1", "9")
    ]
    errors = glue.batch_update_partition(**names, Entries=entries)["Errors"]
    assert [each["PartitionValueList"] for each in errors] == [["2024", "9"]]
    sought = [{"Values": ["2024", month]} for month in ("2", "9", "1")]
    answer = glue.batch_get_partition(**names, PartitionsToGet=sought)
    assert [each["Values"] for each in answer["Partitions"]] == [["2024", "2"], ["2024", "1"]]
    assert answer["UnprocessedKeys"] == []
    errors = glue.batch_delete_partition(**names, PartitionsToDelete=sought)["Errors"]
    assert [each["ErrorDetail"]["ErrorCode"] for each in errors] == ["EntityNotFoundException"]


def test_partition_indexes_are_active_once_made(glue: Any, database: str, table: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    glue.create_partition_index(**names, PartitionIndex={"IndexName": "by_month", "Keys": ["month"]})
    (index,) = glue.get_partition_indexes(**names)["PartitionIndexDescriptorList"]
    assert index == {
        "IndexName": "by_month",
        "Keys": [{"Name": "month", "Type": "string"}],
        "IndexStatus": "ACTIVE",
    }
    glue.delete_partition_index(**names, IndexName="by_month")
    assert glue.get_partition_indexes(**names)["PartitionIndexDescriptorList"] == []


STATISTICS = {
    "BOOLEAN": {"NumberOfTrues": 3, "NumberOfFalses": 4, "NumberOfNulls": 0},
    "DATE": {
        "MinimumValue": datetime(2020, 1, 1, tzinfo=timezone.utc),
        "MaximumValue": datetime(2024, 1, 1, tzinfo=timezone.utc),
        "NumberOfNulls": 1,
        "NumberOfDistinctValues": 9,
    },
    "DECIMAL": {
        "MinimumValue": {"UnscaledValue": b"\xff\x6a", "Scale": 2},
        "MaximumValue": {"UnscaledValue": b"\x04\xd2", "Scale": 2},
        "NumberOfNulls": 0,
        "NumberOfDistinctValues": 5,
    },
    "DOUBLE": {"MinimumValue": -1.5, "MaximumValue": 2.25, "NumberOfNulls": 0, "NumberOfDistinctValues": 4},
    "LONG": {"MinimumValue": -5, "MaximumValue": 2**40, "NumberOfNulls": 2, "NumberOfDistinctValues": 7},
    "STRING": {"MaximumLength": 10, "AverageLength": 3.5, "NumberOfNulls": 0, "NumberOfDistinctValues": 8},
    "BINARY": {"MaximumLength": 10, "AverageLength": 3.5, "NumberOfNulls": 0},
}


@pytest.mark.parametrize("kind", STATISTICS)
def test_column_statistics_of_every_kind_come_back(glue: Any, database: str, table: str, kind: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    data = {"Type": kind, f"{kind.capitalize()}ColumnStatisticsData": STATISTICS[kind]}
    moment = datetime(2024, 5, 6, tzinfo=timezone.utc)
    known = {"ColumnName": "pm", "ColumnType": "double", "AnalyzedTime": moment, "StatisticsData": data}
    other = {**known, "ColumnName": "nothing"}
    errors = glue.update_column_statistics_for_table(**names, ColumnStatisticsList=[known, other])["Errors"]
    assert [each["ColumnStatistics"]["ColumnName"] for each in errors] == ["nothing"]
    answer = glue.get_column_statistics_for_table(**names, ColumnNames=["pm", "station"])
    assert answer["ColumnStatisticsList"] == [known]
    assert [each["ColumnName"] for each in answer["Errors"]] == ["station"]


def test_statistics_of_a_partition_are_its_own(glue: Any, database: str, table: str) -> None:
    names = {"DatabaseName": database, "TableName": table}
    glue.create_partition(**names, PartitionInput=partition_input(2024, "1"))
    of_it = {**names, "PartitionValues": ["2024", "1"]}
    data = {"Type": "DOUBLE", "DoubleColumnStatisticsData": STATISTICS["DOUBLE"]}
    known = {
        "ColumnName": "pm",
        "ColumnType": "double",
        "AnalyzedTime": datetime.now(timezone.utc),
        "StatisticsData": data,
    }
    glue.update_column_statistics_for_partition(**of_it, ColumnStatisticsList=[known])
    assert glue.get_column_statistics_for_partition(**of_it, ColumnNames=["pm"])["Errors"] == []
    assert glue.get_column_statistics_for_table(**names, ColumnNames=["pm"])["ColumnStatisticsList"] == []
    for _ in range(2):
        glue.delete_column_statistics_for_partition(**of_it, ColumnName="pm")
    (error,) = glue.get_column_statistics_for_partition(**of_it, ColumnNames=["pm"])["Errors"]
    assert error["Error"]["ErrorCode"] == "EntityNotFoundException"
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_column_statistics_for_partition(**{**of_it, "PartitionValues": ["2024", "9"]}, ColumnName="pm")
