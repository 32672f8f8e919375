"""AWS Security Token Service: who calls, and sessions of roles."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.identity import AccessKey, MalformedPolicy, SessionRequest
from studiolo.services.call import Call
from studiolo.services.service import Service

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import (
        AssumeRoleRequestTypeDef,
        GetAccessKeyInfoRequestTypeDef,
        GetSessionTokenRequestTypeDef,
    )

sts = Service(
    "sts",
    {
        NotFound: "ValidationError",
        AlreadyExists: "ValidationError",
        Invalid: "ValidationError",
        MalformedPolicy: "MalformedPolicyDocument",
        Conflict: "ValidationError",
        Denied: "AccessDenied",
        LimitExceeded: "PackedPolicyTooLarge",
    },
    invalid="ValidationError",
)

DEFAULT_SECONDS = 3600


@sts.operation
def assume_role(call: Call, request: "AssumeRoleRequestTypeDef") -> dict[str, Any]:
    policy = request.get("Policy")
    key, session = call.studio.identity.assume_role(
        call.principal,
        request["RoleArn"],
        SessionRequest(
            name=request["RoleSessionName"],
            lifetime=timedelta(seconds=request.get("DurationSeconds", DEFAULT_SECONDS)),
            policies=() if policy is None else (policy,),
            policy_arns=tuple(each["arn"] for each in request.get("PolicyArns", []) if "arn" in each),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
            external_id=request.get("ExternalId"),
            source_identity=request.get("SourceIdentity"),
            transitive=tuple(request.get("TransitiveTagKeys", [])),
        ),
    )
    source = {} if session.source_identity is None else {"SourceIdentity": session.source_identity}
    return {
        "Credentials": as_credentials(key),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": packed_size(session.session_policies),
        **source,
    }


@sts.operation
def get_access_key_info(call: Call, request: "GetAccessKeyInfoRequestTypeDef") -> dict[str, Any]:
    found = call.studio.identity.find_key(request["AccessKeyId"])
    if found is None:
        raise Invalid(f"The access key {request['AccessKeyId']} is not one of this Studiolo.")
    return {"Account": found[1].account}


@sts.operation
def get_caller_identity(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    caller = call.principal
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


@sts.operation
def get_session_token(call: Call, request: "GetSessionTokenRequestTypeDef") -> dict[str, Any]:
    lifetime = timedelta(seconds=request.get("DurationSeconds", DEFAULT_SECONDS))
    return {"Credentials": as_credentials(call.studio.identity.root_session(call.principal, lifetime))}


def as_credentials(key: AccessKey) -> dict[str, Any]:
    return {
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "SessionToken": key.session_token,
        "Expiration": key.expires,
    }


def packed_size(policies: tuple[str, ...]) -> int:
    """Percent of the 2,048 characters that session policies may have."""
    characters = sum(len(json.dumps(json.loads(policy), separators=(",", ":"))) for policy in policies)
    return min(100, -(-characters * 100 // 2048))
