"""Amazon EventBridge: event buses, rules and targets, and events."""

import json
from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound, Page
from studiolo.events import DEFAULT, Bus, Rejected, Rule, check
from studiolo.patterns import InvalidPattern, Pattern
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]
INVALID = "ValidationException"
MOST_BYTES = 1024 * 1024
"""Of the entries of one PutEvents."""

events = Service(
    "events",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: "ResourceAlreadyExistsException",
        Conflict: "ConcurrentModificationException",
        Invalid: INVALID,
        InvalidPattern: "InvalidEventPatternException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
)

RULE = ("ScheduleExpression", "EventPattern", "State", "Description", "RoleArn")
BUS = ("Description", "KmsKeyIdentifier")
"""A key is recorded only."""


# --- buses


@events.operation
def create_event_bus(call: Call, request: Request) -> dict[str, Any]:
    _refuse(request, "CreateEventBus", "EventSourceName", "DeadLetterConfig", "LogConfig")
    settings = {name: request[name] for name in BUS if name in request}
    made = call.studio.events.rules.create_bus(call.scope, request["Name"], settings, _tags(request))
    return {"EventBusArn": made.arn, **settings}


@events.operation
def update_event_bus(call: Call, request: Request) -> dict[str, Any]:
    _refuse(request, "UpdateEventBus", "DeadLetterConfig", "LogConfig")
    settings = {name: request[name] for name in BUS if name in request}
    name = _bus(request, "Name")
    before = call.studio.events.rules.bus(call.scope, name)
    made = call.studio.events.rules.change_bus(call.scope, name, settings={**before.settings, **settings})
    return {"Arn": made.arn, "Name": made.name, **made.settings}


@events.operation
def delete_event_bus(call: Call, request: Request) -> dict[str, Any]:
    call.studio.events.rules.delete_bus(call.scope, request["Name"])
    return {}


@events.operation
def describe_event_bus(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.events.rules.bus(call.scope, _bus(request, "Name"))
    return {**_as_bus(found), **found.settings}


@events.operation
def list_event_buses(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.events.rules.buses(call.scope, request.get("NamePrefix", ""), *_place(request))
    return {"EventBuses": [_as_bus(each) for each in found.items], **_next(found)}


@events.operation
def put_permission(call: Call, request: Request) -> dict[str, Any]:
    """Kept and shown: nobody of another account sends here."""
    name = _bus(request)
    bus = call.studio.events.rules.bus(call.scope, name)
    if "Policy" in request:
        call.studio.events.rules.change_bus(call.scope, name, policy=_statements(request["Policy"]))
        return {}
    if missing := [each for each in ("Action", "Principal", "StatementId") if each not in request]:
        raise ServiceError(INVALID, f"Parameter(s) {', '.join(missing)} must be specified.")
    principal, condition = request["Principal"], request.get("Condition")
    statement = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:{call.scope.partition}:iam::{principal}:root"},
        "Action": request["Action"],
        "Resource": bus.arn,
        **({"Condition": {condition["Type"]: {condition["Key"]: condition["Value"]}}} if condition else {}),
    }
    others = [each for each in bus.policy if each.get("Sid") != statement["Sid"]]
    call.studio.events.rules.change_bus(call.scope, name, policy=[*others, statement])
    return {}


@events.operation
def remove_permission(call: Call, request: Request) -> dict[str, Any]:
    name = _bus(request)
    bus = call.studio.events.rules.bus(call.scope, name)
    left = [each for each in bus.policy if each.get("Sid") != request.get("StatementId")]
    if request.get("RemoveAllPermissions"):
        left = []
    elif len(left) == len(bus.policy):
        raise ServiceError("ResourceNotFoundException", f"Statement with the provided id does not exist: {name}.")
    call.studio.events.rules.change_bus(call.scope, name, policy=left)
    return {}


# --- rules


@events.operation
def put_rule(call: Call, request: Request) -> dict[str, Any]:
    settings = {"State": "ENABLED", **{name: request[name] for name in RULE if name in request}}
    rules = call.studio.events.rules
    return {
        "RuleArn": rules.put(call.scope, call.principal, _bus(request), request["Name"], settings, _tags(request)).arn
    }


@events.operation
def describe_rule(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.events.rules.get(call.scope, _bus(request), request["Name"])
    return {**_as_rule(found), "CreatedBy": found.creator}


@events.operation
def list_rules(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.events.rules.rules(call.scope, _bus(request), request.get("NamePrefix", ""), *_place(request))
    return {"Rules": [_as_rule(each) for each in found.items], **_next(found)}


@events.operation
def enable_rule(call: Call, request: Request) -> dict[str, Any]:
    call.studio.events.rules.switch(call.scope, _bus(request), request["Name"], on=True)
    return {}


@events.operation
def disable_rule(call: Call, request: Request) -> dict[str, Any]:
    call.studio.events.rules.switch(call.scope, _bus(request), request["Name"], on=False)
    return {}


@events.operation
def delete_rule(call: Call, request: Request) -> dict[str, Any]:
    call.studio.events.rules.delete(call.scope, _bus(request), request["Name"])
    return {}


# --- targets


@events.operation
def put_targets(call: Call, request: Request) -> dict[str, Any]:
    for target in request["Targets"]:
        check(target)
    call.studio.events.rules.put_targets(call.scope, call.principal, _bus(request), request["Rule"], request["Targets"])
    return {"FailedEntryCount": 0, "FailedEntries": []}


@events.operation
def list_targets_by_rule(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.events.rules.targets(call.scope, _bus(request), request["Rule"], *_place(request))
    return {"Targets": list(found.items), **_next(found)}


@events.operation
def list_rule_names_by_target(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.events.rules.rules_of(call.scope, _bus(request), request["TargetArn"], *_place(request))
    return {"RuleNames": list(found.items), **_next(found)}


@events.operation
def remove_targets(call: Call, request: Request) -> dict[str, Any]:
    call.studio.events.rules.remove_targets(call.scope, _bus(request), request["Rule"], request["Ids"])
    return {"FailedEntryCount": 0, "FailedEntries": []}


# --- events


@events.operation
def put_events(call: Call, request: Request) -> dict[str, Any]:
    _refuse(request, "PutEvents", "EndpointId")
    size = sum(
        len(str(entry.get(name, "")).encode())
        for entry in request["Entries"]
        for name in ("Source", "DetailType", "Detail", "Resources")
    )
    if size > MOST_BYTES:
        raise ServiceError(INVALID, "Total size of the entries in the request is over the limit.")
    entries = [{**entry, "EventBusName": _bus(entry)} for entry in request["Entries"]]
    answers = [
        {"ErrorCode": each.code, "ErrorMessage": each.message} if isinstance(each, Rejected) else {"EventId": each}
        for each in call.studio.events.put(call.scope, entries)
    ]
    return {"FailedEntryCount": sum("ErrorCode" in each for each in answers), "Entries": answers}


@events.operation
def test_event_pattern(call: Call, request: Request) -> dict[str, Any]:
    pattern = Pattern(request["EventPattern"])
    try:
        event = json.loads(request["Event"])
    except ValueError as error:
        raise ServiceError(INVALID, "Parameter Event is not valid. Reason: it must be JSON.") from error
    wanted = ("id", "account", "source", "time", "region", "resources", "detail-type")
    if not isinstance(event, dict) or any(name not in event for name in wanted):
        raise ServiceError(INVALID, f"Parameter Event is not valid. Reason: it must have {', '.join(wanted)}.")
    return {"Result": pattern.matches(event)}


# --- tags


@events.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = _tagged(call, request).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


@events.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    found = _tagged(call, request)
    _retag(call, found, {**found.tags, **_tags(request)})
    return {}


@events.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    found, gone = _tagged(call, request), request["TagKeys"]
    _retag(call, found, {key: value for key, value in found.tags.items() if key not in gone})
    return {}


def _tagged(call: Call, request: Request) -> Rule | Bus:
    """The rule, or bus, of an ARN."""
    kind, _, name = request["ResourceARN"].split(":", 5)[-1].partition("/")
    if kind == "event-bus":
        return call.studio.events.rules.bus(call.scope, name)
    if kind != "rule":
        raise ServiceError(INVALID, f"{request['ResourceARN']} is the ARN of no rule or event bus.")
    bus, _, rule = name.rpartition("/")
    return call.studio.events.rules.get(call.scope, bus or DEFAULT, rule)


def _retag(call: Call, found: Rule | Bus, tags: Mapping[str, str]) -> None:
    if isinstance(found, Bus):
        call.studio.events.rules.change_bus(call.scope, found.name, tags=tags)
    else:
        call.studio.events.rules.tag(call.scope, found.bus, found.name, tags)


# --- what they share


def _bus(request: Request, member: str = "EventBusName") -> str:
    """The name of the bus, which may be given by its ARN."""
    return str(request.get(member, DEFAULT)).rpartition(":event-bus/")[2]


def _as_rule(rule: Rule) -> dict[str, Any]:
    return {"Name": rule.name, "Arn": rule.arn, "EventBusName": rule.bus, **rule.settings}


def _as_bus(bus: Bus) -> dict[str, Any]:
    told = {"Name": bus.name, "Arn": bus.arn, "CreationTime": bus.created, "LastModifiedTime": bus.changed}
    if "Description" in bus.settings:
        told["Description"] = bus.settings["Description"]
    if bus.policy:
        told["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": list(bus.policy)})
    return told


def _statements(policy: str) -> list[Any]:
    try:
        found = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(
            INVALID, "Parameter Policy is not valid. Reason: it must be a policy with Statement."
        ) from error
    return found if isinstance(found, list) else [found]


def _tags(request: Request) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}


def _refuse(request: Request, operation: str, *names: str) -> None:
    if asked := [name for name in names if request.get(name)]:
        raise ServiceError(INVALID, f"{', '.join(asked)} in {operation} is not supported by Studiolo.")


def _place(request: Request) -> tuple[str | None, int]:
    token = request.get("NextToken")
    return decode_token(token, INVALID) if token else None, request.get("Limit", 100)


def _next(found: Page[Any]) -> dict[str, str]:
    return {} if found.next is None else {"NextToken": encode_token(found.next)}
