"""Amazon EMR Serverless: applications."""

from collections.abc import Mapping
from typing import Any

from studiolo.serverless import Application, ApplicationRequest, Workers
from studiolo.services.call import Call
from studiolo.services.emr_serverless.service import arn_of, emr_serverless, kept, next_token, paging, without_none
from studiolo.services.emr_serverless.tags import own_tags
from studiolo.services.patience import Patience

RECORDED = (
    "networkConfiguration",
    "imageConfiguration",
    "workerTypeSpecifications",
    "diskEncryptionConfiguration",
    "identityCenterConfiguration",
    "jobLevelCostAllocationConfiguration",
)


@emr_serverless.operation
def create_application(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    asked = ApplicationRequest(label=request["releaseLabel"], kind=request["type"], **settings(request))
    made = call.studio.serverless.create(call.scope, request["clientToken"], asked, own_tags(call, request))
    named = {"applicationId": made.id, "name": made.asked.name, "arn": arn_of(made.scope, "applications", made.id)}
    return without_none(named)


@emr_serverless.operation
def delete_application(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    call.studio.serverless.delete(call.scope, request["applicationId"])
    return {}


@emr_serverless.patient(
    Patience(
        "serverless application", "applicationId", ("application", "state"),
        frozenset({"CREATING", "STARTING", "STOPPING"}), seconds=5,
    )
)  # fmt: skip
def get_application(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"application": as_application(call.studio.serverless.application(call.scope, request["applicationId"]))}


@emr_serverless.operation
def list_applications(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    page = call.studio.serverless.applications(call.scope, tuple(request.get("states", ())), **paging(request))
    return {"applications": [as_listed(app) for app in page.items], **next_token(page)}


@emr_serverless.operation
def start_application(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    call.studio.serverless.start_application(call.scope, request["applicationId"])
    return {}


@emr_serverless.operation
def stop_application(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    call.studio.serverless.stop_application(call.scope, request["applicationId"])
    return {}


@emr_serverless.operation
def update_application(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    changes = settings(request)
    if "releaseLabel" in request:
        changes["label"] = request["releaseLabel"]
    if recorded := changes.pop("recorded", None):
        before = call.studio.serverless.application(call.scope, request["applicationId"]).asked.recorded
        changes["recorded"] = {**before, **recorded}
    return {
        "application": as_application(call.studio.serverless.update(call.scope, request["applicationId"], **changes))
    }


def settings(request: Mapping[str, Any]) -> dict[str, Any]:
    """What a request says of an application, in the domain's words; what it does not say is left out."""
    given: dict[str, Any] = {}
    if "initialCapacity" in request:
        given["initial"] = {kind: _workers(each) for kind, each in request["initialCapacity"].items()}
    if (stop := request.get("autoStopConfiguration")) is not None:
        given["auto_stop"] = stop.get("idleTimeoutMinutes", 15) if stop.get("enabled", True) else None
    if (start := request.get("autoStartConfiguration")) is not None:
        given["auto_start"] = start.get("enabled", True)
    if (interactive := request.get("interactiveConfiguration")) is not None:
        given["livy"] = interactive.get("livyEndpointEnabled", False)
        given["sessions"] = interactive.get("sessionEnabled", False)
        given["recorded"] = kept(interactive, "studioEnabled")
    if (scheduler := request.get("schedulerConfiguration")) is not None:
        given["max_runs"] = scheduler.get("maxConcurrentRuns", 15)
        given["queue_timeout"] = scheduler.get("queueTimeoutMinutes", 360)
    for name, member in (
        ("name", "name"),
        ("architecture", "architecture"),
        ("maximum", "maximumCapacity"),
        ("monitoring", "monitoringConfiguration"),
    ):
        if member in request:
            given[name] = request[member]
    if "runtimeConfiguration" in request:
        given["runtime"] = tuple(request["runtimeConfiguration"])
    if recorded := kept(request, *RECORDED):
        given["recorded"] = {**given.get("recorded", {}), **recorded}
    return given


def _workers(given: Mapping[str, Any]) -> Workers:
    configuration = given.get("workerConfiguration", {})
    return Workers(
        given["workerCount"], configuration.get("cpu"), configuration.get("memory"), configuration.get("disk")
    )


def as_listed(app: Application) -> dict[str, Any]:
    """An application as lists show it."""
    return without_none(
        {
            "id": app.id,
            "name": app.asked.name,
            "arn": arn_of(app.scope, "applications", app.id),
            "releaseLabel": app.asked.label,
            "type": app.asked.kind,
            "state": app.state,
            "stateDetails": app.details or None,
            "createdAt": app.created,
            "updatedAt": app.updated,
            "architecture": app.asked.architecture,
        }
    )


def as_application(app: Application) -> dict[str, Any]:
    asked = app.asked
    stop: dict[str, Any] = {"enabled": asked.auto_stop is not None}
    if asked.auto_stop is not None:
        stop["idleTimeoutMinutes"] = asked.auto_stop
    listed = as_listed(app)
    shown = {
        "applicationId": listed.pop("id"),
        **listed,
        "initialCapacity": {kind: _as_capacity(each) for kind, each in asked.initial.items()} or None,
        "maximumCapacity": asked.maximum,
        "tags": dict(app.tags),
        "autoStartConfiguration": {"enabled": asked.auto_start},
        "autoStopConfiguration": stop,
        "runtimeConfiguration": list(asked.runtime) or None,
        "monitoringConfiguration": asked.monitoring or None,
        "interactiveConfiguration": {
            "studioEnabled": asked.recorded.get("studioEnabled", False),
            "livyEndpointEnabled": asked.livy,
            "sessionEnabled": asked.sessions,
        },
        "schedulerConfiguration": {
            "queueTimeoutMinutes": asked.queue_timeout,
            "maxConcurrentRuns": asked.max_runs,
        },
        **kept(asked.recorded, *RECORDED),
    }
    return without_none(shown)


def _as_capacity(workers: Workers) -> dict[str, Any]:
    size = without_none({"cpu": workers.cpu, "memory": workers.memory, "disk": workers.disk})
    return {"workerCount": workers.count, **({"workerConfiguration": size} if size else {})}
