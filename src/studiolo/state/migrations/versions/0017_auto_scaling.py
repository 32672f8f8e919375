"""Scalable targets with their policies, scheduled actions and activities; endpoints name each of their instances."""

import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    _name_instances()


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
        further = (f"i-{uuid.uuid4().hex[:17]}" for _ in range(entry["variant"]["instances"] - 1))
        entry["instances"] = [entry.pop("instance"), *further]
    return deployment
