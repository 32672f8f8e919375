"""Processing: jobs that run a program over data, their logs, what they read and what they wrote."""

from typing import Any

from starlette.responses import Response

from studiolo.console.pages.jobs import PASSING, listed
from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.visit import Visit

GROUP = "/aws/sagemaker/ProcessingJobs"


def jobs(visit: Visit) -> Response:
    return listed(visit, "processing")


def job(visit: Visit) -> Response:
    name = visit.path["job"]
    described = visit.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    tab = visit.query.get("tab", "log")
    shown: dict[str, Any] = {"log": last_events(visit, GROUP, f"{name}/")} if tab == "log" else {}
    outputs = described.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return visit.page(
        "processing_job.html",
        job=described,
        tab=tab,
        passing=described["ProcessingJobStatus"] in PASSING,
        inputs=[
            (each["InputName"], *_place(each.get("S3Input", {}))) for each in described.get("ProcessingInputs", [])
        ],
        outputs=[(each["OutputName"], *_place(each.get("S3Output", {}))) for each in outputs],
        **shown,
    )


def stop(visit: Visit) -> Response:
    visit.client("sagemaker").stop_processing_job(ProcessingJobName=visit.path["job"])
    return visit.go(f"/processing/{visit.path['job']}")


def _place(given: dict[str, Any]) -> tuple[str, str, str, str]:
    """Where data is: in the container, in S3, and the bucket and prefix of that."""
    url = given.get("S3Uri", "")
    bucket, _, prefix = url.partition("://")[2].partition("/")
    return given.get("LocalPath", ""), url, bucket, prefix


PAGES = (
    Page("GET", "/processing", jobs),
    Page("GET", "/processing/{job}", job),
    Page("POST", "/processing/{job}/stop", stop),
)
