"""AWS IAM: the policies of a role, its own and those attached to it."""

from typing import TYPE_CHECKING, Any

from studiolo.services.call import Call
from studiolo.services.iam.service import as_document, iam, marker, paging

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        AttachRolePolicyRequestTypeDef,
        DeleteRolePolicyRequestTypeDef,
        DetachRolePolicyRequestTypeDef,
        GetRolePolicyRequestTypeDef,
        ListAttachedRolePoliciesRequestTypeDef,
        ListRolePoliciesRequestTypeDef,
        PutRolePolicyRequestTypeDef,
    )


@iam.operation
def attach_role_policy(call: Call, request: "AttachRolePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.attach(request["RoleName"], request["PolicyArn"])
    return {}


@iam.operation
def delete_role_policy(call: Call, request: "DeleteRolePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.delete_policy(request["RoleName"], request["PolicyName"])
    return {}


@iam.operation
def detach_role_policy(call: Call, request: "DetachRolePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.detach(request["RoleName"], request["PolicyArn"])
    return {}


@iam.operation
def get_role_policy(call: Call, request: "GetRolePolicyRequestTypeDef") -> dict[str, Any]:
    document = call.studio.identity.roles.policy(request["RoleName"], request["PolicyName"])
    return {
        "RoleName": request["RoleName"],
        "PolicyName": request["PolicyName"],
        "PolicyDocument": as_document(document),
    }


@iam.operation
def list_attached_role_policies(call: Call, request: "ListAttachedRolePoliciesRequestTypeDef") -> dict[str, Any]:
    path = request.get("PathPrefix", "/")
    page = call.studio.identity.roles.attached(request["RoleName"], **paging(request))
    attached = [
        {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}
        for arn in page.items
        if arn.partition(":policy")[2].startswith(path)
    ]
    return {"AttachedPolicies": attached, **marker(page)}


@iam.operation
def list_role_policies(call: Call, request: "ListRolePoliciesRequestTypeDef") -> dict[str, Any]:
    page = call.studio.identity.roles.policies(request["RoleName"], **paging(request))
    return {"PolicyNames": page.items, **marker(page)}


@iam.operation
def put_role_policy(call: Call, request: "PutRolePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.roles.put_policy(request["RoleName"], request["PolicyName"], request["PolicyDocument"])
    return {}
