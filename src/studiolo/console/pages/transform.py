"""Batch transform: jobs that put a whole prefix through a model, what they read and wrote, and their logs."""

from typing import Any

from starlette.responses import Response

from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.visit import PAGE, Visit

GROUP = "/aws/sagemaker/TransformJobs"
STATES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
PASSING = ("InProgress", "Stopping")


def jobs(visit: Visit) -> Response:
    given = {"NameContains": visit.query["find"]} if visit.query.get("find") else {}
    given |= {"StatusEquals": visit.query["status"]} if visit.query.get("status") in STATES else {}
    given |= {"NextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("sagemaker").list_transform_jobs(
        MaxResults=PAGE, SortBy="CreationTime", SortOrder="Descending", **given
    )
    summaries = found["TransformJobSummaries"]
    return visit.page(
        "transform.html",
        jobs=summaries,
        more=found.get("NextToken"),
        states=STATES,
        passing=any(each["TransformJobStatus"] in PASSING for each in summaries),
    )


def job(visit: Visit) -> Response:
    name = visit.path["job"]
    described = visit.client("sagemaker").describe_transform_job(TransformJobName=name)
    tab = visit.query.get("tab", "log")
    shown: dict[str, Any] = {"log": last_events(visit, GROUP, f"{name}/")} if tab == "log" else {}
    source = described["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    places = [("Reads", source), ("Writes", described["TransformOutput"]["S3OutputPath"])]
    return visit.page(
        "transform_job.html",
        job=described,
        tab=tab,
        passing=described["TransformJobStatus"] in PASSING,
        places=[(label, url, *_place(url)) for label, url in places],
        **shown,
    )


def stop(visit: Visit) -> Response:
    visit.client("sagemaker").stop_transform_job(TransformJobName=visit.path["job"])
    return visit.go(f"/transform/{visit.path['job']}")


def _place(url: str) -> tuple[str, str]:
    """Bucket, and prefix as a folder: where an output path has no slash at its end, one is meant."""
    bucket, _, prefix = url.partition("://")[2].partition("/")
    return bucket, f"{prefix.rstrip('/')}/" if prefix else ""


PAGES = (
    Page("GET", "/transform", jobs),
    Page("GET", "/transform/{job}", job),
    Page("POST", "/transform/{job}/stop", stop),
)
