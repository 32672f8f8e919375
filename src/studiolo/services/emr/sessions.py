"""Amazon EMR: interactive sessions, which are reached by Spark Connect."""

from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.clusters.sessions import ClusterSession, SessionRequest
from studiolo.domain import Conflict, Invalid
from studiolo.services.call import Call
from studiolo.services.emr.clusters import as_configuration
from studiolo.services.emr.service import PAGE, REQUEST, as_tags, emr, tags
from studiolo.services.patience import Patience

if TYPE_CHECKING:
    from mypy_boto3_emr.type_defs import (
        GetClusterSessionCredentialsInputTypeDef,
        GetSessionEndpointInputTypeDef,
        GetSessionInputTypeDef,
        ListSessionsInputTypeDef,
        StartSessionInputTypeDef,
        TerminateSessionInputTypeDef,
    )

PASSING = frozenset({"SUBMITTED", "STARTING", "TERMINATING"})
RECORDED = ("MonitoringConfiguration",)


@emr.operation
def get_cluster_session_credentials(call: Call, request: "GetClusterSessionCredentialsInputTypeDef") -> dict[str, Any]:
    role = request.get("ExecutionRoleArn")
    if role is None:
        raise ServiceError(REQUEST, "ExecutionRoleArn is required: credentials are of a runtime role.")
    try:
        made = call.studio.clusters.session_credentials(call.scope, request["ClusterId"], role)
    except (Conflict, Invalid) as error:
        raise ServiceError(REQUEST, str(error)) from error
    credentials = {"UsernamePassword": {"Username": made.username, "Password": made.password}}
    return {"Credentials": credentials, "ExpiresAt": made.until}


# The engine's name of a session is that of its cluster, and its own.
@emr.patient(Patience("emr session", ("ClusterId", "SessionId"), ("Session", "State"), PASSING, seconds=5))
def get_session(call: Call, request: "GetSessionInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    return {"Session": as_session(call.studio.clusters.sessions.get(cluster, request["SessionId"]))}


@emr.operation
def get_session_endpoint(call: Call, request: "GetSessionEndpointInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    url, token, until = call.studio.clusters.sessions.endpoint(cluster, request["SessionId"])
    return {"Endpoint": url, "AuthToken": token, "AuthTokenExpirationTime": until}


@emr.operation
def list_sessions(call: Call, request: "ListSessionsInputTypeDef") -> dict[str, Any]:
    if (named := request.get("ClusterId")) is not None:
        call.studio.clusters.cluster(call.scope, named)
    token = request.get("NextToken")
    page = call.studio.clusters.sessions.page(
        call.scope,
        named,
        request.get("SessionStates") or [],
        decode_token(token, REQUEST) if token else None,
        request.get("MaxResults", PAGE),
    )
    following = {} if page.next is None else {"NextToken": encode_token(page.next)}
    return {"Sessions": [as_session(session) for session in page.items], **following}


@emr.operation
def start_session(call: Call, request: "StartSessionInputTypeDef") -> dict[str, Any]:
    asked = SessionRequest(
        name=request.get("Name"),
        configurations=tuple(as_configuration(entry) for entry in request.get("EngineConfigurations") or []),
        idle_minutes=request.get("SessionIdleTimeoutInMinutes", 60),
        token=request.get("ClientRequestToken"),
        role=request.get("ExecutionRoleArn"),
        recorded={name: request[name] for name in RECORDED if name in request},  # type: ignore[literal-required]
    )
    made = call.studio.clusters.start_session(call.scope, request["ClusterId"], asked, tags(call, request))
    return {
        "Id": made.id,
        "ClusterId": made.cluster,
        "Arn": _arn(made),
        "AccountId": made.scope.account,
        "State": "SUBMITTED",
    }


@emr.operation
def terminate_session(call: Call, request: "TerminateSessionInputTypeDef") -> dict[str, Any]:
    cluster = call.studio.clusters.cluster(call.scope, request["ClusterId"])
    ended = call.studio.clusters.sessions.terminate(cluster, request["SessionId"])
    return {"ClusterId": ended.cluster, "SessionId": ended.id, "State": ended.state}


def _arn(session: ClusterSession) -> str:
    scope = session.scope
    return arn("elasticmapreduce", scope.region, scope.account, f"cluster/{session.cluster}/session/{session.id}")


def as_session(session: ClusterSession) -> dict[str, Any]:
    asked = session.asked
    shown = {
        "Id": session.id,
        "ClusterId": session.cluster,
        "Name": asked.name,
        "Arn": _arn(session),
        "State": session.state,
        "StateChangeReason": session.error,
        "ReleaseLabel": session.label,
        "ExecutionRoleArn": session.role,
        "AccountId": session.scope.account,
        "CreatedAt": session.created,
        "UpdatedAt": session.ended or session.created,
        "EndedAt": session.ended,
        "EngineConfigurations": list(asked.configurations),
        "SessionIdleTimeoutInMinutes": asked.idle_minutes,
        "ServerUrl": session.url,
        "Tags": as_tags(session.tags),
        **asked.recorded,
    }
    return {name: value for name, value in shown.items() if value is not None}
