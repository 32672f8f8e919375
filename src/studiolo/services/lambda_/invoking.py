"""AWS Lambda: functions invoked, now or in their time, and what is said of the latter."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import aclosing
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.functions import LATEST, BadPayload, EventConfig, Result, Stream, Throttled, TooLargeRequest, paged
from studiolo.services.call import Call
from studiolo.services.lambda_.service import Request, as_page, lambda_, named

LARGEST, LARGEST_EVENT = 6 * 1024 * 1024, 1024 * 1024
"""Bytes of a payload: of a function that is waited for, and of an event."""
EMPTY = b"{}"


@lambda_.operation
async def invoke(call: Call, request: Request) -> dict[str, Any]:
    functions, kind = call.studio.functions, request.get("InvocationType", "RequestResponse")
    name, qualifier = named(call, request)
    payload = _payload(request, LARGEST_EVENT if kind == "Event" else LARGEST)
    if kind == "DryRun":
        await asyncio.to_thread(functions.find, call.scope, name, qualifier)
        return {"StatusCode": 204}
    if kind == "Event":
        await asyncio.to_thread(functions.invoke_later, call.scope, name, qualifier, payload)
        return {"StatusCode": 202, "Payload": b""}
    context = _context(request)
    begun = await asyncio.to_thread(functions.invoke, call.scope, name, qualifier, payload, context)
    result = await _result(begun)
    answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": result.version, "Payload": result.payload}
    if result.error is not None:
        answer["FunctionError"] = result.error
    if request.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(result.log).decode()
    return answer


@lambda_.operation
async def invoke_with_response_stream(call: Call, request: Request) -> dict[str, Any]:
    functions, (name, qualifier) = call.studio.functions, named(call, request)
    payload = _payload(request, LARGEST)
    if request.get("InvocationType") == "DryRun":
        await asyncio.to_thread(functions.find, call.scope, name, qualifier)
        return {"StatusCode": 204}
    stream = Stream()
    begun = await asyncio.to_thread(functions.invoke, call.scope, name, qualifier, payload, _context(request), stream)
    pieces = stream.pieces()
    first = await anext(pieces, None)
    if first is None:
        # Refused before the answer begins.
        await _result(begun)
    answer = {
        "StatusCode": 200,
        "ExecutedVersion": stream.version,
        "ResponseStreamContentType": stream.content_type or "application/json",
    }
    tail = request.get("LogType") == "Tail"
    return {**answer, "EventStream": _events(first, pieces, stream, begun, tail=tail)}


async def _events(
    first: bytes | None, pieces: AsyncIterator[bytes], stream: Stream, begun: "Future[Result]", *, tail: bool
) -> AsyncIterator[dict[str, Any]]:
    """What a function streams, and how it ended. One that answers whole is one piece."""
    async with aclosing(pieces):  # type: ignore[type-var]
        if first is not None:
            yield {"PayloadChunk": {"Payload": first}}
        async for piece in pieces:
            yield {"PayloadChunk": {"Payload": piece}}
    result = await _result(begun)
    if stream.content_type is None and result.error is None:
        yield {"PayloadChunk": {"Payload": result.payload}}
    complete = {}
    if result.error is not None:
        complete = {"ErrorCode": result.error, "ErrorDetails": result.payload.decode(errors="replace")}
    if tail:
        complete["LogResult"] = base64.b64encode(result.log).decode()
    yield {"InvokeComplete": complete}


@lambda_.operation
def delete_function_event_invoke_config(call: Call, request: Request) -> dict[str, Any]:
    name, qualifier = named(call, request)
    call.studio.functions.delete_event_config(call.scope, name, qualifier or LATEST)
    return {}


@lambda_.operation
def get_function_event_invoke_config(call: Call, request: Request) -> dict[str, Any]:
    name, qualifier = named(call, request)
    return as_config(call.studio.functions.event_config(call.scope, name, qualifier or LATEST))


@lambda_.operation
def list_function_event_invoke_configs(call: Call, request: Request) -> Any:
    found = call.studio.functions.event_configs(call.scope, named(call, request)[0])
    return as_page(request, "FunctionEventInvokeConfigs", lambda after, limit: paged(found, after, limit), as_config)


@lambda_.operation
def put_function_event_invoke_config(call: Call, request: Request) -> dict[str, Any]:
    return as_config(call.studio.functions.put_event_config(_config(call, request, None)))


@lambda_.operation
def update_function_event_invoke_config(call: Call, request: Request) -> dict[str, Any]:
    name, qualifier = named(call, request)
    before = call.studio.functions.event_config(call.scope, name, qualifier or LATEST)
    return as_config(call.studio.functions.put_event_config(_config(call, request, before)))


@lambda_.operation
def create_event_source_mapping(call: Call, request: Request) -> dict[str, Any]:
    source = request.get("EventSourceArn") or "without an ARN"
    raise ServiceError(
        "InvalidParameterValueException",
        f"Event source mappings are not implemented by Studiolo: nothing polls {source} for a function.",
    )


@lambda_.operation
def list_event_source_mappings(call: Call, request: Request) -> dict[str, Any]:
    """None: see `create_event_source_mapping`."""
    return {"EventSourceMappings": []}


def as_config(config: EventConfig) -> dict[str, Any]:
    sides = (("OnSuccess", config.on_success), ("OnFailure", config.on_failure))
    told = {
        "LastModified": config.modified,
        "FunctionArn": config.arn,
        "MaximumRetryAttempts": config.retries,
        "MaximumEventAgeInSeconds": config.age,
        "DestinationConfig": {name: {"Destination": arn} if arn else {} for name, arn in sides},
    }
    return {name: value for name, value in told.items() if value is not None}


def _config(call: Call, request: Request, before: EventConfig | None) -> EventConfig:
    name, qualifier = named(call, request)
    given = request.get("DestinationConfig")
    if given is None:
        sides = (before.on_success, before.on_failure) if before else (None, None)
    else:
        sides = tuple(given.get(side, {}).get("Destination") or None for side in ("OnSuccess", "OnFailure"))  # type: ignore[assignment]
    retries = request.get("MaximumRetryAttempts", before.retries if before else None)
    age = request.get("MaximumEventAgeInSeconds", before.age if before else None)
    present = call.studio.functions.clock()
    return EventConfig(call.scope, name, qualifier or LATEST, retries, age, *sides, modified=present)


def _payload(request: Request, most: int) -> bytes:
    """What a function is given. Raises TooLargeRequest, BadPayload."""
    payload = bytes(request.get("Payload") or EMPTY)
    if len(payload) > most:
        raise TooLargeRequest(f"Request must be smaller than {most} bytes for the InvokeFunction operation")
    try:
        json.loads(payload)
    except ValueError as error:
        raise BadPayload(f"Could not parse request body into json: {error}") from error
    return payload


async def _result(begun: "Future[Result]") -> Result:
    try:
        return await asyncio.wrap_future(begun)
    except Throttled as error:
        raise ServiceError("TooManyRequestsException", str(error), 429, members={"Reason": error.reason}) from error


def _context(request: Request) -> str | None:
    """What the client says of itself, as the function is to be told it."""
    text = request.get("ClientContext")
    if not text:
        return None
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError as error:
        raise ServiceError("InvalidRequestContentException", "Client context must be JSON, in base64.") from error
