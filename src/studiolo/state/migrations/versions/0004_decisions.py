"""What policies ask of a session: since when it is, on whose behalf; policies of resources; the last denials."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("iam_temporary_keys", sa.Column("transitive", sa.JSON(), nullable=True))
    op.add_column("iam_temporary_keys", sa.Column("source_identity", sa.Text(), nullable=True))
    op.add_column("iam_temporary_keys", sa.Column("issued", sa.BigInteger(), nullable=True))
    op.create_table(
        "iam_resource_policies",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "resource", name=op.f("pk_iam_resource_policies")),
    )
    op.create_table(
        "iam_denials",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("denial", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account", "request", name=op.f("pk_iam_denials")),
    )
    op.create_index(op.f("ix_iam_denials_at"), "iam_denials", ["at"], unique=False)
