"""AWS IAM: the account as a whole."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from studiolo.domain import NotFound
from studiolo.identity import PasswordPolicy
from studiolo.services.call import Call
from studiolo.services.iam.service import iam

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import (
        CreateAccountAliasRequestTypeDef,
        DeleteAccountAliasRequestTypeDef,
        ListAccountAliasesRequestTypeDef,
        UpdateAccountPasswordPolicyRequestTypeDef,
    )

PASSWORD_RULES = {
    "minimum_length": "MinimumPasswordLength",
    "symbols": "RequireSymbols",
    "numbers": "RequireNumbers",
    "uppercase": "RequireUppercaseCharacters",
    "lowercase": "RequireLowercaseCharacters",
    "users_may_change": "AllowUsersToChangePassword",
    "max_age": "MaxPasswordAge",
    "reuse_prevention": "PasswordReusePrevention",
    "hard_expiry": "HardExpiry",
}
"""The members of a password policy, by the names of PasswordPolicy's fields."""

OPTIONAL_RULES = ("MaxPasswordAge", "PasswordReusePrevention")
"""Members that are left out where there is no such rule."""

QUOTAS = {
    "UsersQuota": 5000,
    "GroupsQuota": 300,
    "RolesQuota": 1000,
    "PoliciesQuota": 1500,
    "InstanceProfilesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "UserPolicySizeQuota": 2048,
    "GroupPolicySizeQuota": 5120,
    "RolePolicySizeQuota": 10240,
    "AssumeRolePolicySizeQuota": 2048,
    "PolicySizeQuota": 6144,
    "VersionsPerPolicyQuota": 5,
    "PolicyVersionsInUseQuota": 10000,
    "GroupsPerUserQuota": 10,
    "AccessKeysPerUserQuota": 2,
    "SigningCertificatesPerUserQuota": 2,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 20,
    "AttachedPoliciesPerUserQuota": 20,
}
"""As AWS documents them (IAM User Guide, IAM and AWS STS quotas); those of numbers of things are not enforced."""


@iam.operation
def create_account_alias(call: Call, request: "CreateAccountAliasRequestTypeDef") -> dict[str, Any]:
    call.identity.settings.set_alias(request["AccountAlias"])
    return {}


@iam.operation
def delete_account_alias(call: Call, request: "DeleteAccountAliasRequestTypeDef") -> dict[str, Any]:
    call.identity.settings.delete_alias(request["AccountAlias"])
    return {}


@iam.operation
def delete_account_password_policy(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    call.identity.settings.delete_password_policy()
    return {}


@iam.operation
def get_account_password_policy(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    policy = call.identity.settings.password_policy
    if policy is None:
        raise NotFound(f"The Password Policy with domain name {call.scope.account} cannot be found.")
    shown = {PASSWORD_RULES[name]: value for name, value in asdict(policy).items()}
    shown = {name: value for name, value in shown.items() if value or name not in OPTIONAL_RULES}
    return {"PasswordPolicy": {**shown, "ExpirePasswords": policy.max_age > 0}}


@iam.operation
def get_account_summary(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    identity = call.identity
    own = [policy for policy in identity.policies.all() if not policy.of_aws]
    devices = identity.devices.list(limit=10**6).items
    counts = {
        "Users": identity.users.count(),
        "Groups": identity.groups.count(),
        "Roles": identity.roles.count(),
        "Policies": len(own),
        "PolicyVersionsInUse": sum(len(identity.policies.versions(policy.arn)) for policy in own),
        "InstanceProfiles": identity.instance_profiles.count(),
        "Providers": len(identity.providers.open_ids()) + len(identity.providers.samls()),
        "MFADevices": len(devices),
        "MFADevicesInUse": sum(device.user is not None for device in devices),
        "ServerCertificates": 0,
        "AccountMFAEnabled": 0,
        "AccountAccessKeysPresent": 1,
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": 0,
        "GlobalEndpointTokenVersion": 1,
    }
    return {"SummaryMap": {**counts, **QUOTAS}}


@iam.operation
def list_account_aliases(call: Call, request: "ListAccountAliasesRequestTypeDef") -> dict[str, Any]:
    alias = call.identity.settings.alias
    return {"AccountAliases": [] if alias is None else [alias], "IsTruncated": False}


@iam.operation
def update_account_password_policy(call: Call, request: "UpdateAccountPasswordPolicyRequestTypeDef") -> dict[str, Any]:
    """Replaces the whole policy: what is left out has IAM's default."""
    named: dict[str, Any] = {**request}
    rules = {field: named[name] for field, name in PASSWORD_RULES.items() if name in named}
    call.identity.settings.set_password_policy(asdict(PasswordPolicy(**rules)))
    return {}
