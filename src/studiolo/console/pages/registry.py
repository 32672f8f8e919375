"""The model registry: groups of model packages, their versions with what was measured of them, and their approval."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit

MOST_BYTES = 256 * 1024
"""Of a file of metrics: a larger one is named, and not read."""
MOST_METRICS = 100
DECISIONS = ("Approved", "Rejected", "PendingManualApproval")


def groups(visit: Visit) -> Response:
    """The groups, or as the query asks, the model cards, or one of these: a group may have any path's name."""
    if visit.query.get("card"):
        return _card(visit, visit.query["card"])
    if visit.query.get("view") == "cards":
        return _cards(visit)
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_model_package_groups(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    return visit.page("registry.html", groups=found["ModelPackageGroupSummaryList"], more=found.get("NextToken"))


def group(visit: Visit) -> Response:
    sagemaker, name = visit.client("sagemaker"), visit.path["group"]
    described = sagemaker.describe_model_package_group(ModelPackageGroupName=name)
    given = {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = sagemaker.list_model_packages(
        ModelPackageGroupName=name, MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    return visit.page(
        "registry_group.html",
        group=described,
        packages=found["ModelPackageSummaryList"],
        more=found.get("NextToken"),
    )


def package(visit: Visit) -> Response:
    described = visit.client("sagemaker").describe_model_package(ModelPackageName=_name(visit))
    return visit.page(
        "registry_package.html",
        package=described,
        decisions=DECISIONS,
        metrics=[(name, uri, *_read(visit, uri)) for name, uri in _files(described.get("ModelMetrics", {}))],
    )


def decide(visit: Visit) -> Response:
    sagemaker, form = visit.client("sagemaker"), visit.form
    arn = sagemaker.describe_model_package(ModelPackageName=_name(visit))["ModelPackageArn"]
    given = {"ApprovalDescription": form["why"]} if form.get("why") else {}
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=form.get("decision", ""), **given)
    return visit.go(f"/registry/{_name(visit)}")


def delete(visit: Visit) -> Response:
    visit.client("sagemaker").delete_model_package(ModelPackageName=_name(visit))
    return visit.go(f"/registry/{visit.path['group']}")


def delete_group(visit: Visit) -> Response:
    visit.client("sagemaker").delete_model_package_group(ModelPackageGroupName=visit.path["group"])
    return visit.go("/registry")


def _cards(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_model_cards(MaxResults=PAGE, **given)
    return visit.page("model_cards.html", cards=found["ModelCardSummaries"], more=found.get("NextToken"))


def _card(visit: Visit, name: str) -> Response:
    """One card: each part of its document as rows of words."""
    described = visit.client("sagemaker").describe_model_card(ModelCardName=name)
    document = json.loads(described.get("Content") or "{}")
    told = [(title.replace("_", " ").capitalize(), list(_words(content))) for title, content in document.items()]
    return visit.page("model_card.html", card=described, told=told)


def _words(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What a part of a card says, each by where it stands."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _words(each, f"{path} {name.replace('_', ' ')}".strip())
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from _words(each, f"{path} {number}".strip())
    else:
        yield path, str(value)


def _name(visit: Visit) -> str:
    return f"{visit.path['group']}/{visit.path['version']}"


def _files(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was measured, and the URI of the file with it."""
    for kind, of_kind in metrics.items():
        for what, source in of_kind.items():
            yield f"{kind} {what}", source["S3Uri"]


def _read(visit: Visit, uri: str) -> tuple[list[tuple[str, float]], str | None]:
    """The numbers in a file of metrics, by their paths; or why there are none."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    found = visit.attempt(visit.client("s3").get_object, Bucket=bucket, Key=key)
    if not isinstance(found, dict):
        return [], found.message
    content = found["Body"].read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        return [], "The file is too large to be shown."
    try:
        numbers = list(_numbers(json.loads(content)))
    except (ValueError, RecursionError):
        return [], "The file is no JSON."
    return numbers[:MOST_METRICS], None


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _numbers(each, path if name == "value" else f"{path} {name}".strip())
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


PAGES = (
    Page("GET", "/registry", groups),
    Page("GET", "/registry/{group}", group),
    Page("POST", "/registry/{group}/delete", delete_group),
    Page("GET", "/registry/{group}/{version:int}", package),
    Page("POST", "/registry/{group}/{version:int}/decide", decide),
    Page("POST", "/registry/{group}/{version:int}/delete", delete),
)
