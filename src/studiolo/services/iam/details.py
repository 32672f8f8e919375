"""AWS IAM: all of an account's users, groups, roles and policies at once; and the report of their credentials."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from studiolo.identity import Group, Holders, Identity, ManagedPolicy, PolicyUsage, Role, User
from studiolo.services.call import Call
from studiolo.services.iam.held_policies import as_attached
from studiolo.services.iam.instance_profiles import as_listed_profile
from studiolo.services.iam.policies import UNUSED, as_listed_policy, as_version
from studiolo.services.iam.roles import as_role, as_use
from studiolo.services.iam.service import as_document, cut, iam, marker, paging
from studiolo.services.iam.users import as_group, as_user

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import GetAccountAuthorizationDetailsRequestTypeDef

ALL = 10**6
LISTS = {"Group": "GroupDetailList", "Policy": "Policies", "Role": "RoleDetailList", "User": "UserDetailList"}
"""The lists of the answer, by the kind of what they hold."""


@iam.operation
def generate_credential_report(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    """The report is there when this answers."""
    call.identity.make_credential_report()
    return {"State": "COMPLETE"}


@iam.operation
def get_account_authorization_details(
    call: Call, request: "GetAccountAuthorizationDetailsRequestTypeDef"
) -> dict[str, Any]:
    """Of AWS's policies those alone that something has."""
    entries = sorted(_entries(call.identity, request.get("Filter", [])), key=lambda entry: entry[0])
    page = cut(entries, lambda entry: entry[0], **paging(request))
    shown: dict[str, Any] = {name: [] for name in LISTS.values()}
    for key, detail in page.items:
        shown[LISTS[key.partition("/")[0]]].append(detail())
    return {**shown, **marker(page)}


@iam.operation
def get_credential_report(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    content, made = call.identity.settings.report
    return {"Content": content.encode(), "ReportFormat": "text/csv", "GeneratedTime": made}


def _entries(identity: Identity, kinds: Sequence[Any]) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Everything of those kinds, all for none: a key to sort by, and what makes its details."""

    def wanted(kind: str) -> bool:
        return not kinds or kind in kinds

    if wanted("Group"):
        for group in identity.groups.list(limit=ALL).items:
            yield f"Group/{group.name}", lambda group=group: _group(identity, group)  # type: ignore[misc]
    if wanted("Role"):
        for role in identity.roles.list(limit=ALL).items:
            yield f"Role/{role.name}", lambda role=role: _role(identity, role)  # type: ignore[misc]
    if wanted("User"):
        for user in identity.users.list(limit=ALL).items:
            yield f"User/{user.name}", lambda user=user: _user(identity, user)  # type: ignore[misc]
    usage = identity.policies.usage()
    for policy in identity.policies.all():
        used = usage.get(policy.arn, UNUSED)
        if policy.of_aws and not used.attached:
            continue
        if wanted("AWSManagedPolicy" if policy.of_aws else "LocalManagedPolicy"):
            yield f"Policy/{policy.arn}", lambda policy=policy, used=used: _policy(identity, policy, used)  # type: ignore[misc]


def _group(identity: Identity, group: Group) -> dict[str, Any]:
    return {**as_group(group), **_held("Group", identity.groups, group.name)}


def _role(identity: Identity, role: Role) -> dict[str, Any]:
    shown = as_role(role)
    for name in ("Description", "MaxSessionDuration"):
        del shown[name]
    profiles = identity.instance_profiles.of_role(role.name, limit=ALL).items
    return {
        **shown,
        **_held("Role", identity.roles, role.name),
        "InstanceProfileList": [as_listed_profile(profile) for profile in profiles],
        "RoleLastUsed": as_use(identity.uses.last([role.id]).get(role.id)),
    }


def _user(identity: Identity, user: User) -> dict[str, Any]:
    groups = [group.name for group in identity.groups.of_user(user.name, limit=ALL).items]
    return {**as_user(user), **_held("User", identity.users, user.name), "GroupList": groups}


def _policy(identity: Identity, policy: ManagedPolicy, usage: PolicyUsage) -> dict[str, Any]:
    versions = identity.policies.versions(policy.arn)
    shown = [{**as_version(version), "Document": as_document(version.document)} for version in versions]
    return {**as_listed_policy(policy, usage), "PolicyVersionList": shown}


def _held(kind: str, holders: Holders, name: str) -> dict[str, Any]:
    own = [
        {"PolicyName": policy, "PolicyDocument": as_document(holders.policy(name, policy))}
        for policy in holders.policies(name, limit=ALL).items
    ]
    return {
        f"{kind}PolicyList": own,
        "AttachedManagedPolicies": [as_attached(policy) for policy in holders.attached(name)],
    }
