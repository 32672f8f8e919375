"""Amazon SageMaker: feature groups, and what is said of their features."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token
from studiolo.features import (
    FAILED,
    PASSING,
    Feature,
    FeatureGroup,
    Listing,
    Offline,
    Specification,
    TableName,
    Ttl,
)
from studiolo.services.call import Call
from studiolo.services.patience import Patience
from studiolo.services.sagemaker.service import INVALID, kept, moment, next_token, sagemaker, tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        CreateFeatureGroupRequestTypeDef,
        CreateFeatureGroupResponseTypeDef,
        DeleteFeatureGroupRequestTypeDef,
        DescribeFeatureGroupRequestTypeDef,
        DescribeFeatureGroupResponseTypeDef,
        DescribeFeatureMetadataRequestTypeDef,
        DescribeFeatureMetadataResponseTypeDef,
        ListFeatureGroupsRequestTypeDef,
        ListFeatureGroupsResponseTypeDef,
        UpdateFeatureGroupRequestTypeDef,
        UpdateFeatureGroupResponseTypeDef,
        UpdateFeatureMetadataRequestTypeDef,
    )

RECORDED_ONLINE = ("SecurityConfig", "StorageType")
RECORDED_OFFLINE = ("KmsKeyId",)
ON_DEMAND = {"ThroughputMode": "OnDemand"}


@sagemaker.operation
def create_feature_group(
    call: Call, request: "CreateFeatureGroupRequestTypeDef"
) -> "CreateFeatureGroupResponseTypeDef":
    group = call.studio.features.groups.create(
        call.scope, call.principal, request["FeatureGroupName"], specification(request), tags(call, request)
    )
    return {"FeatureGroupArn": group.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def delete_feature_group(call: Call, request: "DeleteFeatureGroupRequestTypeDef") -> dict[str, object]:
    call.studio.features.groups.delete(call.scope, request["FeatureGroupName"])
    return {}


@sagemaker.patient(Patience("feature-group", "FeatureGroupName", ("FeatureGroupStatus",), PASSING, seconds=5))
def describe_feature_group(
    call: Call, request: "DescribeFeatureGroupRequestTypeDef"
) -> "DescribeFeatureGroupResponseTypeDef":
    groups = call.studio.features.groups
    group = groups.get(call.scope, request["FeatureGroupName"])
    answer: Any = as_feature_group(group)
    if group.specification.online:
        answer["OnlineStoreTotalSizeBytes"] = groups.online_bytes(group)
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def describe_feature_metadata(
    call: Call, request: "DescribeFeatureMetadataRequestTypeDef"
) -> "DescribeFeatureMetadataResponseTypeDef":
    group, feature = call.studio.features.groups.feature(
        call.scope, request["FeatureGroupName"], request["FeatureName"]
    )
    answer: Any = {
        "FeatureGroupArn": group.arn,
        "FeatureGroupName": group.name,
        "FeatureName": feature.name,
        "FeatureType": feature.type,
        "CreationTime": moment(feature.created),
        "LastModifiedTime": moment(feature.changed),
        "Parameters": [{"Key": key, "Value": value} for key, value in feature.parameters.items()],
    }
    if feature.description is not None:
        answer["Description"] = feature.description
    return answer  # type: ignore[no-any-return]


@sagemaker.operation
def list_feature_groups(call: Call, request: "ListFeatureGroupsRequestTypeDef") -> "ListFeatureGroupsResponseTypeDef":
    page = call.studio.features.groups.page(call.scope, listing(request))
    groups = [as_summary(group) for group in page.items]
    return {"FeatureGroupSummaries": groups, **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_feature_group(
    call: Call, request: "UpdateFeatureGroupRequestTypeDef"
) -> "UpdateFeatureGroupResponseTypeDef":
    members = [name for name in ("FeatureAdditions", "OnlineStoreConfig", "ThroughputConfig") if name in request]
    if len(members) != 1:
        raise ServiceError(
            INVALID,
            "Validation Error: One of FeatureAdditions, OnlineStoreConfig and ThroughputConfig is updated at a time; "
            f"given: {', '.join(members) or 'none'}.",
        )
    groups, name = call.studio.features.groups, request["FeatureGroupName"]
    if "FeatureAdditions" in request:
        group = groups.add_features(call.scope, name, [as_feature(each) for each in request["FeatureAdditions"]])
    elif "OnlineStoreConfig" in request:
        online: Any = request["OnlineStoreConfig"]
        group = groups.set_online(call.scope, name, as_ttl(online), kept(online, ["StorageType"]))
    else:
        group = groups.record(call.scope, name, kept(request, ["ThroughputConfig"]))
    return {"FeatureGroupArn": group.arn}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_feature_metadata(call: Call, request: "UpdateFeatureMetadataRequestTypeDef") -> dict[str, object]:
    added: Any = request.get("ParameterAdditions", [])
    if any(not {"Key", "Value"} <= parameter.keys() for parameter in added):
        raise ServiceError(INVALID, "Validation Error: Each of ParameterAdditions needs a Key and a Value.")
    call.studio.features.groups.describe_feature(
        call.scope,
        request["FeatureGroupName"],
        request["FeatureName"],
        request.get("Description"),
        {parameter["Key"]: parameter["Value"] for parameter in added},
        request.get("ParameterRemovals", []),
    )
    return {}


def specification(request: "CreateFeatureGroupRequestTypeDef") -> Specification:
    online: Any = request.get("OnlineStoreConfig", {})
    enabled = online.get("EnableOnlineStore", False)
    return Specification(
        identifier=request["RecordIdentifierFeatureName"],
        event_time=request["EventTimeFeatureName"],
        features=tuple(as_feature(definition) for definition in request["FeatureDefinitions"]),
        online=enabled,
        ttl=as_ttl(online),
        offline=as_offline(request["OfflineStoreConfig"]) if "OfflineStoreConfig" in request else None,
        role=request.get("RoleArn"),
        description=request.get("Description"),
        recorded={**(kept(online, RECORDED_ONLINE) if enabled else {}), **kept(request, ["ThroughputConfig"])},
    )


def as_offline(config: Any) -> Offline:
    managed, iceberg = not config.get("DisableGlueTableCreation", False), config.get("TableFormat") == "Iceberg"
    if iceberg and not managed:
        raise ServiceError(
            INVALID,
            "TableFormat Iceberg with DisableGlueTableCreation is not supported by Studiolo: it needs the table.",
        )
    storage, table = config["S3StorageConfig"], config.get("DataCatalogConfig")
    return Offline(
        uri=storage["S3Uri"],
        table=table and TableName(table["Database"], table["TableName"], table["Catalog"]),
        managed=managed,
        iceberg=iceberg,
        recorded={**kept(storage, RECORDED_OFFLINE), **kept(config, ["TableFormat"])},
    )


def as_feature(definition: Any) -> Feature:
    vector = definition.get("CollectionConfig", {}).get("VectorConfig", {})
    return Feature(
        definition["FeatureName"],
        definition["FeatureType"],
        definition.get("CollectionType"),
        vector.get("Dimension"),
    )


def as_ttl(config: Mapping[str, Any]) -> Ttl | None:
    """The TTL of an online store's configuration; None for one without, or with nothing in it."""
    given = config.get("TtlDuration") or {}
    if not given:
        return None
    if not {"Unit", "Value"} <= given.keys():
        raise ServiceError(INVALID, "Validation Error: TtlDuration needs both a Unit and a Value.")
    return Ttl(given["Unit"], given["Value"])


def listing(request: Any) -> Listing:
    token = request.get("NextToken")
    return Listing(
        name_contains=request.get("NameContains"),
        status=request.get("FeatureGroupStatusEquals"),
        offline_status=request.get("OfflineStoreStatusEquals"),
        created_after=request.get("CreationTimeAfter"),
        created_before=request.get("CreationTimeBefore"),
        sort_by=request.get("SortBy", "CreationTime"),
        descending=request.get("SortOrder", "Descending") == "Descending",
        after=decode_token(token, INVALID) if token else None,
        limit=request.get("MaxResults", 10),
    )


def as_summary(group: FeatureGroup) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "FeatureGroupName": group.name,
        "FeatureGroupArn": group.arn,
        "CreationTime": group.created,
        "FeatureGroupStatus": group.status,
    }
    if group.offline_status is not None:
        blocked = {"BlockedReason": group.reason[:1024]} if group.offline_status == "Blocked" and group.reason else {}
        answer["OfflineStoreStatus"] = {"Status": group.offline_status, **blocked}
    return answer


def as_feature_group(group: FeatureGroup) -> dict[str, Any]:
    known = group.specification
    answer = {
        **as_summary(group),
        "LastModifiedTime": group.changed,
        "RecordIdentifierFeatureName": known.identifier,
        "EventTimeFeatureName": known.event_time,
        "FeatureDefinitions": definitions(known.features),
        "ThroughputConfig": known.recorded.get("ThroughputConfig", ON_DEMAND),
    }
    if known.online:
        answer["OnlineStoreConfig"] = {"EnableOnlineStore": True, **kept(known.recorded, RECORDED_ONLINE)}
        if known.ttl is not None:
            answer["OnlineStoreConfig"]["TtlDuration"] = {"Unit": known.ttl.unit, "Value": known.ttl.value}
    if known.offline is not None:
        answer["OfflineStoreConfig"] = as_offline_config(known.offline)
    for name, value in (("RoleArn", known.role), ("Description", known.description)):
        if value is not None:
            answer[name] = value
    if group.update_status is not None:
        answer["LastUpdateStatus"] = {"Status": group.update_status}
        if group.update_status == FAILED and group.reason:
            answer["LastUpdateStatus"]["FailureReason"] = group.reason[:1024]
    if group.status.endswith("Failed") and group.reason:
        answer["FailureReason"] = group.reason[:1024]
    return answer


def as_offline_config(offline: Offline) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "S3StorageConfig": {
            "S3Uri": offline.uri,
            "ResolvedOutputS3Uri": offline.resolved,
            **kept(offline.recorded, RECORDED_OFFLINE),
        },
        "DisableGlueTableCreation": not offline.managed,
        **kept(offline.recorded, ["TableFormat"]),
    }
    if offline.table is not None:
        answer["DataCatalogConfig"] = {
            "TableName": offline.table.table,
            "Catalog": offline.table.catalog,
            "Database": offline.table.database,
        }
    return answer


def definitions(features: Iterable[Feature]) -> list[dict[str, Any]]:
    answer = []
    for feature in features:
        definition: dict[str, Any] = {"FeatureName": feature.name, "FeatureType": feature.type}
        if feature.collection is not None:
            definition["CollectionType"] = feature.collection
        if feature.dimension is not None:
            definition["CollectionConfig"] = {"VectorConfig": {"Dimension": feature.dimension}}
        answer.append(definition)
    return answer
