"""Stack sets: one template's stacks in many accounts and regions."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.create_table(
        "stack_sets",
        *_texts("id", "account", "region", "name"),
        sa.Column("live", sa.Text()),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stack_sets")),
        sa.UniqueConstraint("account", "region", "live", name=op.f("uq_stack_sets_account_region_live")),
    )
    op.create_table(
        "stack_instances",
        *_texts("stack_set", "account", "region", "name"),
        sa.Column("stack", sa.Text()),
        sa.Column("overrides", sa.JSON(), nullable=False),
        *_texts("status", "detailed"),
        sa.Column("reason", sa.Text()),
        *_texts("last", "drift"),
        sa.Column("drift_checked", sa.BigInteger()),
        sa.PrimaryKeyConstraint("stack_set", "account", "region", name=op.f("pk_stack_instances")),
    )
    op.create_table(
        "stack_set_operations",
        *_texts("stack_set", "id", "kind", "status"),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger()),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("stack_set", "id", name=op.f("pk_stack_set_operations")),
    )
    op.create_index(op.f("ix_stack_set_operations_status"), "stack_set_operations", ["status"])
    op.create_index("ix_stack_set_operations_stack_set_created", "stack_set_operations", ["stack_set", "created"])
    op.create_table(
        "stack_set_results",
        *_texts("stack_set", "operation"),
        sa.Column("number", sa.Integer(), nullable=False),
        *_texts("account", "region", "status", "stage"),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("stack_set", "operation", "number", name=op.f("pk_stack_set_results")),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
