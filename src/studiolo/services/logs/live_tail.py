"""Amazon CloudWatch Logs: live tail."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.arns import arn
from studiolo.aws.errors import ServiceError
from studiolo.domain import NotFound
from studiolo.logs.live_tail import LiveTail, LiveTails, Tailed
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, group_name, logs

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import StartLiveTailRequestTypeDef

LOOK_SECONDS = 1.0
FILTERS = ("logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern")


@logs.operation
def start_live_tail(call: Call, request: "StartLiveTailRequestTypeDef") -> dict[str, Any]:
    identifiers = request["logGroupIdentifiers"]
    names, prefixes = request.get("logStreamNames"), request.get("logStreamNamePrefixes")
    if names is not None and prefixes is not None:
        raise ServiceError(INVALID, "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if len(identifiers) > 1 and (names is not None or prefixes is not None):
        raise ServiceError(INVALID, "logStreamNames and logStreamNamePrefixes are for one log group.")
    groups = {_group(call, identifier): identifier for identifier in identifiers}
    tails = call.studio.logs.live_tails
    pattern = request.get("logEventFilterPattern", "")
    session = tails.open(call.scope, list(groups), names=names, prefixes=prefixes, pattern=pattern)
    told = {name: request[name] for name in ("logGroupIdentifiers", *FILTERS) if name in request}  # type: ignore[literal-required]
    start = {"requestId": call.request_id, "sessionId": str(uuid.uuid4()), **told}
    return {"responseStream": _events(start, session, tails, groups)}


def _group(call: Call, identifier: str) -> str:
    """The name of a group of the caller's, from its ARN."""
    prefix = arn("logs", call.scope.region, call.scope.account, "log-group:")
    if not identifier.startswith("arn:") or identifier.endswith(":*"):
        raise ServiceError(INVALID, f"{identifier} is not the ARN of a log group, without :* at its end.")
    if not identifier.startswith(prefix):
        raise NotFound(f"There is no log group {identifier} here.")
    return group_name(identifier)


async def _events(
    start: Mapping[str, Any], session: LiveTail, tails: LiveTails, groups: Mapping[str, str]
) -> AsyncIterator[Mapping[str, Any]]:
    """What the session tells: an update each second, until its time is over or nobody listens any more."""
    try:
        yield {"sessionStart": start}
        while not session.over():
            await asyncio.sleep(LOOK_SECONDS)
            found, sampled = await asyncio.to_thread(session.look)
            results = [_as_result(each, groups) for each in found]
            yield {"sessionUpdate": {"sessionMetadata": {"sampled": sampled}, "sessionResults": results}}
        yield {"SessionTimeoutException": {"message": "The session has been open for three hours."}}
    finally:
        tails.close(session)


def _as_result(found: Tailed, groups: Mapping[str, str]) -> dict[str, Any]:
    return {
        "logStreamName": found.stream,
        "logGroupIdentifier": groups[found.group],
        "message": found.event.message,
        "timestamp": found.event.timestamp,
        "ingestionTime": found.event.ingested,
    }
