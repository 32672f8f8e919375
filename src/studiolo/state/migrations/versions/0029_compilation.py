"""Compilation jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "compilation_jobs",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("specification", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_compilation_jobs")),
    )
    op.create_index(op.f("ix_compilation_jobs_id"), "compilation_jobs", ["id"])
    op.create_index(op.f("ix_compilation_jobs_status"), "compilation_jobs", ["status"])
