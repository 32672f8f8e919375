"""Overview: what runs, what failed and why, what the machine has left; the region, and the role that one views as."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import psutil
from starlette.responses import Response

from studiolo.console.pages.page import Page
from studiolo.console.visit import Refused, Visit

RECENT = 8
COUNTED = 50
"""Things of a kind that are counted: of more it is said that there are more."""
FAILED = ("FAILED", "TIMEOUT", "Failed", "TERMINATED_WITH_ERRORS")
ENDED = ("STOPPED", "TERMINATED", "Completed", "Stopped", "Deleted")


@dataclass(frozen=True)
class Thing:
    """Something that runs, or has failed. described: what tells why, where its list does not."""

    kind: str
    name: str
    path: str
    state: str
    at: datetime | None
    reason: str | None = None
    described: Callable[[], Any] | None = None


def overview(visit: Visit) -> Response:
    sessions = visit.attempt(_sessions, visit)
    training = visit.attempt(_training, visit, "InProgress")
    failed = visit.attempt(_training, visit, "Failed")
    endpoints = visit.attempt(_endpoints, visit)
    jobs = [visit.attempt(_jobs, visit, kind) for kind in ("Processing", "Transform")]
    apps = visit.attempt(_apps, visit)
    parts = [sessions, training, failed, endpoints, visit.attempt(_clusters, visit), *jobs, apps]
    things = [thing for part in parts if not isinstance(part, Refused) for thing in part]
    memory = psutil.virtual_memory()
    return visit.page(
        "overview.html",
        running=_latest(thing for thing in things if thing.state not in (*ENDED, *FAILED)),
        failures=[_with_reason(visit, thing) for thing in _latest(each for each in things if each.state in FAILED)],
        refusals=list({part.message: part for part in parts if isinstance(part, Refused)}.values()),
        counted=COUNTED,
        memory=memory,
        cores=psutil.cpu_count(),
        load=psutil.getloadavg()[0],
        buckets=visit.attempt(lambda: len(visit.client("s3").list_buckets(MaxBuckets=COUNTED)["Buckets"])),
        databases=visit.attempt(lambda: len(visit.client("glue").get_databases(MaxResults=COUNTED)["DatabaseList"])),
        roles=visit.attempt(lambda: len(visit.client("iam").list_roles(MaxItems=COUNTED)["Roles"])),
    )


def _sessions(visit: Visit) -> Sequence[Thing]:
    return [
        Thing(
            "Session", each["Id"], f"/sessions/{each['Id']}", each["Status"], each.get("CreatedOn"),
            each.get("ErrorMessage"),
        )
        for each in visit.client("glue").list_sessions(MaxResults=25)["Sessions"]
    ]  # fmt: skip


def _training(visit: Visit, status: str) -> Sequence[Thing]:
    client = visit.client("sagemaker")
    found = client.list_training_jobs(StatusEquals=status, MaxResults=RECENT)["TrainingJobSummaries"]
    return [
        Thing(
            "Training job", each["TrainingJobName"], f"/training/{each['TrainingJobName']}", each["TrainingJobStatus"],
            each["CreationTime"],
            described=partial(client.describe_training_job, TrainingJobName=each["TrainingJobName"]),
        )
        for each in found
    ]  # fmt: skip


def _endpoints(visit: Visit) -> Sequence[Thing]:
    client = visit.client("sagemaker")
    return [
        Thing(
            "Endpoint", each["EndpointName"], f"/endpoints/{each['EndpointName']}", each["EndpointStatus"],
            each["CreationTime"], described=partial(client.describe_endpoint, EndpointName=each["EndpointName"]),
        )
        for each in client.list_endpoints(MaxResults=RECENT)["Endpoints"]
    ]  # fmt: skip


def _clusters(visit: Visit) -> Sequence[Thing]:
    return [
        Thing(
            "Cluster", each["Name"], f"/clusters/{each['Id']}", each["Status"]["State"],
            each["Status"]["Timeline"].get("CreationDateTime"), each["Status"]["StateChangeReason"].get("Message"),
        )
        for each in visit.client("emr").list_clusters()["Clusters"]
    ]  # fmt: skip


def _apps(visit: Visit) -> Sequence[Thing]:
    """Studio's, which list what they are, and describe why they failed."""
    client = visit.client("sagemaker")
    return [
        Thing(
            each["AppType"], each["SpaceName"], f"/studio/{each['DomainId']}", each["Status"], each["CreationTime"],
            described=partial(
                client.describe_app,
                **{name: each[name] for name in ("DomainId", "SpaceName", "AppType", "AppName")},
            ),
        )
        for each in client.list_apps(MaxResults=RECENT, SortOrder="Descending")["Apps"]
    ]  # fmt: skip


def _jobs(visit: Visit, kind: str) -> Sequence[Thing]:
    """Jobs whose list tells why they failed. kind: as SageMaker's names begin, e.g. `Processing`."""
    found = getattr(visit.client("sagemaker"), f"list_{kind.lower()}_jobs")(MaxResults=RECENT)
    name = f"{kind}JobName"
    return [
        Thing(
            f"{kind} job", each[name], f"/{kind.lower()}/{each[name]}", each[f"{kind}JobStatus"],
            each["CreationTime"], each.get("FailureReason"),
        )
        for each in found[f"{kind}JobSummaries"]
    ]  # fmt: skip


def _with_reason(visit: Visit, thing: Thing) -> Thing:
    found = visit.attempt(thing.described) if thing.described is not None else {}
    return thing if isinstance(found, Refused) else replace(thing, reason=found.get("FailureReason", thing.reason))


def _latest(things: Any) -> Sequence[Thing]:
    return sorted(things, key=lambda thing: thing.at.timestamp() if thing.at else 0, reverse=True)[:RECENT]


def view_as(visit: Visit) -> Response:
    """From now on the pages are made with the keys of a role, which the person assumes."""
    role = visit.form.get("role", "").strip()
    if not role.startswith("arn:"):
        account = visit.signed_in.content["own"].split(":")[4]
        role = f"arn:{visit.partition}:iam::{account}:role/{role}"
    key = visit.client("sts").assume_role(RoleArn=role, RoleSessionName="console")["Credentials"]["AccessKeyId"]
    visit.sign_ins.change(visit.signed_in, key, {"region": visit.region})
    return visit.go("/")


def view_as_oneself(visit: Visit) -> Response:
    visit.sign_ins.change(visit.signed_in, None, {"region": visit.region})
    return visit.go("/")


def region(visit: Visit) -> Response:
    chosen = visit.form.get("region", "").strip()
    if not chosen or not all(letter.isalnum() or letter == "-" for letter in chosen) or len(chosen) > 30:
        said = Refused("InvalidRegion", f"{chosen!r} is no region's name: one is like us-east-1.", 400)
        return visit.page("refused.html", 400, said=said)
    visit.sign_ins.change(visit.signed_in, visit.signed_in.role_key, {"region": chosen})
    return visit.go("/")


PAGES = (
    Page("GET", "/", overview),
    Page("POST", "/view-as", view_as),
    Page("POST", "/view-as/end", view_as_oneself),
    Page("POST", "/region", region),
)
