"""AWS Security Token Service: who calls, and sessions of roles and users."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from studiolo.domain import AlreadyExists, Conflict, Denied, Invalid, LimitExceeded, NotFound
from studiolo.identity import (
    AccessKey,
    ExpiredIdentityToken,
    InvalidIdentityToken,
    InvalidSessionTags,
    MalformedPolicy,
    NotSealed,
    Principal,
    ProviderUnreachable,
    RejectedClaim,
    SessionRequest,
    tags_of,
)
from studiolo.services.call import Call
from studiolo.services.service import Service

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import (
        AssumeRoleRequestTypeDef,
        AssumeRoleWithSAMLRequestTypeDef,
        AssumeRoleWithWebIdentityRequestTypeDef,
        DecodeAuthorizationMessageRequestTypeDef,
        DecodeAuthorizationMessageResponseTypeDef,
        GetAccessKeyInfoRequestTypeDef,
        GetFederationTokenRequestTypeDef,
        GetSessionTokenRequestTypeDef,
    )

sts = Service(
    "sts",
    {
        NotFound: "ValidationError",
        AlreadyExists: "ValidationError",
        Invalid: "ValidationError",
        MalformedPolicy: "MalformedPolicyDocument",
        InvalidIdentityToken: "InvalidIdentityToken",
        InvalidSessionTags: "InvalidParameterValue",
        NotSealed: "InvalidAuthorizationMessageException",
        ExpiredIdentityToken: "ExpiredTokenException",
        ProviderUnreachable: "IDPCommunicationError",
        RejectedClaim: "IDPRejectedClaim",
        Conflict: "ValidationError",
        Denied: "AccessDenied",
        LimitExceeded: "PackedPolicyTooLarge",
    },
    invalid="ValidationError",
)

PACKED_CHARACTERS = 2048


@sts.operation
def assume_role(call: Call, request: "AssumeRoleRequestTypeDef") -> dict[str, Any]:
    asked = session_request(request, request["RoleSessionName"])
    key, session = call.studio.identity.tokens_for(request["RoleArn"]).assume_role(
        call.principal, request["RoleArn"], asked
    )
    return as_session(key, session, asked)


@sts.operation
def assume_role_with_saml(call: Call, request: "AssumeRoleWithSAMLRequestTypeDef") -> dict[str, Any]:
    """Not signed: the assertion says who asks."""
    asked = session_request(request, "saml")
    key, session, asserted = call.studio.identity.tokens_for(request["RoleArn"]).assume_role_with_saml(
        request["RoleArn"], request["PrincipalArn"], asked, request["SAMLAssertion"], call.principal.told
    )
    return {
        **as_session(key, session, asked),
        "Subject": asserted.claims.subject,
        "SubjectType": asserted.subject_type,
        "Issuer": asserted.claims.issuer,
        "Audience": asserted.claims.audience,
        "NameQualifier": asserted.name_qualifier,
    }


@sts.operation
def assume_role_with_web_identity(call: Call, request: "AssumeRoleWithWebIdentityRequestTypeDef") -> dict[str, Any]:
    """Not signed: the token says who asks."""
    if "ProviderId" in request:
        raise Invalid("ProviderId is for OAuth 2.0 access tokens, which are not supported: send an OpenID Connect one.")
    asked = session_request(request, request["RoleSessionName"])
    key, session, claims = call.studio.identity.tokens_for(request["RoleArn"]).assume_role_with_web_identity(
        request["RoleArn"], asked, request["WebIdentityToken"], call.principal.told
    )
    return {
        **as_session(key, session, asked),
        "SubjectFromWebIdentityToken": claims.subject,
        "Audience": claims.audience,
        "Provider": claims.provider,
    }


@sts.operation
def decode_authorization_message(
    call: Call, request: "DecodeAuthorizationMessageRequestTypeDef"
) -> "DecodeAuthorizationMessageResponseTypeDef":
    denial = call.identity.denials.unseal(request["EncodedMessage"])
    if denial.principal.split(":")[4] != call.scope.account:
        raise NotSealed("The message is about a principal of another account.")
    decoded = {
        "allowed": False,
        "explicitDeny": denial.policy is not None,
        "matchedStatements": {
            "items": [{"statementId": denial.statement, "effect": "DENY"}] if denial.policy is not None else []
        },
        "failures": {"items": []},
        "context": {
            "principal": {"id": next(iter(denial.context.get("aws:userid", ())), ""), "arn": denial.principal},
            "action": denial.action,
            "resource": denial.resource,
            "conditions": {
                "items": [
                    {"key": key, "values": {"items": [{"value": value} for value in values]}}
                    for key, values in denial.context.items()
                ]
            },
        },
    }
    answer: Any = {"DecodedMessage": json.dumps(decoded)}
    return answer  # type: ignore[no-any-return]


@sts.operation
def get_access_key_info(call: Call, request: "GetAccessKeyInfoRequestTypeDef") -> dict[str, Any]:
    found = call.studio.identity.find_key(request["AccessKeyId"])
    if found is None:
        raise Invalid(f"The access key {request['AccessKeyId']} is not one of this Studiolo.")
    return {"Account": found[1].account}


@sts.at_once
@sts.operation
def get_caller_identity(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    caller = call.principal
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


@sts.operation
def get_federation_token(call: Call, request: "GetFederationTokenRequestTypeDef") -> dict[str, Any]:
    asked = session_request(request, request["Name"])
    key, session = call.identity.tokens.federation_token(call.principal, asked)
    return {
        "Credentials": as_credentials(key),
        "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": packed_size(asked),
    }


@sts.operation
def get_session_token(call: Call, request: "GetSessionTokenRequestTypeDef") -> dict[str, Any]:
    key = call.identity.tokens.session_token(call.principal, lifetime(request), mfa(request))
    return {"Credentials": as_credentials(key)}


def session_request(request: Mapping[str, Any], name: str) -> SessionRequest:
    """What a request for a session asks."""
    policy = request.get("Policy")
    return SessionRequest(
        name=name,
        lifetime=lifetime(request),
        policies=() if policy is None else (policy,),
        policy_arns=tuple(each["arn"] for each in request.get("PolicyArns", []) if "arn" in each),
        tags=tags_of((tag["Key"], tag["Value"]) for tag in request.get("Tags", [])),
        transitive=tuple(request.get("TransitiveTagKeys", [])),
        external_id=request.get("ExternalId"),
        source_identity=request.get("SourceIdentity"),
        mfa=mfa(request),
    )


def lifetime(request: Mapping[str, Any]) -> timedelta | None:
    return timedelta(seconds=request["DurationSeconds"]) if "DurationSeconds" in request else None


def mfa(request: Mapping[str, Any]) -> tuple[str, str] | None:
    """The serial number of a device and its code, where a request has them."""
    if ("SerialNumber" in request) != ("TokenCode" in request):
        raise Invalid("SerialNumber and TokenCode must be given together.")
    return (request["SerialNumber"], request["TokenCode"]) if "TokenCode" in request else None


def as_session(key: AccessKey, session: Principal, asked: SessionRequest) -> dict[str, Any]:
    shown = {
        "Credentials": as_credentials(key),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": packed_size(asked),
    }
    source = session.source_identity
    return shown if source is None else {**shown, "SourceIdentity": source}


def as_credentials(key: AccessKey) -> dict[str, Any]:
    return {
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "SessionToken": key.session_token,
        "Expiration": key.expires,
    }


def packed_size(asked: SessionRequest) -> int:
    """Percent of what the policies and tags of a session may have, by their characters."""
    tags = sum(len(key) + len(value) for key, value in asked.tags.items())
    characters = sum(map(len, asked.policies)) + sum(map(len, asked.policy_arns)) + tags
    return min(100, -(-characters * 100 // PACKED_CHARACTERS))
