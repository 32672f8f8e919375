"""Products of Service Catalog that were launched, the records of it, SageMaker's projects; what drift was found."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "provisioned_products",
        *_columns(("id", "account", "region", "name"), sa.Text()),
        sa.Column("live", sa.Text()),
        *_columns(("status",), sa.Text()),
        sa.Column("reason", sa.Text()),
        *_columns(("created",), sa.BigInteger()),
        *_columns(("document",), sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provisioned_products")),
        sa.UniqueConstraint("account", "region", "live", name=op.f("uq_provisioned_products_account_region_live")),
    )
    op.create_table(
        "provisioning_records",
        *_columns(("id", "account", "region", "provisioned", "token", "kind", "status"), sa.Text()),
        *_columns(("created", "updated"), sa.BigInteger()),
        *_columns(("document",), sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provisioning_records")),
    )
    op.create_index(op.f("ix_provisioning_records_provisioned"), "provisioning_records", ["provisioned"])
    op.create_index(op.f("ix_provisioning_records_status"), "provisioning_records", ["status"])
    op.create_index(
        "ix_provisioning_records_account_region_token", "provisioning_records", ["account", "region", "token"]
    )
    op.create_table(
        "projects",
        *_columns(("id", "account", "region", "name"), sa.Text()),
        sa.Column("live", sa.Text()),
        *_columns(("created", "updated"), sa.BigInteger()),
        *_columns(("document",), sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("account", "region", "live", name=op.f("uq_projects_account_region_live")),
    )
    op.create_table(
        "stack_drifts",
        *_columns(("stack", "logical", "status"), sa.Text()),
        *_columns(("at",), sa.BigInteger()),
        *_columns(("document",), sa.JSON()),
        sa.PrimaryKeyConstraint("stack", "logical", name=op.f("pk_stack_drifts")),
    )
    op.create_table(
        "stack_drift_detections",
        *_columns(("id", "stack", "status"), sa.Text()),
        *_columns(("drifted",), sa.Integer()),
        *_columns(("at",), sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stack_drift_detections")),
    )
    op.create_index(op.f("ix_stack_drift_detections_stack"), "stack_drift_detections", ["stack"])


def _columns(names: tuple[str, ...], kind: Any) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind, nullable=False) for name in names]
