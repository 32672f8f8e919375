"""The organization, the accounts made in it, and whose buckets are; keys are looked for by their ids alone."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "iam_organizations",
        *_texts("account", "id", "root", "features"),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_iam_organizations")),
    )
    op.create_table(
        "iam_members",
        *_texts("account", "name", "email"),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("joined", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_iam_members")),
    )
    op.create_table(
        "iam_account_requests",
        *_texts("id", "name", "role", "state"),
        sa.Column("account", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("requested", sa.BigInteger(), nullable=False),
        sa.Column("completed", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_account_requests")),
    )
    op.create_table(
        "iam_bucket_owners",
        *_texts("bucket", "account"),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_iam_bucket_owners")),
    )
    op.create_index(op.f("ix_iam_access_keys_id"), "iam_access_keys", ["id"])
    op.create_index(op.f("ix_iam_session_keys_id"), "iam_session_keys", ["id"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
