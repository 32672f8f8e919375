"""EventBridge's buses, rules and targets, what is to be delivered; subscription filters of logs, notices of buckets."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

SCOPE = ("account", "region")


def upgrade() -> None:
    _table(
        "event_buses",
        (*SCOPE, "name"),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("settings", "policy", "tags")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "changed")),
    )
    _table(
        "event_rules",
        (*SCOPE, "bus", "name"),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("creator", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
    )
    op.create_index(op.f("ix_event_rules_due"), "event_rules", ["due"])
    _table(
        "event_targets",
        (*SCOPE, "bus", "rule", "id"),
        sa.Column("arn", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
    )
    op.create_table(
        "events_happened",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*SCOPE, "bus", "kind", "name")),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events_happened")),
    )
    _table("event_statuses", (*SCOPE, "kind", "name"), sa.Column("status", sa.Text(), nullable=False))
    _table(
        "event_deliveries",
        ("id",),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*SCOPE, "source")),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "due")),
    )
    op.create_index(op.f("ix_event_deliveries_due"), "event_deliveries", ["due"])
    op.create_table(
        "bucket_notices",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*SCOPE, "bucket")),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_bucket_notices")),
    )
    op.create_table(
        "log_subscription_filters",
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*SCOPE, "group", "name")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("pattern", "destination", "distribution")),
        sa.Column("positions", sa.JSON(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account", "region", "group"],
            ["log_groups.account", "log_groups.region", "log_groups.name"],
            name=op.f("fk_log_subscription_filters_account_log_groups"),
        ),
        sa.PrimaryKeyConstraint(*SCOPE, "group", "name", name=op.f("pk_log_subscription_filters")),
    )


def _table(name: str, keys: tuple[str, ...], *columns: Any) -> None:
    op.create_table(
        name,
        *(sa.Column(key, sa.Text(), nullable=False) for key in keys),
        *columns,
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
    )
