"""Amazon EMR Serverless: job runs."""

from collections.abc import Mapping
from typing import Any

from studiolo.domain import Invalid, Page
from studiolo.serverless import UNFINISHED, HiveJob, Run, RunRequest, SparkJob, Utilization
from studiolo.services.call import Call
from studiolo.services.emr_serverless.service import arn_of, emr_serverless, kept, next_token, paging, without_none
from studiolo.services.emr_serverless.tags import own_tags
from studiolo.services.patience import Patience


@emr_serverless.operation
def cancel_job_run(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    call.studio.serverless.cancel(call.scope, request["applicationId"], request["jobRunId"])
    return kept(request, "applicationId", "jobRunId")


@emr_serverless.operation
def get_dashboard_for_job_run(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    asked = request["applicationId"], request["jobRunId"], request.get("attempt")
    return {"url": call.studio.serverless.dashboard(call.scope, *asked)}


@emr_serverless.patient(
    Patience("serverless job run", "jobRunId", ("jobRun", "state"), frozenset(UNFINISHED), seconds=5)
)
def get_job_run(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    run = call.studio.serverless.job_run(call.scope, request["applicationId"], request["jobRunId"])
    if (attempt := request.get("attempt", run.attempt)) != run.attempt:
        tries = call.studio.serverless.attempts(call.scope, run.application, run.id)
        found = next((each for each in tries if each.attempt == attempt), None)
        if found is None:
            raise Invalid(f"JobRun {run.id} has no attempt {attempt}: there were {run.attempt}.")
        run = found
    return {"jobRun": as_run(run, *call.studio.serverless.utilization(run))}


@emr_serverless.operation
def list_job_run_attempts(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    asked = paging(request)
    found = call.studio.serverless.attempts(call.scope, request["applicationId"], request["jobRunId"])
    left = [run for run in found if asked["after"] is None or run.attempt > int(asked["after"])]
    shown, more = left[: asked["limit"]], len(left) > asked["limit"]
    return {
        "jobRunAttempts": [_as_attempt(run) for run in shown],
        **next_token(Page(shown, str(shown[-1].attempt) if more else None)),
    }


@emr_serverless.operation
def list_job_runs(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    filters = {
        "states": tuple(request.get("states", ())),
        "since": request.get("createdAtAfter"),
        "until": request.get("createdAtBefore"),
    }
    page = call.studio.serverless.job_runs(call.scope, request["applicationId"], filters, **paging(request))
    mode = request.get("mode")
    runs = [as_listed(run) for run in page.items if mode is None or run.asked.mode == mode]
    return {"jobRuns": runs, **next_token(page)}


@emr_serverless.operation
def start_job_run(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    made = call.studio.serverless.run(
        call.principal,
        call.scope,
        request["applicationId"],
        request["clientToken"],
        from_request(call, request),
        own_tags(call, request),
    )
    return {"applicationId": made.application, "jobRunId": made.id, "arn": run_arn(made)}


def from_request(call: Call, request: Mapping[str, Any]) -> RunRequest:
    """What a run is to do, in the domain's words. Raises Invalid."""
    driver = request.get("jobDriver") or {}
    if len(driver) != 1:
        raise Invalid("jobDriver must be sparkSubmit or hive.")
    spark, hive = driver.get("sparkSubmit"), driver.get("hive")
    overrides = request.get("configurationOverrides") or {}
    return RunRequest(
        role=request["executionRoleArn"],
        created_by=call.principal.arn,
        name=request.get("name"),
        spark=None if spark is None else SparkJob(
            spark["entryPoint"], tuple(spark.get("entryPointArguments", ())), spark.get("sparkSubmitParameters", "")
        ),
        hive=None if hive is None else HiveJob(hive["query"], hive.get("initQueryFile"), hive.get("parameters", "")),
        mode=request.get("mode", "BATCH"),
        attempts=(request.get("retryPolicy") or {}).get("maxAttempts", 1),
        timeout=request.get("executionTimeoutMinutes", 720),
        runtime=tuple(overrides.get("applicationConfiguration") or ()),
        monitoring=overrides.get("monitoringConfiguration") or {},
        recorded=kept(request, "executionIamPolicy", "retryPolicy", "flexExecution"),
    )  # fmt: skip


def run_arn(run: Run) -> str:
    return arn_of(run.scope, "applications", run.application, "jobruns", run.id)


def as_listed(run: Run) -> dict[str, Any]:
    """A run as lists show it."""
    return without_none(
        {
            "applicationId": run.application,
            "id": run.id,
            "name": run.asked.name,
            "mode": run.asked.mode,
            "arn": run_arn(run),
            "createdBy": run.asked.created_by,
            "createdAt": run.created,
            "updatedAt": run.updated,
            "executionRole": run.asked.role,
            "state": run.state,
            "stateDetails": run.details,
            "releaseLabel": run.label,
            "type": "HIVE" if run.asked.hive else "SPARK",
            "attempt": run.attempt,
            "attemptCreatedAt": run.attempt_created,
            "attemptUpdatedAt": run.updated,
        }
    )


def _as_attempt(run: Run) -> dict[str, Any]:
    listed = as_listed(run)
    return {
        **{name: value for name, value in listed.items() if name not in ("attemptCreatedAt", "attemptUpdatedAt")},
        "jobCreatedAt": run.created,
        "createdAt": run.attempt_created,
        # The model wants it to say something.
        "stateDetails": run.details or run.state,
    }


def as_run(run: Run, used: Utilization, billed: Utilization, seconds: int) -> dict[str, Any]:
    asked, listed = run.asked, as_listed(run)
    listed.pop("type")
    overrides = {
        "applicationConfiguration": list(asked.runtime) or None,
        "monitoringConfiguration": asked.monitoring or None,
    }
    queued = None if run.started is None else int((run.started - run.created).total_seconds() * 1000)
    shown = {
        "jobRunId": listed.pop("id"),
        **listed,
        "configurationOverrides": without_none(overrides) or None,
        "jobDriver": _as_driver(asked),
        "tags": dict(run.tags),
        "totalResourceUtilization": _as_utilization(used) if run.ended else None,
        "billedResourceUtilization": _as_utilization(billed) if run.ended else None,
        "totalExecutionDurationSeconds": seconds,
        "executionTimeoutMinutes": asked.timeout,
        "startedAt": run.started,
        "endedAt": run.ended,
        "queuedDurationMilliseconds": queued,
        **asked.recorded,
    }
    return without_none(shown)


def _as_driver(asked: RunRequest) -> dict[str, Any]:
    if asked.spark is not None:
        spark = {
            "entryPoint": asked.spark.file,
            "entryPointArguments": list(asked.spark.arguments),
            "sparkSubmitParameters": asked.spark.parameters or None,
        }
        return {"sparkSubmit": without_none(spark)}
    assert asked.hive is not None
    hive = {
        "query": asked.hive.query,
        "initQueryFile": asked.hive.init,
        "parameters": asked.hive.parameters or None,
    }
    return {"hive": without_none(hive)}


def _as_utilization(used: Utilization) -> dict[str, float]:
    return {"vCPUHour": used.cpu, "memoryGBHour": used.memory, "storageGBHour": used.storage}
