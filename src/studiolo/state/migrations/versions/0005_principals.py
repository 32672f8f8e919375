"""Users, groups, their keys, and what else IAM knows of who calls; holders of policies by their ids."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COPIED = (
    """INSERT INTO iam_inline_policies (account, holder, name, document)
    SELECT p.account, r.id, p.name, p.document
    FROM iam_role_policies p JOIN iam_roles r ON r.account = p.account AND r.name = p.role""",
    """INSERT INTO iam_attached_policies (account, holder, policy)
    SELECT a.account, r.id, a.policy
    FROM iam_attachments a JOIN iam_roles r ON r.account = a.account AND r.name = a.role""",
    """INSERT INTO iam_session_keys
    (account, id, secret, token, holder, kind, session, policies, tags, transitive, context, expires)
    SELECT k.account, k.id, k.secret, k.token, r.id, CASE WHEN k.role IS NULL THEN 'Account' ELSE 'AssumedRole' END,
    COALESCE(k.session, ''), k.policies, k.tags, COALESCE(k.transitive, '[]'), '{}', k.expires
    FROM iam_temporary_keys k LEFT JOIN iam_roles r ON r.account = k.account AND r.name = k.role""",
)


def upgrade() -> None:
    create_holdings()
    for copy in COPIED:
        op.execute(copy)
    op.drop_index(op.f("ix_iam_temporary_keys_expires"), table_name="iam_temporary_keys")
    for table in ("iam_temporary_keys", "iam_role_policies", "iam_attachments"):
        op.drop_table(table)
    with op.batch_alter_table("iam_roles") as roles:
        roles.create_unique_constraint(op.f("uq_iam_roles_id"), ["id"])
    create_entities()
    create_belongings()


def create_holdings() -> None:
    op.create_table(
        "iam_inline_policies",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "holder", "name", name=op.f("pk_iam_inline_policies")),
    )
    op.create_table(
        "iam_attached_policies",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "holder", "policy", name=op.f("pk_iam_attached_policies")),
    )
    op.create_table(
        "iam_session_keys",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("policies", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("transitive", sa.JSON(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id", name=op.f("pk_iam_session_keys")),
    )
    op.create_index(op.f("ix_iam_session_keys_expires"), "iam_session_keys", ["expires"], unique=False)
    op.create_index(op.f("ix_iam_session_keys_holder"), "iam_session_keys", ["holder"], unique=False)


def create_entities() -> None:
    op.create_table(
        "iam_users",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("boundary", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("password_created", sa.BigInteger(), nullable=True),
        sa.Column("password_reset", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_iam_users")),
        sa.UniqueConstraint("id", name=op.f("uq_iam_users_id")),
    )
    op.create_table(
        "iam_groups",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_iam_groups")),
        sa.UniqueConstraint("id", name=op.f("uq_iam_groups_id")),
    )
    op.create_table(
        "iam_identity_providers",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("arn", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "arn", name=op.f("pk_iam_identity_providers")),
    )
    op.create_table(
        "iam_accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=True),
        sa.Column("password_policy", sa.JSON(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("reported", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_iam_accounts")),
    )
    op.create_table(
        "iam_uses",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "id", name=op.f("pk_iam_uses")),
    )


def create_belongings() -> None:
    op.create_table(
        "iam_memberships",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["group"], ["iam_groups.id"]),
        sa.ForeignKeyConstraint(["user"], ["iam_users.id"]),
        sa.PrimaryKeyConstraint("account", "user", "group", name=op.f("pk_iam_memberships")),
    )
    op.create_index(op.f("ix_iam_memberships_group"), "iam_memberships", ["group"], unique=False)
    op.create_table(
        "iam_access_keys",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["iam_users.id"]),
        sa.PrimaryKeyConstraint("account", "id", name=op.f("pk_iam_access_keys")),
    )
    op.create_index(op.f("ix_iam_access_keys_user"), "iam_access_keys", ["user"], unique=False)
    op.create_table(
        "iam_mfa_devices",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("enabled", sa.BigInteger(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["iam_users.id"]),
        sa.PrimaryKeyConstraint("account", "serial", name=op.f("pk_iam_mfa_devices")),
    )
    op.create_index(op.f("ix_iam_mfa_devices_user"), "iam_mfa_devices", ["user"], unique=False)
    op.create_table(
        "iam_instance_profiles",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["role"], ["iam_roles.id"]),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_iam_instance_profiles")),
    )
    op.create_index(op.f("ix_iam_instance_profiles_role"), "iam_instance_profiles", ["role"], unique=False)
