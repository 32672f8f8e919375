"""Batch transform: jobs that put a whole prefix through a model, what they read and wrote, and their logs."""

from typing import Any

from starlette.responses import Response

from studiolo.console.pages.jobs import PASSING, listed
from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.visit import Refused, Visit

GROUP = "/aws/sagemaker/TransformJobs"
MOST_MODELS = 100
"""That a new job's form offers."""


def jobs(visit: Visit) -> Response:
    newest = {"MaxResults": MOST_MODELS, "SortBy": "CreationTime", "SortOrder": "Descending"}
    models = visit.attempt(visit.client("sagemaker").list_models, **newest)
    names = [] if isinstance(models, Refused) else [each["ModelName"] for each in models["Models"]]
    return listed(visit, "transform", models=names)


def create(visit: Visit) -> Response:
    form, name = visit.form, visit.form.get("name", "")
    kind = {"ContentType": form["type"]} if form.get("type") else {}
    lines = form.get("split") == "Line"
    visit.client("sagemaker").create_transform_job(
        TransformJobName=name,
        ModelName=form.get("model", ""),
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": form.get("input", "").strip()}},
            "SplitType": "Line" if lines else "None",
            **kind,
        },
        TransformOutput={
            "S3OutputPath": form.get("output", "").strip(),
            "AssembleWith": "Line" if lines else "None",
        },
        TransformResources={
            "InstanceType": form.get("instance", ""),
            "InstanceCount": int(form["count"]) if form.get("count", "").isdecimal() else 1,
        },
    )
    return visit.go(f"/transform/{name}")


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
    Page("POST", "/transform", create),
    Page("GET", "/transform/{job}", job),
    Page("POST", "/transform/{job}/stop", stop),
)
