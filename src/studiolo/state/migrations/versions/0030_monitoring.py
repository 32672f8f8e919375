"""Model Monitor: job definitions, schedules and their executions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "monitoring_definitions",
        *_columns(("account", "region", "kind", "name", "endpoint"), sa.Text()),
        *_columns(("created",), sa.BigInteger()),
        *_columns(("analysis",), sa.JSON()),
        sa.PrimaryKeyConstraint("account", "region", "kind", "name", name=op.f("pk_monitoring_definitions")),
    )
    op.create_table(
        "monitoring_schedules",
        *_columns(("account", "region", "name"), sa.Text()),
        *_columns(("created", "changed"), sa.BigInteger()),
        *_columns(("status",), sa.Text()),
        sa.Column("due", sa.BigInteger()),
        *_columns(("endpoint", "kind"), sa.Text()),
        sa.Column("definition", sa.Text()),
        *_columns(("plan",), sa.JSON()),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_monitoring_schedules")),
    )
    op.create_index(op.f("ix_monitoring_schedules_due"), "monitoring_schedules", ["due"])
    op.create_table(
        "monitoring_executions",
        *_columns(("account", "region", "name"), sa.Text()),
        *_columns(("created", "changed"), sa.BigInteger()),
        *_columns(("status",), sa.Text()),
        sa.Column("failure", sa.Text()),
        *_columns(("begun",), sa.Boolean()),
        *_columns(("schedule",), sa.Text()),
        *_columns(("scheduled",), sa.BigInteger()),
        *_columns(("endpoint", "kind"), sa.Text()),
        sa.Column("definition", sa.Text()),
        *_columns(("plan",), sa.JSON()),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_monitoring_executions")),
    )
    for name in ("status", "schedule"):
        op.create_index(op.f(f"ix_monitoring_executions_{name}"), "monitoring_executions", [name])


def _columns(names: tuple[str, ...], kind: Any) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind, nullable=False) for name in names]
