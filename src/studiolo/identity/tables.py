"""What is remembered of roles, policies and temporary keys. IAM has no regions: rows belong to an account."""

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Integer, Table, Text

from studiolo.state import Moment, metadata

roles = Table(
    "iam_roles",
    metadata,
    Column("account", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("max_session_seconds", Integer, nullable=False),
    Column("boundary", Text),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
)

inline_policies = Table(
    "iam_role_policies",
    metadata,
    Column("account", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("document", Text, nullable=False),
    ForeignKeyConstraint(["account", "role"], ["iam_roles.account", "iam_roles.name"]),
)

attachments = Table(
    "iam_attachments",
    metadata,
    Column("account", Text, primary_key=True),
    Column("role", Text, primary_key=True),
    Column("policy", Text, primary_key=True),
    ForeignKeyConstraint(["account", "role"], ["iam_roles.account", "iam_roles.name"]),
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
    "iam_temporary_keys",
    metadata,
    Column("account", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("role", Text),
    Column("session", Text),
    Column("policies", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("transitive", JSON),
    Column("source_identity", Text),
    Column("issued", Moment),
    Column("expires", Moment, nullable=False, index=True),
    ForeignKeyConstraint(["account", "role"], ["iam_roles.account", "iam_roles.name"]),
)

resource_policies = Table(
    "iam_resource_policies",
    metadata,
    Column("account", Text, primary_key=True),
    # An ARN.
    Column("resource", Text, primary_key=True),
    Column("document", Text, nullable=False),
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
