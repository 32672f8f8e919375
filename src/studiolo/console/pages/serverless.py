"""Serverless: EMR Serverless' applications, and their job runs with what these print."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from studiolo.console.packed import packed_log
from studiolo.console.pages.logs import last_events
from studiolo.console.pages.page import Page
from studiolo.console.roles import roles_for
from studiolo.console.visit import PAGE, Visit

LOG_GROUP = "/aws/emr-serverless"
PASSING = ("CREATING", "STARTING", "STOPPING")
ENDED = ("SUCCESS", "FAILED", "CANCELLED")
FILES = ("stderr", "stdout")


def applications(visit: Visit) -> Response:
    after = {"nextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = visit.client("emr-serverless").list_applications(maxResults=PAGE, **after)
    return visit.page(
        "serverless.html",
        applications=found["applications"],
        more=found.get("nextToken"),
        passing=any(each["state"] in PASSING for each in found["applications"]),
        releases=visit.attempt(lambda: visit.client("emr").list_release_labels()["ReleaseLabels"]),
    )


def create(visit: Visit) -> Response:
    form = visit.form
    made = visit.client("emr-serverless").create_application(
        name=form.get("name", ""), releaseLabel=form.get("release", ""), type="SPARK"
    )
    return visit.go(f"/serverless/{made['applicationId']}")


def application(visit: Visit) -> Response:
    identifier, serverless = visit.path["application"], visit.client("emr-serverless")
    described = serverless.get_application(applicationId=identifier)["application"]
    after = {"nextToken": visit.query["after"]} if visit.query.get("after") else {}
    found = serverless.list_job_runs(applicationId=identifier, maxResults=PAGE, **after)
    runs = found["jobRuns"]
    return visit.page(
        "serverless_application.html",
        application=described,
        runs=runs,
        more=found.get("nextToken"),
        passing=described["state"] in PASSING or any(each["state"] not in ENDED for each in runs),
        roles=visit.attempt(roles_for, visit, "emr-serverless.amazonaws.com"),
    )


def start_run(visit: Visit) -> Response:
    identifier, form = visit.path["application"], visit.form
    spark = {"entryPoint": form.get("file", ""), "entryPointArguments": form.get("arguments", "").split()}
    log: dict[str, Any] = {"cloudWatchLoggingConfiguration": {"enabled": True, "logGroupName": LOG_GROUP}}
    made = visit.client("emr-serverless").start_job_run(
        applicationId=identifier,
        executionRoleArn=form.get("role", ""),
        jobDriver={"sparkSubmit": spark},
        configurationOverrides={"monitoringConfiguration": log},
        **({"name": form["name"]} if form.get("name") else {}),
    )
    return visit.go(f"/serverless/{identifier}/runs/{made['jobRunId']}")


def run(visit: Visit) -> Response:
    identifier = visit.path["application"]
    serverless = visit.client("emr-serverless")
    described = serverless.get_job_run(applicationId=identifier, jobRunId=visit.path["run"])["jobRun"]
    file = visit.query.get("file", FILES[0])
    shown: dict[str, Any] = {"log": None, "packed": None}
    if file in FILES:
        shown = _log(visit, serverless, described, file)
    return visit.page(
        "serverless_run.html", run=described, file=file, files=FILES, passing=described["state"] not in ENDED, **shown
    )


def spark(visit: Visit) -> Response:
    """Off to the Spark UI of its last attempt."""
    asked = {"applicationId": visit.path["application"], "jobRunId": visit.path["run"]}
    return visit.leave(visit.client("emr-serverless").get_dashboard_for_job_run(**asked)["url"])


def start(visit: Visit) -> Response:
    visit.client("emr-serverless").start_application(applicationId=visit.path["application"])
    return visit.go(f"/serverless/{visit.path['application']}")


def stop(visit: Visit) -> Response:
    visit.client("emr-serverless").stop_application(applicationId=visit.path["application"])
    return visit.go(f"/serverless/{visit.path['application']}")


def delete(visit: Visit) -> Response:
    visit.client("emr-serverless").delete_application(applicationId=visit.path["application"])
    return visit.go("/serverless")


def cancel(visit: Visit) -> Response:
    application, identifier = visit.path["application"], visit.path["run"]
    visit.client("emr-serverless").cancel_job_run(applicationId=application, jobRunId=identifier)
    return visit.go(f"/serverless/{application}/runs/{identifier}")


def _log(visit: Visit, serverless: Any, run: Mapping[str, Any], file: str) -> dict[str, Any]:
    """What the driver of a run prints: from CloudWatch as it comes, or from S3 when the run is over."""
    asked = run.get("configurationOverrides", {}).get("monitoringConfiguration")
    if asked is None:
        described = serverless.get_application(applicationId=run["applicationId"])["application"]
        asked = described.get("monitoringConfiguration", {})
    tries = run.get("retryPolicy", {}).get("maxAttempts", 1)
    attempt = f"/attempts/{run['attempt']}" if tries > 1 else ""
    kind = "HIVE" if "hive" in run["jobDriver"] else "SPARK"
    path = f"applications/{run['applicationId']}/jobs/{run['jobRunId']}{attempt}/{kind}_DRIVER/{file}"
    watched, stored = asked.get("cloudWatchLoggingConfiguration", {}), asked.get("s3MonitoringConfiguration", {})
    if watched.get("enabled"):
        prefix = f"{watched['logStreamNamePrefix']}/" if watched.get("logStreamNamePrefix") else ""
        return {"log": last_events(visit, watched.get("logGroupName", LOG_GROUP), prefix + path), "packed": None}
    if stored.get("logUri"):
        url = f"{stored['logUri'].rstrip('/')}/{path}.gz"
        return {"log": None, "packed": visit.attempt(packed_log, visit, url)}
    return {"log": None, "packed": None}


PAGES = (
    Page("GET", "/serverless", applications),
    Page("POST", "/serverless", create),
    Page("GET", "/serverless/{application}", application),
    Page("POST", "/serverless/{application}/runs", start_run),
    Page("GET", "/serverless/{application}/runs/{run}", run),
    Page("GET", "/serverless/{application}/runs/{run}/spark", spark),
    Page("POST", "/serverless/{application}/runs/{run}/cancel", cancel),
    Page("POST", "/serverless/{application}/start", start),
    Page("POST", "/serverless/{application}/stop", stop),
    Page("POST", "/serverless/{application}/delete", delete),
)
