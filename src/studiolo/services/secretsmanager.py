"""AWS Secrets Manager. Values are encrypted by a KMS key; rotation and replicas are not here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.recorded import Record
from studiolo.recorded.records import matches
from studiolo.recorded.secrets_manager import SecretDeleted, random_password
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

secretsmanager = Service(
    "secretsmanager",
    {
        NotFound: "ResourceNotFoundException",
        AlreadyExists: "ResourceExistsException",
        Invalid: "InvalidParameterException",
        Conflict: "InvalidRequestException",
        SecretDeleted: "InvalidRequestException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
)


@secretsmanager.operation
def create_secret(call: Call, request: Request) -> dict[str, Any]:
    if request.get("AddReplicaRegions"):
        raise ServiceError(
            "InvalidParameterException", "A secret has no replicas at Studiolo: leave AddReplicaRegions out."
        )
    tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", [])}
    made, version = call.studio.recorder.secrets.create(call.scope, request, tags)
    return {**_named(made), **({} if version is None else {"VersionId": version})}


@secretsmanager.operation
def delete_resource_policy(call: Call, request: Request) -> dict[str, Any]:
    return _named(call.studio.recorder.secrets.set_policy(call.scope, request["SecretId"], None))


@secretsmanager.operation
def delete_secret(call: Call, request: Request) -> dict[str, Any]:
    record, moment = call.studio.recorder.secrets.delete(
        call.scope,
        request["SecretId"],
        request.get("RecoveryWindowInDays"),
        force=request.get("ForceDeleteWithoutRecovery", False),
    )
    return {**_named(record), "DeletionDate": moment}


@secretsmanager.operation
def describe_secret(call: Call, request: Request) -> dict[str, Any]:
    record = call.studio.recorder.secrets.get(call.scope, request["SecretId"], deleted=True)
    return {
        **as_entry(record),
        "VersionIdsToStages": {each["VersionId"]: each["Stages"] for each in _staged(record)},
    }


@secretsmanager.operation
def get_random_password(call: Call, request: Request) -> dict[str, Any]:
    return {"RandomPassword": random_password(request)}


@secretsmanager.operation
def get_resource_policy(call: Call, request: Request) -> dict[str, Any]:
    record = call.studio.recorder.secrets.get(call.scope, request["SecretId"])
    policy = record.hidden.get("Policy")
    return {**_named(record), **({} if policy is None else {"ResourcePolicy": policy})}


@secretsmanager.operation
def get_secret_value(call: Call, request: Request) -> dict[str, Any]:
    record, version = call.studio.recorder.secrets.value(
        call.scope, request["SecretId"], request.get("VersionId"), request.get("VersionStage")
    )
    value = version["Value"]
    return {
        **_named(record),
        **({"SecretString": value.decode()} if version["IsText"] else {"SecretBinary": value}),
        "VersionId": version["VersionId"],
        "VersionStages": version["Stages"],
        "CreatedDate": datetime.fromisoformat(version["Created"]),
    }


@secretsmanager.operation
def list_secret_version_ids(call: Call, request: Request) -> dict[str, Any]:
    record = call.studio.recorder.secrets.get(call.scope, request["SecretId"])
    found = record.hidden["Versions"] if request.get("IncludeDeprecated") else _staged(record)
    versions = [
        {
            "VersionId": each["VersionId"],
            "VersionStages": each["Stages"],
            "CreatedDate": datetime.fromisoformat(each["Created"]),
        }
        for each in found
    ]
    return {**_named(record), "Versions": versions}


@secretsmanager.operation
def list_secrets(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.secrets.all(call.scope, deleted=request.get("IncludePlannedDeletion", False))
    found = [each for each in found if all(_passes(each, f) for f in request.get("Filters", []))]
    token = request.get("NextToken")
    start = decode_place(token)
    end = start + request.get("MaxResults", 100)
    following = {"NextToken": encode_token(str(end))} if end < len(found) else {}
    entries = [
        {**as_entry(each), "SecretVersionsToStages": {v["VersionId"]: v["Stages"] for v in _staged(each)}}
        for each in found[start:end]
    ]
    return {"SecretList": entries, **following}


@secretsmanager.operation
def put_resource_policy(call: Call, request: Request) -> dict[str, Any]:
    return _named(call.studio.recorder.secrets.set_policy(call.scope, request["SecretId"], request["ResourcePolicy"]))


@secretsmanager.operation
def put_secret_value(call: Call, request: Request) -> dict[str, Any]:
    record, version, stages = call.studio.recorder.secrets.put(call.scope, request["SecretId"], request)
    return {**_named(record), "VersionStages": stages, **({} if version is None else {"VersionId": version})}


@secretsmanager.operation
def restore_secret(call: Call, request: Request) -> dict[str, Any]:
    return _named(call.studio.recorder.secrets.restore(call.scope, request["SecretId"]))


@secretsmanager.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["Key"]: tag.get("Value", "") for tag in request["Tags"]}
    call.studio.recorder.secrets.tag(call.scope, request["SecretId"], tags)
    return {}


@secretsmanager.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.secrets.tag(call.scope, request["SecretId"], {}, tuple(request["TagKeys"]))
    return {}


@secretsmanager.operation
def update_secret(call: Call, request: Request) -> dict[str, Any]:
    record, version = call.studio.recorder.secrets.update(call.scope, request["SecretId"], request)
    return {**_named(record), **({} if version is None else {"VersionId": version})}


def as_entry(record: Record) -> dict[str, Any]:
    shown = {name: record[name] for name in ("ARN", "Description", "KmsKeyId", "Name") if name in record.attributes}
    dates = {
        name: datetime.fromisoformat(record[name]) for name in ("DeletedDate", "LastChangedDate") if record.get(name)
    }
    tags = [{"Key": key, "Value": value} for key, value in record.tags.items()]
    return {**shown, **dates, "CreatedDate": record.created, "Tags": tags}


def _named(record: Record) -> dict[str, Any]:
    return {"ARN": record["ARN"], "Name": record["Name"]}


def _staged(record: Record) -> list[dict[str, Any]]:
    return [each for each in record.hidden["Versions"] if each["Stages"]]


def _passes(record: Record, asked: Mapping[str, Any]) -> bool:
    """Filters begin with what they are given; one with `!` before it lets the others pass."""
    key = asked.get("Key", "all")
    found = {
        "name": [record["Name"]],
        "description": [record.get("Description", "")],
        "tag-key": list(record.tags),
        "tag-value": list(record.tags.values()),
    }
    values = found.get(key, [each for all_values in found.values() for each in all_values])
    return any(
        not matches(values, [f"{value[1:]}*"]) if value.startswith("!") else matches(values, [f"{value}*"])
        for value in asked.get("Values", [])
    )
