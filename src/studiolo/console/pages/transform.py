"""Batch transform: jobs that put a whole prefix through a model, what they read and wrote, and their logs."""

from typing import Any

from starlette.responses import Response

from studiolo.console.pages.jobs import PASSING, listed
from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.visit import Visit

GROUP = "/aws/sagemaker/TransformJobs"


def jobs(visit: Visit) -> Response:
    return listed(visit, "transform")


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
