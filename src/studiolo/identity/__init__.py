"""Accounts, users, access keys, roles and policies: who calls, and may they."""

from studiolo.identity.access_keys import Use, UserKey
from studiolo.identity.accounts import PasswordPolicy, PasswordPolicyViolation, ReportMissing
from studiolo.identity.claims import ExpiredIdentityToken, InvalidIdentityToken, ProviderUnreachable, RejectedClaim
from studiolo.identity.context import VIA, Question, Values, of_tags
from studiolo.identity.decisions import Decision, Layer
from studiolo.identity.denials import Denial, NotAuthorized, NotSealed
from studiolo.identity.documents import (
    MalformedPolicy,
    check_bucket_policy,
    check_catalog_policy,
    check_logs_policy,
    check_queue_policy,
    check_topic_policy,
)
from studiolo.identity.environment import (
    CREDENTIALS_PATH,
    client_environment,
    container_variables,
    key_variables,
    plugin_works,
)
from studiolo.identity.groups import Group
from studiolo.identity.holders import Holders
from studiolo.identity.identity import Identity
from studiolo.identity.instance_profiles import InstanceProfile
from studiolo.identity.keys import AccessKey, known_root_key, root_key
from studiolo.identity.managed import ManagedPolicy, PolicyUsage, PolicyVersion, aws_policy
from studiolo.identity.mfa import Device, InvalidAuthenticationCode
from studiolo.identity.organization import ROLE as OWN_ROLE
from studiolo.identity.organization import (
    AccountRequest,
    InOrganization,
    MemberAccount,
    NoAccountRequest,
    NoOrganization,
    NotEmpty,
    Organization,
    OrganizationRecord,
)
from studiolo.identity.passwords import LoginProfile
from studiolo.identity.policies import Answer, Policies
from studiolo.identity.positions import Position
from studiolo.identity.principals import Kind, Principal, SessionRequest, anonymous, root_user
from studiolo.identity.providers import OpenIdProvider, SamlProvider
from studiolo.identity.records import Records
from studiolo.identity.roles import Role, RoleSettings, Unmodifiable
from studiolo.identity.simulation import Match, Scenario, Simulated, context_keys, simulate
from studiolo.identity.tags import InvalidTag, tags_of
from studiolo.identity.tokens import InvalidSessionTags, reaches
from studiolo.identity.users import User
from studiolo.identity.validation import Finding, findings
from studiolo.identity.workloads import Workload, metastore_token

__all__ = [
    "CREDENTIALS_PATH", "OWN_ROLE", "VIA", "AccessKey", "AccountRequest", "Answer", "Decision", "Denial", "Device",
    "ExpiredIdentityToken", "Finding", "Group", "Holders", "Identity", "InOrganization", "InstanceProfile",
    "InvalidAuthenticationCode", "InvalidIdentityToken", "InvalidSessionTags", "InvalidTag",
    "Kind", "Layer", "LoginProfile", "MalformedPolicy",
    "ManagedPolicy", "Match", "MemberAccount", "NoAccountRequest", "NoOrganization", "NotAuthorized", "NotEmpty",
    "NotSealed", "OpenIdProvider", "Organization", "OrganizationRecord", "PasswordPolicy", "PasswordPolicyViolation",
    "Policies", "PolicyUsage", "PolicyVersion", "Position", "Principal", "ProviderUnreachable", "Question", "Records",
    "RejectedClaim", "ReportMissing", "Role", "RoleSettings", "SamlProvider", "Scenario", "SessionRequest", "Simulated",
    "Unmodifiable", "Use", "User", "UserKey", "Values", "Workload", "anonymous", "aws_policy", "check_bucket_policy",
    "check_catalog_policy", "check_logs_policy", "check_queue_policy", "check_topic_policy",
    "client_environment", "container_variables", "context_keys", "findings",
    "key_variables", "known_root_key", "metastore_token", "of_tags", "plugin_works", "reaches", "root_key", "root_user",
    "simulate", "tags_of",
]  # fmt: skip
