"""The Data Catalog as boto3 sees it."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import REGION, Server

COLUMNS = [{"Name": "station", "Type": "string", "Comment": "where"}, {"Name": "pm", "Type": "double"}]
PARQUET = {
    "Columns": COLUMNS,
    "Location": "s3://lake/air/",
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "Compressed": False,
    "NumberOfBuckets": -1,
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
    "StoredAsSubDirectories": False,
    "SortColumns": [],
    "Parameters": {"compressionType": "snappy"},
}
KEYS = [{"Name": "year", "Type": "int"}, {"Name": "month", "Type": "string"}]


@pytest.fixture(scope="module")
def glue(client: Callable[..., Any]) -> Any:
    return client("glue")


@pytest.fixture
def database(glue: Any) -> Iterator[str]:
    name = f"air_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name, "Description": "measured", "Parameters": {"a": "b"}})
    yield name
    glue.delete_database(Name=name)


@pytest.fixture
def table(glue: Any, database: str) -> str:
    """The name of a partitioned table in `database`."""
    glue.create_table(DatabaseName=database, TableInput=table_input("days"))
    return "days"


def table_input(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": PARQUET,
        "PartitionKeys": KEYS,
        "Parameters": {"classification": "parquet"},
        **changes,
    }


def partition_input(year: int, month: str) -> dict[str, Any]:
    location = f"s3://lake/air/year={year}/month={month}/"
    return {"Values": [str(year), month], "StorageDescriptor": {**PARQUET, "Location": location}, "Parameters": {}}


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def test_a_database_comes_back_with_its_fields(glue: Any, database: str) -> None:
    found = glue.get_database(Name=database.upper())["Database"]
    assert (found["Name"], found["Description"], found["Parameters"]) == (database, "measured", {"a": "b"})
    assert found["CreateTime"] <= datetime.now(timezone.utc)
    assert database in [each["Name"] for page in pages(glue, "get_databases") for each in page["DatabaseList"]]


def pages(glue: Any, operation: str, **arguments: Any) -> Any:
    return glue.get_paginator(operation).paginate(PaginationConfig={"PageSize": 2}, **arguments)


def test_a_second_database_of_the_same_name_is_refused_in_glue_s_words(glue: Any, database: str) -> None:
    with pytest.raises(glue.exceptions.AlreadyExistsException, match="Database already exists"):
        glue.create_database(DatabaseInput={"Name": database.upper()})


def test_missing_things_are_entity_not_found(glue: Any, database: str) -> None:
    missing = glue.exceptions.EntityNotFoundException
    with pytest.raises(missing, match="Database nowhere not found"):
        glue.get_table(DatabaseName="nowhere", Name="t")
    with pytest.raises(missing, match="Table t not found"):
        glue.get_table(DatabaseName=database, Name="t")
    with pytest.raises(missing, match="Database nowhere not found"):
        glue.get_tables(DatabaseName="nowhere")
    with pytest.raises(missing):
        glue.delete_table(DatabaseName=database, Name="t")
    with pytest.raises(missing):
        glue.update_table(DatabaseName=database, TableInput={"Name": "t"})


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


def test_a_stale_version_is_refused_and_changes_nothing(glue: Any, database: str, table: str) -> None:
    def swap(version: str, location: str) -> None:
        changed = table_input(table, Parameters={"metadata_location": location})
        glue.update_table(DatabaseName=database, TableInput=changed, VersionId=version, SkipArchive=True)

    swap("0", "s3://a")
    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        swap("0", "s3://b")
    swap("1", "s3://c")
    assert glue.get_table(DatabaseName=database, Name=table)["Table"]["Parameters"] == {"metadata_location": "s3://c"}


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
    with pytest.raises(glue.exceptions.InvalidInputException, match="day is not a partition key"):
        glue.get_partitions(**names, Expression="day = 3")


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
    glue.delete_column_statistics_for_partition(**of_it, ColumnName="pm")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_column_statistics_for_partition(**of_it, ColumnName="pm")


def test_functions_are_made_listed_changed_and_deleted(glue: Any, database: str) -> None:
    resources = [{"ResourceType": "JAR", "Uri": "s3://lake/f.jar"}]
    made = {
        "FunctionName": "To_Celsius",
        "ClassName": "a.B",
        "OwnerName": "ann",
        "OwnerType": "USER",
        "ResourceUris": resources,
    }
    glue.create_user_defined_function(DatabaseName=database, FunctionInput=made)
    found = glue.get_user_defined_function(DatabaseName=database, FunctionName="TO_celsius")["UserDefinedFunction"]
    assert (found["FunctionName"], found["ResourceUris"]) == ("to_celsius", resources)
    glue.update_user_defined_function(
        DatabaseName=database, FunctionName="to_celsius", FunctionInput={**made, "ClassName": "a.C"}
    )
    listed = glue.get_user_defined_functions(DatabaseName=database, Pattern="to_*")["UserDefinedFunctions"]
    assert [each["ClassName"] for each in listed] == ["a.C"]
    glue.delete_user_defined_function(DatabaseName=database, FunctionName="to_celsius")
    assert glue.get_user_defined_functions(Pattern="to_celsius")["UserDefinedFunctions"] == []


@pytest.mark.parametrize(
    ("member", "properties"),
    [
        ("GrokClassifier", {"Classification": "log", "GrokPattern": "%{IP:ip}"}),
        ("XMLClassifier", {"Classification": "xml", "RowTag": "row"}),
        ("JsonClassifier", {"JsonPath": "$.rows[*]"}),
        ("CsvClassifier", {"Delimiter": ";", "Header": ["a", "b"], "AllowSingleColumn": True}),
    ],
)
def test_classifiers_of_every_kind_count_their_versions(glue: Any, member: str, properties: dict[str, Any]) -> None:
    name = f"k-{uuid.uuid4().hex[:8]}"
    glue.create_classifier(**{member: {"Name": name, **properties}})
    glue.update_classifier(**{member: {"Name": name, **properties}})
    found = glue.get_classifier(Name=name)["Classifier"][member]
    assert {key: found[key] for key in properties} == properties
    assert found["Version"] == 2
    glue.delete_classifier(Name=name)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_classifier(Name=name)


def test_resource_policies_change_only_where_their_hash_is_known(glue: Any) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    first = glue.put_resource_policy(PolicyInJson=policy)["PolicyHash"]
    with pytest.raises(glue.exceptions.ConditionCheckFailureException):
        glue.put_resource_policy(PolicyInJson=policy, PolicyHashCondition="another")
    with pytest.raises(glue.exceptions.ConditionCheckFailureException):
        glue.put_resource_policy(PolicyInJson=policy, PolicyExistsCondition="NOT_EXIST")
    assert glue.get_resource_policy()["PolicyInJson"] == policy
    assert len(glue.get_resource_policies()["GetResourcePoliciesResponseList"]) == 1
    glue.delete_resource_policy(PolicyHashCondition=first)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_resource_policy()


def test_encryption_settings_are_recorded(glue: Any) -> None:
    before = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    settings = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "key"}}
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=settings)
    after = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert after["EncryptionAtRest"] == settings["EncryptionAtRest"]
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=before)


def test_databases_are_tagged(glue: Any, database: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    arn = f"arn:aws:glue:{REGION}:{account}:database/{database}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "air", "cost": "1"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["cost"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "air"}
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_tags(ResourceArn=f"{arn}x")


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


def test_engines_that_enforce_permissions_are_told_there_are_none(glue: Any, database: str, table: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    answer = glue.get_unfiltered_table_metadata(
        CatalogId=account, DatabaseName=database, Name=table, SupportedPermissionTypes=["COLUMN_PERMISSION"]
    )
    assert answer["AuthorizedColumns"] == ["station", "pm", "year", "month"]
    assert answer["IsRegisteredWithLakeFormation"] is False


def test_a_catalog_within_the_account_has_databases_of_its_own(glue: Any, database: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    name = f"child{uuid.uuid4().hex[:8]}"
    child = f"{account}:{name}"
    glue.create_catalog(Name=name, CatalogInput={"Description": "its own"})
    glue.create_database(CatalogId=child, DatabaseInput={"Name": database})
    assert glue.get_database(CatalogId=child, Name=database)["Database"]["CatalogId"] == child
    assert [each["Name"] for each in glue.get_databases(CatalogId=child)["DatabaseList"]] == [database]
    assert glue.get_catalog(CatalogId=child)["Catalog"]["Description"] == "its own"
    with pytest.raises(glue.exceptions.InvalidInputException, match="has databases"):
        glue.delete_catalog(CatalogId=child)
    glue.delete_database(CatalogId=child, Name=database)
    glue.delete_catalog(CatalogId=child)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_databases(CatalogId=child)


def test_another_account_s_catalog_is_denied(glue: Any) -> None:
    with pytest.raises(ClientError) as denied:
        glue.get_databases(CatalogId="999999999999")
    assert code_of(denied) == "AccessDeniedException"


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
