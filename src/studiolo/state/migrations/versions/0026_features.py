"""Feature groups, the records of their online stores, and those on their way to the offline stores."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "feature_groups",
        *_columns(("id", "account", "region", "name", "status"), sa.Text()),
        sa.Column("offline_status", sa.Text()),
        sa.Column("update_status", sa.Text()),
        sa.Column("reason", sa.Text()),
        *_columns(("created", "changed"), sa.BigInteger()),
        *_columns(("specification",), sa.JSON()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_groups")),
        sa.UniqueConstraint("account", "region", "name", name=op.f("uq_feature_groups_account_region_name")),
    )
    op.create_table(
        "feature_records",
        *_columns(("feature_group", "identifier"), sa.Text()),
        *_columns(("event",), sa.BigInteger()),
        *_columns(("deleted",), sa.Integer()),
        sa.Column("expires", sa.BigInteger()),
        *_columns(("record",), sa.JSON()),
        sa.PrimaryKeyConstraint("feature_group", "identifier", name=op.f("pk_feature_records")),
    )
    op.create_index(op.f("ix_feature_records_expires"), "feature_records", ["expires"])
    op.create_table(
        "feature_appends",
        *_columns(("number",), sa.BigInteger().with_variant(sa.Integer, "sqlite")),
        *_columns(("feature_group",), sa.Text()),
        sa.Column("batch", sa.Text()),
        *_columns(("event", "called"), sa.BigInteger()),
        *_columns(("deleted", "size"), sa.Integer()),
        *_columns(("record",), sa.JSON()),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_feature_appends")),
    )
    op.create_index(op.f("ix_feature_appends_feature_group"), "feature_appends", ["feature_group"])


def _columns(names: tuple[str, ...], kind: Any) -> "list[sa.Column[Any]]":
    return [sa.Column(name, kind, nullable=False) for name in names]
