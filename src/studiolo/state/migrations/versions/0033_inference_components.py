"""Inference components: models that share the instances of an endpoint."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "inference_components",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("account", "region", "name", "endpoint", "variant")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("created", "changed")),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.Column("deployed", sa.JSON()),
        sa.Column("desired", sa.JSON()),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_inference_components")),
    )
    op.create_index(op.f("ix_inference_components_status"), "inference_components", ["status"])
