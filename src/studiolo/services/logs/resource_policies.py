"""Amazon CloudWatch Logs: the resource policies of an account."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.identity import check_logs_policy
from studiolo.logs.resource_policies import ResourcePolicy
from studiolo.services.call import Call
from studiolo.services.logs.service import INVALID, as_milliseconds, logs, next_token, paging

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import (
        DeleteResourcePolicyRequestTypeDef,
        DescribeResourcePoliciesRequestTypeDef,
        PutResourcePolicyRequestTypeDef,
    )


@logs.operation
def delete_resource_policy(call: Call, request: "DeleteResourcePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.logs.resource_policies.delete(call.scope, _name(request))
    return {}


@logs.operation
def describe_resource_policies(call: Call, request: "DescribeResourcePoliciesRequestTypeDef") -> dict[str, Any]:
    _of_account(request)
    page = call.studio.logs.resource_policies.list(call.scope, **paging(request))
    return {"resourcePolicies": [as_policy(policy) for policy in page.items], **next_token(page)}


@logs.operation
def put_resource_policy(call: Call, request: "PutResourcePolicyRequestTypeDef") -> dict[str, Any]:
    name = _name(request)
    if "policyDocument" not in request:
        raise ServiceError(INVALID, "Give a policyDocument.")
    check_logs_policy(request["policyDocument"])
    policy = call.studio.logs.resource_policies.put(call.scope, name, request["policyDocument"])
    return {"resourcePolicy": as_policy(policy)}


def as_policy(policy: ResourcePolicy) -> dict[str, Any]:
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "lastUpdatedTime": as_milliseconds(policy.updated),
        "policyScope": "ACCOUNT",
    }


def _name(request: Mapping[str, Any]) -> str:
    _of_account(request)
    if "policyName" not in request:
        raise ServiceError(INVALID, "Give a policyName.")
    name: str = request["policyName"]
    return name


def _of_account(request: Mapping[str, Any]) -> None:
    asked = [name for name in ("resourceArn", "expectedRevisionId") if name in request]
    if asked or request.get("policyScope", "ACCOUNT") != "ACCOUNT":
        what = ", ".join(asked) or "policyScope RESOURCE"
        raise ServiceError(INVALID, f"{what} is not supported by Studiolo: resource policies are of the account.")
