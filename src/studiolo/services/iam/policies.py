"""AWS IAM: managed policies and their versions."""

from typing import TYPE_CHECKING, Any

from studiolo.domain import NotFound
from studiolo.identity import ManagedPolicy, PolicyUsage, PolicyVersion
from studiolo.services.call import Call
from studiolo.services.iam.service import as_document, as_tags, cut, iam, marker, paging, tags

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        CreatePolicyRequestTypeDef,
        CreatePolicyVersionRequestTypeDef,
        DeletePolicyRequestTypeDef,
        DeletePolicyVersionRequestTypeDef,
        GetPolicyRequestTypeDef,
        GetPolicyVersionRequestTypeDef,
        ListEntitiesForPolicyRequestTypeDef,
        ListPoliciesRequestTypeDef,
        ListPolicyTagsRequestTypeDef,
        ListPolicyVersionsRequestTypeDef,
        SetDefaultPolicyVersionRequestTypeDef,
        TagPolicyRequestTypeDef,
        UntagPolicyRequestTypeDef,
    )

UNUSED = PolicyUsage((), ())


@iam.operation
def create_policy(call: Call, request: "CreatePolicyRequestTypeDef") -> dict[str, Any]:
    policy = call.studio.identity.policies.create(
        request["PolicyName"],
        request["PolicyDocument"],
        request.get("Path", "/"),
        request.get("Description", ""),
        tags(request),
    )
    return {"Policy": as_policy(policy, UNUSED)}


@iam.operation
def create_policy_version(call: Call, request: "CreatePolicyVersionRequestTypeDef") -> dict[str, Any]:
    version = call.studio.identity.policies.create_version(
        request["PolicyArn"], request["PolicyDocument"], default=request.get("SetAsDefault", False)
    )
    return {"PolicyVersion": as_version(version)}


@iam.operation
def delete_policy(call: Call, request: "DeletePolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.policies.delete(request["PolicyArn"])
    return {}


@iam.operation
def delete_policy_version(call: Call, request: "DeletePolicyVersionRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.policies.delete_version(request["PolicyArn"], _number(request))
    return {}


@iam.operation
def get_policy(call: Call, request: "GetPolicyRequestTypeDef") -> dict[str, Any]:
    policies = call.studio.identity.policies
    policy = policies.get(request["PolicyArn"])
    return {"Policy": {**as_policy(policy, policies.usage().get(policy.arn, UNUSED)), "Tags": as_tags(policy.tags)}}


@iam.operation
def get_policy_version(call: Call, request: "GetPolicyVersionRequestTypeDef") -> dict[str, Any]:
    version = call.studio.identity.policies.version(request["PolicyArn"], _number(request))
    return {"PolicyVersion": {**as_version(version), "Document": as_document(version.document)}}


@iam.operation
def list_entities_for_policy(call: Call, request: "ListEntitiesForPolicyRequestTypeDef") -> dict[str, Any]:
    """Roles alone: Studiolo has no users and groups. `EntityFilter` and `PathPrefix` narrow them as IAM does."""
    identity = call.studio.identity
    policy = identity.policies.get(request["PolicyArn"])
    usage = identity.policies.usage().get(policy.arn, UNUSED)
    bounding = request.get("PolicyUsageFilter") == "PermissionsBoundary"
    names = usage.bounded if bounding else usage.attached
    roles = [identity.roles.get(name) for name in names] if request.get("EntityFilter", "Role") == "Role" else []
    within = [role for role in roles if role.path.startswith(request.get("PathPrefix", "/"))]
    page = cut(within, lambda role: role.name, **paging(request))
    shown = [{"RoleName": role.name, "RoleId": role.id} for role in page.items]
    return {"PolicyRoles": shown, "PolicyUsers": [], "PolicyGroups": [], **marker(page)}


@iam.operation
def list_policies(call: Call, request: "ListPoliciesRequestTypeDef") -> dict[str, Any]:
    policies = call.studio.identity.policies
    usage = policies.usage()
    scope = request.get("Scope", "All")
    bounding = request.get("PolicyUsageFilter") == "PermissionsBoundary"

    def listed(policy: ManagedPolicy) -> bool:
        used = usage.get(policy.arn, UNUSED)
        return (
            scope in ("All", "AWS" if policy.of_aws else "Local")
            and policy.path.startswith(request.get("PathPrefix", "/"))
            and bool(not request.get("OnlyAttached") or used.attached)
            and bool(not bounding or used.bounded)
        )

    page = cut([policy for policy in policies.all() if listed(policy)], lambda policy: policy.arn, **paging(request))
    return {"Policies": [as_policy(policy, usage.get(policy.arn, UNUSED)) for policy in page.items], **marker(page)}


@iam.operation
def list_policy_tags(call: Call, request: "ListPolicyTagsRequestTypeDef") -> dict[str, Any]:
    policy = call.studio.identity.policies.get(request["PolicyArn"])
    page = cut(as_tags(dict(sorted(policy.tags.items()))), lambda tag: tag["Key"], **paging(request))
    return {"Tags": page.items, **marker(page)}


@iam.operation
def list_policy_versions(call: Call, request: "ListPolicyVersionsRequestTypeDef") -> dict[str, Any]:
    """All of them, newest first: there are five at most."""
    versions = call.studio.identity.policies.versions(request["PolicyArn"])
    return {"Versions": [as_version(version) for version in versions], "IsTruncated": False}


@iam.operation
def set_default_policy_version(call: Call, request: "SetDefaultPolicyVersionRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.policies.set_default(request["PolicyArn"], _number(request))
    return {}


@iam.operation
def tag_policy(call: Call, request: "TagPolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.policies.tag(request["PolicyArn"], tags(request))
    return {}


@iam.operation
def untag_policy(call: Call, request: "UntagPolicyRequestTypeDef") -> dict[str, Any]:
    call.studio.identity.policies.untag(request["PolicyArn"], request["TagKeys"])
    return {}


def _number(request: Any) -> int:
    """The number of a version id: v3, or v3.<alias>."""
    number = request["VersionId"][1:].partition(".")[0]
    if not number.isdecimal() or len(number) > 9:
        raise NotFound(f"Policy {request['PolicyArn']} version {request['VersionId']} does not exist.")
    return int(number)


def as_policy(policy: ManagedPolicy, usage: PolicyUsage) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": len(usage.attached),
        "PermissionsBoundaryUsageCount": len(usage.bounded),
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def as_version(version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": version.default,
        "CreateDate": version.created,
    }
