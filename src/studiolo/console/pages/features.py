"""Features: the groups of the Feature Store, what they hold, and the newest record of an identifier."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit

PASSING = ("Creating", "Deleting")


def groups(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_feature_groups(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    summaries = found["FeatureGroupSummaries"]
    return visit.page(
        "features.html",
        groups=summaries,
        more=found.get("NextToken"),
        passing=any(each.get("FeatureGroupStatus") in PASSING for each in summaries),
    )


def group(visit: Visit) -> Response:
    name = visit.path["group"]
    described = visit.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    asked = visit.query.get("record", "")
    return visit.page(
        "feature_group.html",
        group=described,
        table=_table(described),
        asked=asked,
        record=visit.attempt(_record, visit, name, asked) if asked else None,
        passing=described["FeatureGroupStatus"] in PASSING,
    )


def delete(visit: Visit) -> Response:
    visit.client("sagemaker").delete_feature_group(FeatureGroupName=visit.path["group"])
    return visit.go("/features")


def _table(group: dict[str, Any]) -> str | None:
    """The address of the page of the table that its offline store is."""
    where = group.get("OfflineStoreConfig", {}).get("DataCatalogConfig")
    return f"/catalog/{quote(where['Database'], safe='')}/{quote(where['TableName'], safe='')}" if where else None


def _record(visit: Visit, name: str, identifier: str) -> list[tuple[str, str]]:
    """The features of a record and their values; none where there is no such record."""
    runtime = visit.client("sagemaker-featurestore-runtime")
    found = runtime.get_record(FeatureGroupName=name, RecordIdentifierValueAsString=identifier).get("Record", [])
    return [
        (each["FeatureName"], each.get("ValueAsString") or ", ".join(each.get("ValueAsStringList", [])))
        for each in found
    ]


PAGES = (
    Page("GET", "/features", groups),
    Page("GET", "/features/{group}", group),
    Page("POST", "/features/{group}/delete", delete),
)
