"""Transform jobs; the records of the model registry, of lineage and of model cards."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "transform_jobs",
        *_columns(("account", "region", "name", "id"), sa.Text),
        *_columns(("created", "changed"), sa.BigInteger),
        *_columns(("status",), sa.Text),
        *_columns(("specification", "progress"), sa.JSON),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_transform_jobs")),
    )
    op.create_index(op.f("ix_transform_jobs_id"), "transform_jobs", ["id"])
    op.create_index(op.f("ix_transform_jobs_status"), "transform_jobs", ["status"])
    op.create_table(
        "ml_records",
        *_columns(("account", "region", "kind", "name"), sa.Text),
        *_columns(("parent", "type", "status"), sa.Text, nullable=True),
        *_columns(("created", "changed"), sa.BigInteger),
        *_columns(("document",), sa.JSON),
        sa.PrimaryKeyConstraint("account", "region", "kind", "name", name=op.f("pk_ml_records")),
    )
    op.create_index(op.f("ix_ml_records_parent"), "ml_records", ["parent"])
    op.create_table(
        "lineage_associations",
        *_columns(("account", "region", "source", "destination", "type"), sa.Text),
        *_columns(("created",), sa.BigInteger),
        sa.PrimaryKeyConstraint("account", "region", "source", "destination", name=op.f("pk_lineage_associations")),
    )
    op.create_index(op.f("ix_lineage_associations_destination"), "lineage_associations", ["destination"])


def _columns(names: tuple[str, ...], kind: Any, *, nullable: bool = False) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind(), nullable=nullable) for name in names]
