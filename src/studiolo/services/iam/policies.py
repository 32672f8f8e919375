"""AWS IAM: managed policies and their versions."""

from typing import TYPE_CHECKING, Any

from studiolo.domain import NotFound
from studiolo.identity import ManagedPolicy, PolicyUsage, PolicyVersion
from studiolo.services.call import Call
from studiolo.services.iam.service import as_document, cut, iam, marker, paging, tags, with_tags

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
        ListPolicyVersionsRequestTypeDef,
        SetDefaultPolicyVersionRequestTypeDef,
    )

UNUSED = PolicyUsage((), ())


@iam.operation
def create_policy(call: Call, request: "CreatePolicyRequestTypeDef") -> dict[str, Any]:
    policy = call.identity.policies.create(
        request["PolicyName"],
        request["PolicyDocument"],
        request.get("Path", "/"),
        request.get("Description", ""),
        tags(request),
    )
    return {"Policy": with_tags(as_listed_policy(policy, UNUSED), policy.tags)}


@iam.operation
def create_policy_version(call: Call, request: "CreatePolicyVersionRequestTypeDef") -> dict[str, Any]:
    version = call.identity.policies.create_version(
        request["PolicyArn"], request["PolicyDocument"], default=request.get("SetAsDefault", False)
    )
    return {"PolicyVersion": as_version(version)}


@iam.operation
def delete_policy(call: Call, request: "DeletePolicyRequestTypeDef") -> dict[str, Any]:
    call.identity.policies.delete(request["PolicyArn"])
    return {}


@iam.operation
def delete_policy_version(call: Call, request: "DeletePolicyVersionRequestTypeDef") -> dict[str, Any]:
    call.identity.policies.delete_version(request["PolicyArn"], _number(request))
    return {}


@iam.operation
def get_policy(call: Call, request: "GetPolicyRequestTypeDef") -> dict[str, Any]:
    policies = call.identity.policies
    policy = policies.get(request["PolicyArn"])
    return {"Policy": as_policy(policy, policies.usage().get(policy.arn, UNUSED))}


@iam.at_once
@iam.operation
def get_policy_version(call: Call, request: "GetPolicyVersionRequestTypeDef") -> dict[str, Any]:
    version = call.identity.policies.version(request["PolicyArn"], _number(request))
    return {"PolicyVersion": {**as_version(version), "Document": as_document(version.document)}}


@iam.operation
def list_entities_for_policy(call: Call, request: "ListEntitiesForPolicyRequestTypeDef") -> dict[str, Any]:
    identity = call.identity
    policy = identity.policies.get(request["PolicyArn"])
    usage = identity.policies.usage().get(policy.arn, UNUSED)
    ids = {
        None: (*usage.attached, *usage.bounded),
        "PermissionsPolicy": usage.attached,
        "PermissionsBoundary": usage.bounded,
    }[request.get("PolicyUsageFilter")]
    found = [
        (kind, entity)
        for kind, holders in (("Group", identity.groups), ("Role", identity.roles), ("User", identity.users))
        if request.get("EntityFilter", kind) == kind
        for entity in holders.of_ids(ids)
        if entity.path.startswith(request.get("PathPrefix", "/"))
    ]
    page = cut(found, lambda each: f"{each[0]}/{each[1].name}", **paging(request))
    shown: dict[str, Any] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    for kind, entity in page.items:
        shown[f"Policy{kind}s"].append({f"{kind}Name": entity.name, f"{kind}Id": entity.id})
    return {**shown, **marker(page)}


@iam.operation
def list_policies(call: Call, request: "ListPoliciesRequestTypeDef") -> dict[str, Any]:
    policies = call.identity.policies
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
    return {
        "Policies": [as_listed_policy(policy, usage.get(policy.arn, UNUSED)) for policy in page.items],
        **marker(page),
    }


@iam.operation
def list_policy_versions(call: Call, request: "ListPolicyVersionsRequestTypeDef") -> dict[str, Any]:
    """Newest first."""
    versions = call.identity.policies.versions(request["PolicyArn"])
    # Newest first, and so by how many come after: they are not many, and their numbers have any length.
    page = cut(versions, lambda version: f"{10**9 - version.number}", **paging(request))
    return {"Versions": [as_version(version) for version in page.items], **marker(page)}


@iam.operation
def set_default_policy_version(call: Call, request: "SetDefaultPolicyVersionRequestTypeDef") -> dict[str, Any]:
    call.identity.policies.set_default(request["PolicyArn"], _number(request))
    return {}


def _number(request: Any) -> int:
    """The number of a version id: v3, or v3.<alias>."""
    number = request["VersionId"][1:].partition(".")[0]
    if not number.isdecimal() or len(number) > 9:
        raise NotFound(f"Policy {request['PolicyArn']} version {request['VersionId']} does not exist.")
    return int(number)


def as_policy(policy: ManagedPolicy, usage: PolicyUsage) -> dict[str, Any]:
    described = {"Description": policy.description} if policy.description else {}
    return with_tags({**as_listed_policy(policy, usage), **described}, policy.tags)


def as_listed_policy(policy: ManagedPolicy, usage: PolicyUsage) -> dict[str, Any]:
    """A policy as ListPolicies shows it: without description and tags."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.default_version}",
        "AttachmentCount": len(usage.attached),
        "PermissionsBoundaryUsageCount": len(usage.bounded),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def as_version(version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": f"v{version.number}",
        "IsDefaultVersion": version.default,
        "CreateDate": version.created,
    }
