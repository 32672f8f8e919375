"""Scalable targets with their policies, scheduled actions and activities; endpoints name each of their instances."""

import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MOST = 64
"""Instances of a variant: each is a process now, where before any number was written down."""


def upgrade() -> None:
    _name_instances()
    owned = ("account", "region", "resource", "dimension")
    op.create_table(
        "scaling_targets",
        *_columns(owned, sa.Text),
        *_columns(("least", "most"), sa.Integer),
        *_columns(("role",), sa.Text),
        *_columns(("suspended",), sa.JSON),
        *_columns(("created",), sa.BigInteger),
        sa.PrimaryKeyConstraint(*owned, name=op.f("pk_scaling_targets")),
    )
    op.create_table(
        "scaling_policies",
        *_columns((*owned, "name", "arn", "kind"), sa.Text),
        *_columns(("how", "alarms"), sa.JSON),
        *_columns(("created",), sa.BigInteger),
        *_columns(("last_at",), sa.BigInteger, nullable=True),
        *_columns(("last_before", "last_after"), sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint(*owned, "name", name=op.f("pk_scaling_policies")),
    )
    op.create_index(op.f("ix_scaling_policies_arn"), "scaling_policies", ["arn"])
    op.create_table(
        "scaling_schedules",
        *_columns((*owned, "name", "arn", "schedule"), sa.Text),
        *_columns(("timezone",), sa.Text, nullable=True),
        *_columns(("start", "end", "due"), sa.BigInteger, nullable=True),
        *_columns(("least", "most"), sa.Integer, nullable=True),
        *_columns(("created",), sa.BigInteger),
        sa.PrimaryKeyConstraint(*owned, "name", name=op.f("pk_scaling_schedules")),
    )
    op.create_index(op.f("ix_scaling_schedules_due"), "scaling_schedules", ["due"])
    op.create_table(
        "scaling_activities",
        *_columns(("number",), sa.Integer),
        *_columns(("id", *owned, "description", "cause", "status", "message"), sa.Text),
        *_columns(("started",), sa.BigInteger),
        *_columns(("ended",), sa.BigInteger, nullable=True),
        *_columns(("wanted", "before"), sa.Integer, nullable=True),
        *_columns(("policy",), sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_scaling_activities")),
    )
    op.create_index(op.f("ix_scaling_activities_status"), "scaling_activities", ["status"])


def _columns(names: tuple[str, ...], kind: Any, *, nullable: bool = False) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind(), nullable=nullable) for name in names]


def _name_instances() -> None:
    documents = [sa.column(name, sa.JSON()) for name in ("deployed", "desired")]
    endpoints = sa.table("endpoints", *(sa.column(name) for name in ("account", "region", "name")), *documents)
    connection = op.get_bind()
    for row in connection.execute(sa.select(endpoints)).all():
        values = {name: _with_instances(getattr(row, name)) for name in ("deployed", "desired")}
        same = [endpoints.c[name] == getattr(row, name) for name in ("account", "region", "name")]
        connection.execute(endpoints.update().where(*same).values(values))


def _with_instances(deployment: dict[str, Any] | None) -> dict[str, Any] | None:
    """A deployment with a list of instances in each variant, where there was the id of its one process."""
    for entry in deployment["variants"] if deployment else ():
        further = (f"i-{uuid.uuid4().hex[:17]}" for _ in range(min(entry["variant"]["instances"], MOST) - 1))
        entry["instances"] = [entry.pop("instance"), *further]
    return deployment
