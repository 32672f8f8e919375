"""Feature Store with boto3 and the SageMaker SDK: groups, records at hand, and records in the lake."""

import io
import time
import uuid
from collections.abc import Callable
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog import load_catalog

from tests.conftest import REGION, Server
from tests.waiting import until

DEFINITIONS = [
    {"FeatureName": "station", "FeatureType": "String"},
    {"FeatureName": "measured", "FeatureType": "String"},
    {"FeatureName": "no2", "FeatureType": "Fractional"},
    {"FeatureName": "count", "FeatureType": "Integral"},
    {"FeatureName": "labels", "FeatureType": "String", "CollectionType": "Set"},
]
EARLY, LATE, LATEST = "2024-05-01T10:15:00Z", "2024-05-01T11:15:00.250Z", "2024-05-02T00:00:00Z"


@pytest.fixture(scope="module")
def sagemaker(client: Callable[..., Any]) -> Any:
    return client("sagemaker")


@pytest.fixture(scope="module")
def runtime(client: Callable[..., Any]) -> Any:
    return client("sagemaker-featurestore-runtime")


def created(sagemaker: Any, **request: Any) -> dict[str, Any]:
    """A group that is Created, as it is described."""
    name = f"air-{uuid.uuid4().hex[:8]}"
    sagemaker.create_feature_group(
        **{
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "station",
            "EventTimeFeatureName": "measured",
            "FeatureDefinitions": DEFINITIONS,
            **request,
        }
    )
    return until(lambda: _described(sagemaker, name))


def _described(sagemaker: Any, name: str) -> dict[str, Any] | None:
    found = sagemaker.describe_feature_group(FeatureGroupName=name)
    return None if found["FeatureGroupStatus"] == "Creating" else dict(found)


def lake(bucket: str, role: str) -> dict[str, Any]:
    return {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": f"s3://{bucket}/features"}}, "RoleArn": role}


@pytest.fixture(scope="module")
def online(sagemaker: Any) -> str:
    return str(created(sagemaker, OnlineStoreConfig={"EnableOnlineStore": True})["FeatureGroupName"])


def values(**features: Any) -> list[dict[str, Any]]:
    return [
        {"FeatureName": name, "ValueAsStringList" if isinstance(value, list) else "ValueAsString": value}
        for name, value in features.items()
    ]


def read(runtime: Any, group: str, station: str, **request: Any) -> dict[str, Any] | None:
    found = runtime.get_record(FeatureGroupName=group, RecordIdentifierValueAsString=station, **request)
    if "Record" not in found:
        return None
    return {each["FeatureName"]: each.get("ValueAsString", each.get("ValueAsStringList")) for each in found["Record"]}


def test_the_online_store_has_the_newest_record_by_event_time(runtime: Any, online: str) -> None:
    for measured, no2 in ((LATE, "40"), (EARLY, "10")):
        record = values(station="vienna", measured=measured, no2=no2, labels=["a", "b", "a"])
        runtime.put_record(FeatureGroupName=online, Record=record)
    newest = {"station": "vienna", "measured": LATE, "no2": "40", "labels": ["a", "b"]}
    assert read(runtime, online, "vienna") == newest
    assert read(runtime, online, "vienna", FeatureNames=["no2"]) == {"no2": "40"}
    assert read(runtime, online, "graz") is None


def test_a_softly_deleted_record_comes_back_with_a_later_one_only(runtime: Any, online: str) -> None:
    runtime.put_record(FeatureGroupName=online, Record=values(station="linz", measured=EARLY))
    named = {"FeatureGroupName": online, "RecordIdentifierValueAsString": "linz"}
    with pytest.raises(runtime.exceptions.ValidationError, match="EventTime must be later"):
        runtime.delete_record(**named, EventTime=EARLY, DeletionMode="HardDelete")
    runtime.delete_record(**named, EventTime=LATE)
    runtime.put_record(FeatureGroupName=online, Record=values(station="linz", measured=EARLY))
    assert read(runtime, online, "linz") is None
    runtime.put_record(FeatureGroupName=online, Record=values(station="linz", measured=LATEST))
    assert read(runtime, online, "linz") == {"station": "linz", "measured": LATEST}


def test_records_are_read_in_batches_and_what_cannot_be_is_told(runtime: Any, online: str) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for station, ttl in (("bregenz", {"Unit": "Hours", "Value": 1}), ("wels", None)):
        more = {} if ttl is None else {"TtlDuration": ttl}
        runtime.put_record(FeatureGroupName=online, Record=values(station=station, measured=now), **more)
    answer = runtime.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": online, "RecordIdentifiersValueAsString": ["bregenz", "wels", "nowhere"]},
            {"FeatureGroupName": "no-such-group", "RecordIdentifiersValueAsString": ["bregenz"]},
        ],
        ExpirationTimeResponse="Enabled",
    )
    found = {each["RecordIdentifierValueAsString"]: each.get("ExpiresAt") for each in answer["Records"]}
    assert list(found) == ["bregenz", "wels"]
    assert found["bregenz"] > now
    assert found["wels"] is None
    assert [each["ErrorCode"] for each in answer["Errors"]] == ["ResourceNotFound"]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"station": "vienna"}, "needs a value of measured"),
        ({"station": "vienna", "measured": "2024-05-01"}, "ISO-8601"),
        ({"station": "vienna", "measured": EARLY, "count": "1.5"}, "FeatureType Integral of Feature count"),
        ({"station": "vienna", "measured": EARLY, "ozone": "1"}, "no Feature with name ozone"),
        ({"station": "vienna", "measured": EARLY, "labels": "a"}, "ValueAsStringList"),
    ],
)
def test_a_record_that_does_not_fit_its_group_is_refused(
    runtime: Any, online: str, record: dict[str, Any], words: str
) -> None:
    with pytest.raises(runtime.exceptions.ValidationError, match=words):
        runtime.put_record(FeatureGroupName=online, Record=values(**record))


@pytest.mark.parametrize(
    ("request_changes", "words"),
    [
        ({}, "At least one of OnlineStoreConfig and OfflineStoreConfig"),
        ({"RecordIdentifierFeatureName": "city"}, "city is not one of the FeatureDefinitions"),
        ({"EventTimeFeatureName": "count"}, "must be of FeatureType String or Fractional"),
        ({"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://b/p"}}}, "RoleArn is required"),
    ],
)
def test_a_group_that_cannot_be_is_refused(sagemaker: Any, request_changes: dict[str, Any], words: str) -> None:
    online = {"OnlineStoreConfig": {"EnableOnlineStore": True}} if request_changes else {}
    with pytest.raises(sagemaker.exceptions.ClientError, match=words):
        created(sagemaker, **{**online, **request_changes})


def test_a_group_of_a_bucket_that_is_not_there_fails_with_the_reason(sagemaker: Any, role: str) -> None:
    group = created(sagemaker, **lake("no-such-bucket-for-features", role))
    assert group["FeatureGroupStatus"] == "CreateFailed"
    assert "no-such-bucket-for-features" in group["FailureReason"]
    sagemaker.delete_feature_group(FeatureGroupName=group["FeatureGroupName"])


def test_a_group_does_not_take_a_table_that_is_another_s(
    sagemaker: Any, client: Callable[..., Any], role: str, bucket: str
) -> None:
    glue, name = client("glue"), f"others_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    glue.create_table(DatabaseName=name, TableInput={"Name": "orders"})
    place = lake(bucket, role)
    place["OfflineStoreConfig"]["DataCatalogConfig"] = {
        "Catalog": "AwsDataCatalog", "Database": name, "TableName": "orders"
    }  # fmt: skip
    group = created(sagemaker, **place)
    assert group["FeatureGroupStatus"] == "CreateFailed"
    assert f"{name}.orders is not of FeatureGroup" in group["FailureReason"]
    sagemaker.delete_feature_group(FeatureGroupName=group["FeatureGroupName"])


def test_groups_are_listed_by_page_tagged_and_not_made_twice(sagemaker: Any, online: str) -> None:
    tags = [{"Key": "team", "Value": "air"}]
    group = created(sagemaker, OnlineStoreConfig={"EnableOnlineStore": True}, Tags=tags)
    assert sagemaker.list_tags(ResourceArn=group["FeatureGroupArn"])["Tags"] == tags
    pages = sagemaker.get_paginator("list_feature_groups").paginate(
        NameContains="air-", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 1}
    )
    names = [each["FeatureGroupName"] for page in pages for each in page["FeatureGroupSummaries"]]
    assert names == sorted(names)
    assert {group["FeatureGroupName"], online} <= set(names)
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="already exists"):
        sagemaker.create_feature_group(
            FeatureGroupName=online,
            RecordIdentifierFeatureName="station",
            EventTimeFeatureName="measured",
            FeatureDefinitions=DEFINITIONS,
            OnlineStoreConfig={"EnableOnlineStore": True},
        )


@pytest.fixture
def aws(server: Server, monkeypatch: pytest.MonkeyPatch) -> boto3.session.Session:
    """What clients find in their environment."""
    key, secret = server.key()
    given = {"ENDPOINT_URL": server.endpoint, "DEFAULT_REGION": REGION, "ACCESS_KEY_ID": key}
    for name, value in {**given, "SECRET_ACCESS_KEY": secret}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return boto3.session.Session()


def test_what_the_sdk_ingests_is_read_online_by_wrangler_and_as_files(
    aws: boto3.session.Session,
    monkeypatch: pytest.MonkeyPatch,
    runtime: Any,
    role: str,
    bucket: str,
    client: Callable[..., Any],
) -> None:
    from sagemaker import Session
    from sagemaker.feature_store.feature_group import FeatureGroup
    from sagemaker.telemetry import telemetry_logging

    monkeypatch.setattr(telemetry_logging, "_requests_helper", lambda url, timeout: None)
    name = f"air-{uuid.uuid4().hex[:8]}"
    rows = pd.DataFrame({"station": ["vienna", "graz"], "measured": [1714558500.0, 1714562100.25], "no2": [40.5, 8.0]})
    rows["station"] = rows["station"].astype("string")
    group = FeatureGroup(name=name, sagemaker_session=Session(boto_session=aws, default_bucket=bucket))
    group.load_feature_definitions(rows)
    group.create(f"s3://{bucket}/features", "station", "measured", role, enable_online_store=True)
    until(lambda: group.describe()["FeatureGroupStatus"] == "Created")
    group.ingest(rows, max_workers=2, wait=True)
    runtime.delete_record(FeatureGroupName=name, RecordIdentifierValueAsString="graz", EventTime="1714562101")
    record = group.get_record("vienna")
    assert {"FeatureName": "no2", "ValueAsString": "40.5"} in record

    offline = group.describe()["OfflineStoreConfig"]
    table = offline["DataCatalogConfig"]
    assert table["Database"] == "sagemaker_featurestore"
    assert table["TableName"] == group.athena_query().table_name

    def whole() -> Any:
        found = wr.s3.read_parquet_table(table["TableName"], database=table["Database"])
        return [found.sort_values("measured")] if len(found) == 3 else None

    [found] = until(lambda: _quietly(whole))
    assert list(found["station"]) == ["vienna", "graz", "graz"]
    assert list(found["is_deleted"]) == [False, False, True]
    assert list(found["hour"]) == ["10", "11", "11"]
    s3 = client("s3")
    place = offline["S3StorageConfig"]["ResolvedOutputS3Uri"].removeprefix(f"s3://{bucket}/")
    assert f"/sagemaker/{REGION}/offline-store/{name}-" in place
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=place)["Contents"]]
    assert any(key.startswith(f"{place}/year=2024/month=05/day=01/hour=10/20240501T101500Z_") for key in keys)
    file = pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=keys[0])["Body"].read()))
    assert {"write_time", "api_invocation_time", "is_deleted"} <= set(file.column_names)


def _quietly(read: Callable[[], Any]) -> Any:
    """What is read, or None where there is nothing to be read yet."""
    try:
        return read()
    except wr.exceptions.NoFilesFound:
        return None


def test_a_feature_that_is_added_is_described_and_a_column_of_the_table(
    sagemaker: Any, runtime: Any, client: Callable[..., Any], role: str, bucket: str
) -> None:
    group = created(sagemaker, OnlineStoreConfig={"EnableOnlineStore": True}, **lake(bucket, role))
    name, table = group["FeatureGroupName"], group["OfflineStoreConfig"]["DataCatalogConfig"]
    sagemaker.update_feature_group(
        FeatureGroupName=name, FeatureAdditions=[{"FeatureName": "ozone", "FeatureType": "Fractional"}]
    )
    until(lambda: sagemaker.describe_feature_group(FeatureGroupName=name)["LastUpdateStatus"]["Status"] == "Successful")
    columns = client("glue").get_table(DatabaseName=table["Database"], Name=table["TableName"])["Table"]
    assert {"Name": "ozone", "Type": "double"} in columns["StorageDescriptor"]["Columns"]
    sagemaker.update_feature_metadata(
        FeatureGroupName=name,
        FeatureName="ozone",
        Description="in ppb",
        ParameterAdditions=[{"Key": "unit", "Value": "ppb"}],
    )
    told = sagemaker.describe_feature_metadata(FeatureGroupName=name, FeatureName="ozone")
    assert (told["Description"], told["Parameters"]) == ("in ppb", [{"Key": "unit", "Value": "ppb"}])
    described = {"Filters": [{"Name": "Description", "Operator": "Contains", "Value": "ppb"}]}
    [found] = sagemaker.search(Resource="FeatureMetadata", SearchExpression=described)["Results"]
    assert (found["FeatureMetadata"]["FeatureGroupName"], found["FeatureMetadata"]["FeatureName"]) == (name, "ozone")
    sagemaker.delete_feature_group(FeatureGroupName=name)
    with pytest.raises(runtime.exceptions.ClientError):
        read(runtime, name, "vienna")
    until(lambda: _is_gone(sagemaker, name))


def test_an_offline_store_can_be_an_iceberg_table_that_grows_with_its_group(
    sagemaker: Any, runtime: Any, server: Server, role: str, bucket: str
) -> None:
    offline = {**lake(bucket, role)["OfflineStoreConfig"], "TableFormat": "Iceberg"}
    group = created(sagemaker, OfflineStoreConfig=offline, RoleArn=role)
    name, kept = group["FeatureGroupName"], group["OfflineStoreConfig"]
    assert kept["TableFormat"] == "Iceberg"
    known = {"station": "vienna", "measured": EARLY, "no2": "40.5", "labels": ["urban", "windy"]}
    runtime.put_record(FeatureGroupName=name, Record=values(**known))
    sagemaker.update_feature_group(
        FeatureGroupName=name, FeatureAdditions=[{"FeatureName": "ozone", "FeatureType": "Fractional"}]
    )
    until(lambda: sagemaker.describe_feature_group(FeatureGroupName=name)["LastUpdateStatus"]["Status"] == "Successful")
    runtime.put_record(FeatureGroupName=name, Record=values(station="graz", measured=LATE, ozone="1.5"))
    key, secret = server.key()
    keys = {"client.access-key-id": key, "client.secret-access-key": secret, "client.region": REGION}
    place = {"type": "glue", "glue.endpoint": server.endpoint, "s3.endpoint": server.s3_endpoint}
    table = kept["DataCatalogConfig"]
    found = load_catalog("glue", **place, **keys).load_table((table["Database"], table["TableName"]))

    def whole() -> Any:
        rows = found.refresh().scan().to_arrow().to_pylist()
        return sorted(rows, key=lambda row: str(row["station"])) if len(rows) == 2 else None

    graz, vienna = until(whole)
    assert (vienna["no2"], vienna["labels"], vienna["ozone"]) == (40.5, ["urban", "windy"], None)
    assert (graz["no2"], graz["ozone"], graz["is_deleted"]) == (None, 1.5, False)
    sagemaker.delete_feature_group(FeatureGroupName=name)
    until(lambda: _is_gone(sagemaker, name))


def _is_gone(sagemaker: Any, name: str) -> bool:
    try:
        sagemaker.describe_feature_group(FeatureGroupName=name)
    except sagemaker.exceptions.ResourceNotFound:
        return True
    return False
