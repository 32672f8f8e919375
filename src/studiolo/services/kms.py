"""AWS KMS: symmetric keys, which encrypt, and their aliases. Key policies, grants and rotation are only recorded."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.recorded import Record
from studiolo.recorded.keys import InvalidCiphertext, KeyDisabled, KeyUnusable, WrongKey, alias_arn
from studiolo.services.call import Call
from studiolo.services.service import Service

Request = Mapping[str, Any]

kms = Service(
    "kms",
    {
        NotFound: "NotFoundException",
        AlreadyExists: "AlreadyExistsException",
        Invalid: "ValidationException",
        InvalidCiphertext: "InvalidCiphertextException",
        WrongKey: "IncorrectKeyException",
        KeyDisabled: "DisabledException",
        KeyUnusable: "KMSInvalidStateException",
        Conflict: "KMSInvalidStateException",
        Denied: "AccessDeniedException",
        LimitExceeded: "LimitExceededException",
    },
)
ALGORITHM = "SYMMETRIC_DEFAULT"


@kms.operation
def cancel_key_deletion(call: Call, request: Request) -> dict[str, Any]:
    return {"KeyId": call.studio.recorder.keys.cancel_deletion(call.scope, request["KeyId"])["Arn"]}


@kms.operation
def create_alias(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.set_alias(call.scope, request["AliasName"], request["TargetKeyId"], new=True)
    return {}


@kms.operation
def create_grant(call: Call, request: Request) -> dict[str, Any]:
    made = call.studio.recorder.grants.create(call.scope, request["KeyId"], request)
    return {"GrantId": made.id, "GrantToken": made.hidden["Token"]}


@kms.operation
def create_key(call: Call, request: Request) -> dict[str, Any]:
    given = {**request, "KeySpec": request.get("KeySpec") or request.get("CustomerMasterKeySpec") or ALGORITHM}
    tags = {tag["TagKey"]: tag["TagValue"] for tag in request.get("Tags", [])}
    made = call.studio.recorder.keys.create(call.scope, given, request.get("Policy", ""), tags)
    return {"KeyMetadata": as_metadata(made)}


@kms.operation
def decrypt(call: Call, request: Request) -> dict[str, Any]:
    context = request.get("EncryptionContext", {})
    key, plain = call.studio.recorder.keys.decrypt(call.scope, request["CiphertextBlob"], context, request.get("KeyId"))
    return {"KeyId": key["Arn"], "Plaintext": plain, "EncryptionAlgorithm": ALGORITHM}


@kms.operation
def delete_alias(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.delete_alias(call.scope, request["AliasName"])
    return {}


@kms.operation
def describe_key(call: Call, request: Request) -> dict[str, Any]:
    return {"KeyMetadata": as_metadata(call.studio.recorder.keys.get(call.scope, request["KeyId"]))}


@kms.operation
def disable_key(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.enable(call.scope, request["KeyId"], False)
    return {}


@kms.operation
def disable_key_rotation(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.change(call.scope, request["KeyId"], Rotation=False)
    return {}


@kms.operation
def enable_key(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.enable(call.scope, request["KeyId"], True)
    return {}


@kms.operation
def enable_key_rotation(call: Call, request: Request) -> dict[str, Any]:
    days = request.get("RotationPeriodInDays", 365)
    call.studio.recorder.keys.change(call.scope, request["KeyId"], Rotation=days)
    return {}


@kms.operation
def encrypt(call: Call, request: Request) -> dict[str, Any]:
    context = request.get("EncryptionContext", {})
    key, sealed = call.studio.recorder.keys.encrypt(call.scope, request["KeyId"], request["Plaintext"], context)
    return {"CiphertextBlob": sealed, "KeyId": key["Arn"], "EncryptionAlgorithm": ALGORITHM}


@kms.operation
def generate_data_key(call: Call, request: Request) -> dict[str, Any]:
    key, plain, sealed = _data_key(call, request)
    return {"CiphertextBlob": sealed, "Plaintext": plain, "KeyId": key["Arn"]}


@kms.operation
def generate_data_key_without_plaintext(call: Call, request: Request) -> dict[str, Any]:
    key, _, sealed = _data_key(call, request)
    return {"CiphertextBlob": sealed, "KeyId": key["Arn"]}


@kms.operation
def generate_random(call: Call, request: Request) -> dict[str, Any]:
    return {"Plaintext": secrets.token_bytes(request.get("NumberOfBytes", 32))}


@kms.operation
def get_key_policy(call: Call, request: Request) -> dict[str, Any]:
    policy = call.studio.recorder.keys.get(call.scope, request["KeyId"]).hidden["Policy"]
    return {"Policy": policy, "PolicyName": "default"}


@kms.operation
def get_key_rotation_status(call: Call, request: Request) -> dict[str, Any]:
    key = call.studio.recorder.keys.get(call.scope, request["KeyId"])
    days = key.hidden["Rotation"]
    return {"KeyRotationEnabled": bool(days), "KeyId": key.id, **({"RotationPeriodInDays": days} if days else {})}


@kms.operation
def list_aliases(call: Call, request: Request) -> dict[str, Any]:
    keys = call.studio.recorder.keys
    found = keys.aliases(call.scope)
    if "KeyId" in request:
        target = keys.get(call.scope, request["KeyId"]).id
        found = [each for each in found if each["TargetKeyId"] == target]
    return _paged("Aliases", [as_alias(call, each) for each in found], request)


@kms.operation
def list_grants(call: Call, request: Request) -> dict[str, Any]:
    wanted = {name: request.get(name) for name in ("KeyId", "GrantId", "GranteePrincipal")}
    return _paged(
        "Grants", [as_grant(each) for each in call.studio.recorder.grants.list(call.scope, **wanted)], request
    )


@kms.operation
def list_key_policies(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.get(call.scope, request["KeyId"])
    return {"PolicyNames": ["default"], "Truncated": False}


@kms.operation
def list_keys(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.keys.all(call.scope)
    return _paged("Keys", [{"KeyId": key.id, "KeyArn": key["Arn"]} for key in found], request)


@kms.operation
def list_resource_tags(call: Call, request: Request) -> dict[str, Any]:
    tags = call.studio.recorder.keys.get(call.scope, request["KeyId"]).tags
    return _paged("Tags", [{"TagKey": key, "TagValue": value} for key, value in tags.items()], request)


@kms.operation
def list_retirable_grants(call: Call, request: Request) -> dict[str, Any]:
    found = call.studio.recorder.grants.list(call.scope, RetiringPrincipal=request["RetiringPrincipal"])
    return _paged("Grants", [as_grant(each) for each in found], request)


@kms.operation
def put_key_policy(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.change(call.scope, request["KeyId"], Policy=request["Policy"])
    return {}


@kms.operation
def re_encrypt(call: Call, request: Request) -> dict[str, Any]:
    keys = call.studio.recorder.keys
    old, plain = keys.decrypt(
        call.scope, request["CiphertextBlob"], request.get("SourceEncryptionContext", {}), request.get("SourceKeyId")
    )
    new, sealed = keys.encrypt(
        call.scope, request["DestinationKeyId"], plain, request.get("DestinationEncryptionContext", {})
    )
    return {
        "CiphertextBlob": sealed,
        "KeyId": new["Arn"],
        "SourceKeyId": old["Arn"],
        "SourceEncryptionAlgorithm": ALGORITHM,
        "DestinationEncryptionAlgorithm": ALGORITHM,
    }


@kms.operation
def retire_grant(call: Call, request: Request) -> dict[str, Any]:
    if "GrantToken" not in request and not {"KeyId", "GrantId"} <= set(request):
        raise ServiceError("ValidationException", "A grant is named by its GrantToken, or by KeyId and GrantId.")
    names = ("KeyId", "GrantId", "GrantToken")
    call.studio.recorder.grants.delete(call.scope, *(request.get(name) for name in names))
    return {}


@kms.operation
def revoke_grant(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.grants.delete(call.scope, request["KeyId"], request["GrantId"])
    return {}


@kms.operation
def schedule_key_deletion(call: Call, request: Request) -> dict[str, Any]:
    days = request.get("PendingWindowInDays", 30)
    key = call.studio.recorder.keys.schedule_deletion(call.scope, request["KeyId"], days)
    return {
        "KeyId": key["Arn"],
        "DeletionDate": datetime.fromisoformat(key["DeletionDate"]),
        "KeyState": key["KeyState"],
        "PendingWindowInDays": days,
    }


@kms.operation
def tag_resource(call: Call, request: Request) -> dict[str, Any]:
    tags = {tag["TagKey"]: tag["TagValue"] for tag in request["Tags"]}
    call.studio.recorder.keys.tag(call.scope, request["KeyId"], tags)
    return {}


@kms.operation
def untag_resource(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.tag(call.scope, request["KeyId"], {}, tuple(request["TagKeys"]))
    return {}


@kms.operation
def update_alias(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.set_alias(call.scope, request["AliasName"], request["TargetKeyId"], new=False)
    return {}


@kms.operation
def update_key_description(call: Call, request: Request) -> dict[str, Any]:
    call.studio.recorder.keys.change(call.scope, request["KeyId"], Description=request["Description"])
    return {}


def as_metadata(key: Record) -> dict[str, Any]:
    shown = {**key.attributes, "CreationDate": key.created}
    if "DeletionDate" in shown:
        shown["DeletionDate"] = datetime.fromisoformat(shown["DeletionDate"])
    return shown


def as_alias(call: Call, alias: Record) -> dict[str, Any]:
    return {
        "AliasName": alias.id,
        "AliasArn": alias_arn(call.scope, alias.id),
        "TargetKeyId": alias["TargetKeyId"],
        "CreationDate": alias.created,
        "LastUpdatedDate": alias.created,
    }


def as_grant(grant: Record) -> dict[str, Any]:
    return {**grant.attributes, "CreationDate": grant.created}


def _data_key(call: Call, request: Request) -> tuple[Record, bytes, bytes]:
    if ("KeySpec" in request) == ("NumberOfBytes" in request):
        raise ServiceError("ValidationException", "Please specify either number of bytes or key spec.")
    size = request.get("NumberOfBytes") or {"AES_128": 16, "AES_256": 32}[request["KeySpec"]]
    context = request.get("EncryptionContext", {})
    return call.studio.recorder.keys.data_key(call.scope, request["KeyId"], size, context)


def _paged(name: str, items: list[Any], request: Request) -> dict[str, Any]:
    """A page of a list that is all here: markers are positions."""
    marker = request.get("Marker")
    start = decode_place(marker, "InvalidMarkerException")
    end = start + request.get("Limit", 100)
    more = end < len(items)
    return {name: items[start:end], "Truncated": more, **({"NextMarker": encode_token(str(end))} if more else {})}
