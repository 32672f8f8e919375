"""Usage: what sessions, clusters, jobs and endpoints used by day, and what AWS's list price would have been."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.usage import DPU, Day, Prices, Use, by_day
from studiolo.console.visit import Refused, Visit

RANGES = (7, 30)
"""Days that a page can show."""

MOST = 100
"""Newest ones of each kind that are looked at: each is a call."""


def usage(visit: Visit) -> Response:
    return visit.page("usage.html", ranges=RANGES, shown=_range(visit))


def days(visit: Visit) -> Response:
    """The part of the page that takes longer: the days."""
    now = datetime.now(timezone.utc)
    shown = _range(visit)
    first = (now - timedelta(days=shown - 1)).date()
    parts = _parts(visit, first, now)
    prices = Prices.read(visit.prices)
    return visit.page(
        "usage_days.html",
        days=_days(parts, prices, first, now),
        prices=prices,
        file=visit.prices,
        shown=shown,
        most=MOST,
        cut=any(not isinstance(part, Refused) and len(part) >= MOST for part in parts),
        refusals=list({part.message: part for part in parts if isinstance(part, Refused)}.values()),
    )


def today(visit: Visit) -> Response:
    """The part of the overview that takes longer: today's."""
    now = datetime.now(timezone.utc)
    prices = Prices.read(visit.prices)
    [day] = _days(_parts(visit, now.date(), now), prices, now.date(), now)
    return visit.page("usage_today.html", day=day, prices=prices)


def _range(visit: Visit) -> int:
    asked = visit.query.get("days", "")
    return int(asked) if asked in map(str, RANGES) else RANGES[0]


def _parts(visit: Visit, first: date, now: datetime) -> list[list[Use] | Refused]:
    """What each kind used since a day began, or how its service refused to tell."""
    since = datetime(first.year, first.month, first.day, tzinfo=timezone.utc)
    return [visit.attempt(lambda find=find: list(find(visit, since, now))) for find in KINDS]


def _days(parts: list[list[Use] | Refused], prices: Prices, first: date, now: datetime) -> list[Day]:
    return by_day([use for part in parts if not isinstance(part, Refused) for use in part], prices, first, now.date())


def _sessions(visit: Visit, since: datetime, now: datetime) -> Iterator[Use]:
    for each in visit.every("glue", "list_sessions", "Sessions", MOST):
        end = each.get("CompletedOn") or now
        if end > since:
            path = f"/sessions/{quote(each['Id'], safe='')}"
            yield Use("Session", each["Id"], path, DPU, each.get("MaxCapacity") or 0.0, each["CreatedOn"], end)


def _clusters(visit: Visit, since: datetime, now: datetime) -> Iterator[Use]:
    for cluster in visit.every("emr", "list_clusters", "Clusters", MOST):
        if cluster["Status"]["Timeline"].get("EndDateTime", now) <= since:
            continue
        path = f"/clusters/{quote(cluster['Id'], safe='')}"
        for each in visit.every("emr", "list_instances", "Instances", ClusterId=cluster["Id"]):
            times = each["Status"]["Timeline"]
            unit, end = f"{each['InstanceType']} (EMR)", times.get("EndDateTime", now)
            yield Use("Cluster", cluster["Name"], path, unit, 1, times["CreationDateTime"], end)


def _training(visit: Visit, since: datetime, now: datetime) -> Iterator[Use]:
    client, given = visit.client("sagemaker"), {"CreationTimeAfter": since}
    for each in visit.every("sagemaker", "list_training_jobs", "TrainingJobSummaries", MOST, **given):
        found = client.describe_training_job(TrainingJobName=each["TrainingJobName"])
        path = f"/training/{found['TrainingJobName']}"
        yield from _of_job("Training job", found["TrainingJobName"], path, found["ResourceConfig"], found, now)


def _processing(visit: Visit, since: datetime, now: datetime) -> Iterator[Use]:
    client, given = visit.client("sagemaker"), {"CreationTimeAfter": since}
    for each in visit.every("sagemaker", "list_processing_jobs", "ProcessingJobSummaries", MOST, **given):
        found = client.describe_processing_job(ProcessingJobName=each["ProcessingJobName"])
        path, cluster = f"/processing/{found['ProcessingJobName']}", found["ProcessingResources"]["ClusterConfig"]
        yield from _of_job("Processing job", found["ProcessingJobName"], path, cluster, found, now)


def _endpoints(visit: Visit, since: datetime, now: datetime) -> Iterator[Use]:
    """Of those that there still are, as they are: nobody notes what they were."""
    client = visit.client("sagemaker")
    for each in visit.every("sagemaker", "list_endpoints", "Endpoints", MOST):
        name = each["EndpointName"]
        found = client.describe_endpoint(EndpointName=name)
        config = client.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        types = {variant["VariantName"]: variant.get("InstanceType") for variant in config["ProductionVariants"]}
        for variant in found.get("ProductionVariants", []):
            unit, count = types.get(variant["VariantName"]), variant.get("CurrentInstanceCount", 0)
            if unit and count:
                yield Use("Endpoint", name, f"/endpoints/{name}", unit, count, each["CreationTime"], now)


def _of_job(kind: str, name: str, path: str, cluster: Any, found: Any, now: datetime) -> Iterator[Use]:
    begin = found.get("TrainingStartTime") or found.get("ProcessingStartTime")
    end = found.get("TrainingEndTime") or found.get("ProcessingEndTime") or now
    groups = cluster.get("InstanceGroups") or [cluster]
    for group in groups if begin is not None else ():
        yield Use(kind, name, path, group["InstanceType"], group["InstanceCount"], begin, end)


KINDS = (_sessions, _clusters, _training, _processing, _endpoints)
PAGES = (
    Page("GET", "/usage", usage),
    Page("GET", "/usage/days", days),
    Page("GET", "/usage/today", today),
)
