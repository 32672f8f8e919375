"""The alerts of monitoring schedules, and when each has changed."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.create_table(
        "monitoring_alerts",
        *_texts("account", "region", "schedule", "name"),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("datapoints", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "schedule", "name", name=op.f("pk_monitoring_alerts")),
    )
    op.create_table(
        "monitoring_alert_changes",
        *_texts("account", "region", "name", "schedule", "alert", "status"),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_monitoring_alert_changes")),
    )
    op.create_index(op.f("ix_monitoring_alert_changes_schedule"), "monitoring_alert_changes", ["schedule"])
    op.execute(
        "INSERT INTO monitoring_alerts "
        "SELECT account, region, name, 'default', created, created, 'OK', 1, 1 FROM monitoring_schedules"
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
