"""Amazon EMR Serverless: interactive sessions."""

from collections.abc import Mapping
from typing import Any

from studiolo.serverless import Session, SessionRequest
from studiolo.services.call import Call
from studiolo.services.emr_serverless.service import arn_of, emr_serverless, kept, next_token, paging, without_none
from studiolo.services.emr_serverless.tags import own_tags
from studiolo.services.patience import Patience


@emr_serverless.operation
def get_resource_dashboard(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    sessions = call.studio.serverless.sessions
    return {"url": sessions.dashboard(call.scope, request["applicationId"], request["resourceId"])}


@emr_serverless.patient(
    # The engine's name of a session is that of its application, and its own.
    Patience(
        "emr-serverless session", ("applicationId", "sessionId"), ("session", "state"),
        frozenset({"SUBMITTED", "STARTING", "TERMINATING"}), seconds=5,
    )
)  # fmt: skip
def get_session(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    session = call.studio.serverless.sessions.get(call.scope, request["applicationId"], request["sessionId"])
    overrides = {"runtimeConfiguration": list(session.asked.runtime)} if session.asked.runtime else None
    shown = {
        **as_listed(session),
        "endedAt": session.ended,
        "configurationOverrides": overrides,
        "idleTimeoutMinutes": session.asked.idle_timeout,
        "tags": dict(session.tags),
    }
    return {"session": without_none(shown)}


@emr_serverless.operation
def get_session_endpoint(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    sessions = call.studio.serverless.sessions
    url, token, until = sessions.endpoint(call.scope, request["applicationId"], request["sessionId"])
    named = kept(request, "applicationId", "sessionId")
    return {**named, "endpoint": url, "authToken": token, "authTokenExpiresAt": until}


@emr_serverless.operation
def list_sessions(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    page = call.studio.serverless.sessions.list(call.scope, request["applicationId"], **paging(request))
    states, since, until = request.get("states"), request.get("createdAtAfter"), request.get("createdAtBefore")
    shown = [
        as_listed(session)
        for session in page.items
        if (not states or session.state in states)
        and (since is None or session.created >= since)
        and (until is None or session.created <= until)
    ]
    return {"sessions": shown, **next_token(page)}


@emr_serverless.operation
def start_session(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    overrides = request.get("configurationOverrides") or {}
    asked = SessionRequest(
        role=request["executionRoleArn"],
        created_by=call.principal.arn,
        name=request.get("name"),
        idle_timeout=request.get("idleTimeoutMinutes", 60),
        runtime=tuple(overrides.get("runtimeConfiguration") or ()),
    )
    made = call.studio.serverless.sessions.start(
        call.principal, call.scope, request["applicationId"], asked, own_tags(call, request)
    )
    return {"applicationId": made.application, "sessionId": made.id, "arn": _arn(made)}


@emr_serverless.operation
def terminate_session(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    call.studio.serverless.sessions.terminate(call.scope, request["applicationId"], request["sessionId"])
    return kept(request, "applicationId", "sessionId")


def _arn(session: Session) -> str:
    return arn_of(session.scope, "applications", session.application, "sessions", session.id)


def as_listed(session: Session) -> dict[str, Any]:
    """A session as lists show it."""
    return without_none(
        {
            "applicationId": session.application,
            "sessionId": session.id,
            "arn": _arn(session),
            "name": session.asked.name,
            "state": session.state,
            "stateDetails": session.details,
            "releaseLabel": session.label,
            "executionRoleArn": session.asked.role,
            "createdBy": session.asked.created_by,
            "createdAt": session.created,
            "updatedAt": session.ended or session.created,
        }
    )
