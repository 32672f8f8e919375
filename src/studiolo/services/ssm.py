"""AWS Systems Manager: the Parameter Store."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.recorded import Record
from studiolo.recorded.parameters import PatternMismatch, VersionMissing, split
from studiolo.recorded.records import RecordMissing, matches
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

ssm = Service(
    "ssm",
    {
        NotFound: "ParameterNotFound",
        VersionMissing: "ParameterVersionNotFound",
        AlreadyExists: "ParameterAlreadyExists",
        Invalid: "ValidationException",
        PatternMismatch: "ParameterPatternMismatchException",
        Conflict: "ValidationException",
        Denied: "AccessDeniedException",
        LimitExceeded: "ValidationException",
    },
)
TOLD = ("ARN", "DataType", "Name", "Selector", "Type", "Value", "Version")
METADATA = (
    "ARN", "AllowedPattern", "DataType", "Description", "KeyId", "LastModifiedUser", "Name", "Tier", "Type", "Version",
)  # fmt: skip


@ssm.operation
def add_tags_to_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    call.studio.recorder.parameters.tag(call.scope, _resource(request), tags)
    return {}


@ssm.operation
def delete_parameter(call: Call, request: Request) -> dict[str, Any]:
    parameters = call.studio.recorder.parameters
    parameters.record(call.scope, request["Name"])
    parameters.delete(call.scope, [request["Name"]])
    return {}


@ssm.operation
def delete_parameters(call: Call, request: Request) -> dict[str, Any]:
    gone = call.studio.recorder.parameters.delete(call.scope, request["Names"])
    return {"DeletedParameters": gone, "InvalidParameters": [n for n in request["Names"] if n not in gone]}


@ssm.operation
def describe_parameters(call: Call, request: Request) -> dict[str, Any]:
    limit = request.get("MaxResults", 50)
    if not request.get("ParameterFilters") and not request.get("Filters"):
        page = call.studio.recorder.parameters.page(call.scope, _after(request), limit)
        shown = [as_metadata(record) for record in page.items]
        return {"Parameters": shown, **_next(page.next)}
    after = _after(request) or ""
    found = [
        each for each in call.studio.recorder.parameters.all(call.scope) if each.id > after and _passes(each, request)
    ]
    more = len(found) > limit
    return {
        "Parameters": [as_metadata(record) for record in found[:limit]],
        **_next(found[limit - 1].id if more else None),
    }


@ssm.operation
def get_parameter(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.parameters.get(
        call.scope, request["Name"], decrypt=request.get("WithDecryption", False)
    )
    return {"Parameter": as_parameter(found)}


@ssm.operation
def get_parameter_history(call: Call, request: Request) -> dict[str, Any]:
    decrypt = request.get("WithDecryption", False)
    history = call.studio.recorder.parameters.history(call.scope, request["Name"], decrypt=decrypt)
    start, limit = int(_after(request) or 0), request.get("MaxResults", 50)
    shown = [
        {**_kept(each, (*METADATA, "Value")), "LastModifiedDate": _moment(each), "Labels": [], "Policies": []}
        for each in history[start : start + limit]
    ]
    for each in shown:
        del each["ARN"]
    return {"Parameters": shown, **_next(str(start + limit) if len(history) > start + limit else None)}


@ssm.operation
def get_parameters(call: Call, request: Request) -> dict[str, Any]:
    found, missing = [], []
    for name in request["Names"]:
        try:
            decrypt = request.get("WithDecryption", False)
            found.append(as_parameter(call.studio.recorder.parameters.get(call.scope, name, decrypt=decrypt)))
        except RecordMissing:
            missing.append(name)
    return {"Parameters": found, "InvalidParameters": missing}


@ssm.operation
def get_parameters_by_path(call: Call, request: Request) -> dict[str, Any]:
    if not request["Path"].startswith("/"):
        raise ServiceError("ValidationException", "The parameter path must begin with a slash.")
    if request.get("ParameterFilters"):
        raise ServiceError("InvalidFilterOption", "GetParametersByPath takes no ParameterFilters at Studiolo.")
    page = call.studio.recorder.parameters.under(
        call.scope,
        request["Path"],
        deep=request.get("Recursive", False),
        decrypt=request.get("WithDecryption", False),
        after=_after(request),
        limit=request.get("MaxResults", 10),
    )
    return {"Parameters": [as_parameter(each) for each in page.items], **_next(page.next)}


@ssm.operation
def list_tags_for_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.recorder.parameters.record(call.scope, _resource(request)).tags
    return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}


@ssm.operation
def put_parameter(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
    if tags and request.get("Overwrite"):
        raise ServiceError("ValidationException", "Invalid request: tags and overwrite can't be used together.")
    made = call.studio.recorder.parameters.put(call.scope, request, tags, call.principal.arn)
    return {"Version": made["Version"], "Tier": made["Tier"]}


@ssm.operation
def remove_tags_from_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.parameters.tag(call.scope, _resource(request), {}, request["TagKeys"])
    return {}


def as_parameter(found: Mapping[str, Any]) -> dict[str, Any]:
    return {**_kept(found, TOLD), "LastModifiedDate": _moment(found)}


def as_metadata(record: Record) -> dict[str, Any]:
    return {**_kept(record.attributes, METADATA), "LastModifiedDate": _moment(record.attributes), "Policies": []}


def _kept(found: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}


def _moment(found: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(found["LastModifiedDate"], timezone.utc)


def _resource(request: Request) -> str:
    if request["ResourceType"] != "Parameter":
        raise ServiceError("InvalidResourceType", "Only parameters are here: ResourceType must be Parameter.")
    return split(request["ResourceId"])[0] if request["ResourceId"].startswith("arn:") else request["ResourceId"]


def _passes(record: Record, request: Request) -> bool:
    filters = [
        *((f["Key"], f.get("Option", "Equals"), f.get("Values", [])) for f in request.get("ParameterFilters", [])),
        *((f["Key"], "BeginsWith", f["Values"]) for f in request.get("Filters", [])),
    ]
    return all(_passes_one(record, key, option, values) for key, option, values in filters)


def _passes_one(record: Record, key: str, option: str, values: list[str]) -> bool:
    if key.startswith("tag:"):
        value = record.tags.get(key.removeprefix("tag:"))
        return value is not None and (not values or value in values)
    if key == "Path":
        deep = option == "Recursive"
        paths = [value.rstrip("/") + "/" for value in values]
        return any(record.id.startswith(path) and (deep or "/" not in record.id.removeprefix(path)) for path in paths)
    if key not in ("Name", "Type", "KeyId", "Tier", "DataType"):
        raise ServiceError("InvalidFilterKey", f"The filter key {key} is not valid.")
    patterns = {"Equals": "{}", "BeginsWith": "{}*", "Contains": "*{}*"}
    if option not in patterns:
        raise ServiceError("InvalidFilterOption", f"The filter option {option} is not valid for {key}.")
    return matches([record.get(key)], [patterns[option].format(value) for value in values])


def _after(request: Request) -> str | None:
    token = request.get("NextToken")
    return decode_token(token, "InvalidNextToken") if token else None


def _next(key: str | None) -> dict[str, str]:
    return {} if key is None else {"NextToken": encode_token(key)}
