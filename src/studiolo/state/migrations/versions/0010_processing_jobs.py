"""Processing jobs, and training jobs that say more of what is asked for and of what they wrote."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ADDED: dict[str, Any] = {
    "entrypoint": [],
    "arguments": [],
    "compressed": True,
    "checkpoints": None,
    "spot": False,
    "max_wait": None,
    "interruptions": [],
    "retries": 0,
    "keep_alive": 0,
}
"""What the training jobs of before did without."""
ADDED_TO_CHANNELS: dict[str, Any] = {"wrapper": "None", "seed": None, "attributes": [], "groups": []}


def upgrade() -> None:
    op.create_table(
        "processing_jobs",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("specification", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_processing_jobs")),
    )
    op.create_index(op.f("ix_processing_jobs_id"), "processing_jobs", ["id"], unique=False)
    op.create_index(op.f("ix_processing_jobs_status"), "processing_jobs", ["status"], unique=False)
    columns = [sa.column("id", sa.Text()), sa.column("specification", sa.JSON()), sa.column("progress", sa.JSON())]
    jobs = sa.table("training_jobs", *columns)
    for row in op.get_bind().execute(sa.select(jobs)).all():
        values = {"specification": _specification(row.specification), "progress": _progress(row.progress)}
        op.execute(jobs.update().where(jobs.c.id == row.id).values(values))


def _specification(before: dict[str, Any]) -> dict[str, Any]:
    resources = before["recorded"].get("ResourceConfig", {})
    group = {
        "name": "homogeneousCluster",
        "type": resources.get("InstanceType", "ml.m5.large"),
        "count": resources.get("InstanceCount", 1),
    }
    channels = [{**channel, **ADDED_TO_CHANNELS} for channel in before["channels"]]
    return {**before, **ADDED, "groups": [group], "channels": channels}


def _progress(before: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in before.items() if name not in ("model", "output")}
    outputs = {name: before[name] for name in ("model", "output") if before.get(name)}
    return {**kept, "outputs": outputs, "before": len(before["transitions"]), "attempts": 1}
