"""What is remembered of users, groups, roles, policies and keys. IAM has no regions: rows belong to an account."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, ForeignKeyConstraint, Integer, Table, Text

from studiolo.state import Moment, metadata

roles = Table(
    "iam_roles",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("max_session_seconds", Integer, nullable=False),
    Column("boundary", Text),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
)

users = Table(
    "iam_users",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("boundary", Text),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("password", Text),
    Column("password_created", Moment),
    Column("password_reset", Boolean, nullable=False),
)

groups = Table(
    "iam_groups",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("path", Text, nullable=False),
    Column("created", Moment, nullable=False),
)

# Users and groups can be given another name: what belongs to them knows them by their ids.
memberships = Table(
    "iam_memberships",
    metadata,
    Column("account", Text, primary_key=True),
    Column("user", Text, ForeignKey("iam_users.id"), primary_key=True),
    Column("group", Text, ForeignKey("iam_groups.id"), primary_key=True, index=True),
)

access_keys = Table(
    "iam_access_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True, index=True),
    Column("secret", Text, nullable=False),
    Column("user", Text, ForeignKey("iam_users.id"), nullable=False, index=True),
    Column("active", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
)

uses = Table(
    "iam_uses",
    metadata,
    Column("account", Text, primary_key=True),
    # Of an access key or a role.
    Column("id", Text, primary_key=True),
    Column("used", Moment, nullable=False),
    Column("service", Text, nullable=False),
    Column("region", Text, nullable=False),
)

mfa_devices = Table(
    "iam_mfa_devices",
    metadata,
    Column("account", Text, primary_key=True),
    Column("serial", Text, primary_key=True),
    Column("seed", Text, nullable=False),
    Column("user", Text, ForeignKey("iam_users.id"), index=True),
    Column("enabled", Moment),
    Column("tags", JSON, nullable=False),
)

instance_profiles = Table(
    "iam_instance_profiles",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("role", Text, ForeignKey("iam_roles.id"), index=True),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
)

providers = Table(
    "iam_identity_providers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("arn", Text, primary_key=True),
    # Of SAML: its metadata; of OpenID Connect: `clients` and `thumbprints`.
    Column("document", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
)

accounts = Table(
    "iam_accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("alias", Text),
    Column("password_policy", JSON),
    Column("report", Text),
    Column("reported", Moment),
)

# The holder of a policy is a role, user or group, by its id.
inline_policies = Table(
    "iam_inline_policies",
    metadata,
    Column("account", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

attachments = Table(
    "iam_attached_policies",
    metadata,
    Column("account", Text, primary_key=True),
    Column("holder", Text, primary_key=True),
    Column("policy", Text, primary_key=True),
)

policies = Table(
    "iam_policies",
    metadata,
    Column("account", Text, primary_key=True),
    Column("arn", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("default_version", Integer, nullable=False),
    Column("latest_version", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
)

policy_versions = Table(
    "iam_policy_versions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("policy", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created", Moment, nullable=False),
    ForeignKeyConstraint(["account", "policy"], ["iam_policies.account", "iam_policies.arn"]),
)

temporary_keys = Table(
    "iam_session_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True, index=True),
    Column("secret", Text, nullable=False),
    Column("token", Text, nullable=False),
    # Of the role or user that it acts as; None for the root user.
    Column("holder", Text, index=True),
    Column("kind", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("policies", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("transitive", JSON, nullable=False),
    Column("context", JSON, nullable=False),
    Column("expires", Moment, nullable=False, index=True),
)

resource_policies = Table(
    "iam_resource_policies",
    metadata,
    Column("account", Text, primary_key=True),
    # An ARN.
    Column("resource", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

# The organization that the server's own account has made, and the accounts that were made in it.
organizations = Table(
    "iam_organizations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("root", Text, nullable=False),
    Column("features", Text, nullable=False),
    Column("created", Moment, nullable=False),
)

members = Table(
    "iam_members",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("joined", Moment, nullable=False),
)

account_requests = Table(
    "iam_account_requests",
    metadata,
    Column("id", Text, primary_key=True),
    # That was made, or is being made; None where it could not be.
    Column("account", Text),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("requested", Moment, nullable=False),
    Column("completed", Moment),
)

# Of those that are not the server's own account's.
bucket_owners = Table(
    "iam_bucket_owners",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("account", Text, nullable=False),
)

denials = Table(
    "iam_denials",
    metadata,
    Column("account", Text, primary_key=True),
    Column("request", Text, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("denial", JSON, nullable=False),
)

workloads = Table(
    "iam_workloads",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("role", Text),
    Column("session", Text),
    Column("key", Text),
    info={"runs": True},
)

revisions = Table(
    "iam_revisions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    # It only ever grows: what was cached under a count must never be found again under the same one.
    info={"runs": True},
)

TABLES = (
    temporary_keys, access_keys, memberships, mfa_devices, instance_profiles, uses, attachments, inline_policies,
    policy_versions, policies, users, groups, roles, providers, accounts, resource_policies, denials, organizations,
    members, account_requests, bucket_owners,
)  # fmt: skip
"""What a reset forgets, of all accounts: what refers to others first."""
