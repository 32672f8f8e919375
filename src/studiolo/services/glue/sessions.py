"""AWS Glue: interactive sessions and their statements."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import NotFound, now
from studiolo.engine import UNFINISHED, Statement
from studiolo.services.call import Call
from studiolo.services.glue.output import as_data, error_value
from studiolo.services.glue.service import glue
from studiolo.services.patience import Patience
from studiolo.sessions import Session, SessionRequest

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

DEFAULT_PAGE = 100
STATEMENTS_PAGE = 20


@glue.operation
def cancel_statement(call: Call, request: "shapes.CancelStatementRequestTypeDef") -> dict[str, Any]:
    call.studio.sessions.cancel(call.scope, request["SessionId"], request["Id"])
    return {}


@glue.operation
def create_session(call: Call, request: "shapes.CreateSessionRequestTypeDef") -> dict[str, Any]:
    return {"Session": as_session(call.studio.sessions.create(call.principal, call.scope, from_request(request)))}


@glue.operation
def delete_session(call: Call, request: "shapes.DeleteSessionRequestTypeDef") -> dict[str, Any]:
    call.studio.sessions.delete(call.scope, request["Id"])
    return {"Id": request["Id"]}


@glue.operation
def get_dashboard_url(call: Call, request: "shapes.GetDashboardUrlRequestTypeDef") -> dict[str, Any]:
    if request["ResourceType"] != "SESSION":
        raise NotFound(f"There is no {request['ResourceType'].lower()} {request['ResourceId']} here.")
    return {"Url": call.studio.sessions.dashboard(call.scope, request["ResourceId"])}


@glue.at_once
@glue.patient(Patience("glue session", "Id", ("Session", "Status"), frozenset({"PROVISIONING", "STOPPING"}), seconds=1))
def get_session(call: Call, request: "shapes.GetSessionRequestTypeDef") -> dict[str, Any]:
    return {"Session": as_session(call.studio.sessions.session(call.scope, request["Id"]))}


@glue.operation
def get_session_endpoint(call: Call, request: "shapes.GetSessionEndpointRequestTypeDef") -> dict[str, Any]:
    endpoint = call.studio.sessions.endpoint(call.scope, request["SessionId"])
    shown = {"Url": endpoint.url, "AuthToken": endpoint.token, "AuthTokenExpirationTime": endpoint.expires}
    return {"SparkConnect": shown}


@glue.patient(Patience("glue session", "SessionId", ("Statement", "State"), frozenset(UNFINISHED), seconds=1))
def get_statement(call: Call, request: "shapes.GetStatementRequestTypeDef") -> dict[str, Any]:
    statement = call.studio.sessions.statement(call.scope, request["SessionId"], request["Id"])
    return {"Statement": _shown(call, request["SessionId"], statement)}


@glue.operation
def get_system_logs_for_session(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"SystemLogsUrl": call.studio.sessions.system_log_url(call.scope, request["Id"])}


@glue.operation
def list_sessions(call: Call, request: "shapes.ListSessionsRequestTypeDef") -> dict[str, Any]:
    page = call.studio.sessions.sessions(
        call.scope, request.get("Tags"), _after(request), request.get("MaxResults", DEFAULT_PAGE)
    )
    sessions = [as_session(session) for session in page.items]
    return {"Ids": [session["Id"] for session in sessions], "Sessions": sessions, **_next(page.next)}


@glue.operation
def list_statements(call: Call, request: "shapes.ListStatementsRequestTypeDef") -> dict[str, Any]:
    page = call.studio.sessions.statements(call.scope, request["SessionId"], _after(request), STATEMENTS_PAGE)
    shown = [_shown(call, request["SessionId"], statement) for statement in page.items]
    return {"Statements": shown, **_next(page.next)}


@glue.operation
def run_statement(call: Call, request: "shapes.RunStatementRequestTypeDef") -> dict[str, Any]:
    return {"Id": call.studio.sessions.run(call.scope, request["SessionId"], request["Code"])}


@glue.operation
def stop_session(call: Call, request: "shapes.StopSessionRequestTypeDef") -> dict[str, Any]:
    call.studio.sessions.stop(call.scope, request["Id"])
    return {"Id": request["Id"]}


def from_request(request: "shapes.CreateSessionRequestTypeDef") -> SessionRequest:
    """What was asked for, in the domain's words."""
    connections = request.get("Connections")
    given = {
        "description": request.get("Description"),
        "command": request["Command"].get("Name"),
        "python_version": request["Command"].get("PythonVersion"),
        "timeout": request.get("Timeout"),
        "idle_timeout": request.get("IdleTimeout"),
        "arguments": request.get("DefaultArguments"),
        "connections": tuple(connections.get("Connections", ())) if connections else None,
        "max_capacity": request.get("MaxCapacity"),
        "workers": request.get("NumberOfWorkers"),
        "worker_type": request.get("WorkerType"),
        "security_configuration": request.get("SecurityConfiguration"),
        "glue_version": request.get("GlueVersion"),
        "origin": request.get("RequestOrigin"),
        "kind": request.get("SessionType"),
        "tags": request.get("Tags"),
    }
    return SessionRequest(
        id=request["Id"],
        role=request["Role"],
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
    )


def as_session(session: Session) -> dict[str, Any]:
    """A session in Glue's words."""
    asked = session.asked
    capacity = asked.max_capacity or 0.0
    seconds = ((session.completed or now()) - session.created).total_seconds()
    shown = {
        "Id": asked.id,
        "CreatedOn": session.created,
        "Status": session.state,
        "ErrorMessage": session.error and session.error[:2048],
        "Description": asked.description,
        "Role": asked.role,
        "Command": {"Name": asked.command, "PythonVersion": asked.python_version},
        "DefaultArguments": dict(asked.arguments),
        "Connections": {"Connections": list(asked.connections)} if asked.connections else None,
        "Progress": 1.0 if session.state == "READY" else 0.0,
        "MaxCapacity": capacity,
        "SecurityConfiguration": asked.security_configuration,
        "GlueVersion": asked.glue_version,
        "NumberOfWorkers": asked.workers,
        "WorkerType": asked.worker_type,
        "CompletedOn": session.completed,
        "ExecutionTime": seconds,
        "DPUSeconds": seconds * capacity,
        "IdleTimeout": asked.idle_timeout or asked.timeout,
        "Timeout": asked.timeout,
        "SessionType": asked.kind,
    }
    return _without_none(shown)


def _shown(call: Call, session: str, statement: Statement) -> dict[str, Any]:
    failed = statement.output.status == "error"
    return as_statement(statement, call.studio.sessions.session(call.scope, session).asked.origin if failed else None)


def as_statement(statement: Statement, origin: str | None) -> dict[str, Any]:
    """A statement in Glue's words; its moments are milliseconds since 1970. origin: that of its session, if it failed."""
    shown = {
        "Id": statement.id,
        "Code": statement.code,
        "State": statement.state,
        "Output": None if statement.output.status is None else _as_output(statement, origin),
        "Progress": statement.progress,
        "StartedOn": _milliseconds(statement.started) or 0,
        "CompletedOn": _milliseconds(statement.completed) or 0,
    }
    return _without_none(shown)


def _as_output(statement: Statement, origin: str | None) -> dict[str, Any]:
    output = statement.output
    shown = {
        "Data": as_data(output),
        "ExecutionCount": output.count,
        "Status": output.status,
        "ErrorName": output.error_name,
        "ErrorValue": error_value(statement, origin),
        "Traceback": list(output.traceback) if output.status == "error" else None,
    }
    return _without_none(shown)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _without_none(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value is not None}


def _after(request: Mapping[str, Any]) -> str | None:
    token = request.get("NextToken")
    return None if not token else decode_token(token, "InvalidInputException")


def _next(key: str | None) -> dict[str, str]:
    return {} if key is None else {"NextToken": encode_token(key)}
