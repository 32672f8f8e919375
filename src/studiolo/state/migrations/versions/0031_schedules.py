"""Schedules of EventBridge Scheduler, and their groups."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.create_table(
        "schedule_groups",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "region", "name")),
        sa.Column("tags", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "changed")),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_schedule_groups")),
    )
    op.create_table(
        "schedules",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "region", "group", "name")),
        sa.Column("settings", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "changed")),
        sa.Column("due", sa.BigInteger()),
        sa.PrimaryKeyConstraint("account", "region", "group", "name", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_schedules_due"), "schedules", ["due"])
