"""CloudFormation's stacks: resources, events, operations, change sets, exports."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _text(name: str, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "stacks",
        _text("id"), _text("account"), _text("region"), _text("name"), _text("live", True), _text("status"),
        _text("reason", True), _moment("created"), _moment("updated", True), _moment("deleted", True),
        _text("parent", True), _text("root", True), sa.Column("protected", sa.Boolean(), nullable=False),
        _text("policy", True), sa.Column("target", sa.JSON()), sa.Column("good", sa.JSON()),
        sa.Column("outputs", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stacks")),
        sa.UniqueConstraint("account", "region", "live", name=op.f("uq_stacks_account_region_live")),
    )  # fmt: skip
    op.create_index("ix_stacks_account_region_name", "stacks", ["account", "region", "name"])
    op.create_table(
        "stack_operations",
        _text("id"), _text("stack"), _text("kind"), _text("token", True),
        sa.Column("running", sa.Boolean(), nullable=False), sa.Column("cancelled", sa.Boolean(), nullable=False),
        _moment("created"), sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stack_operations")),
    )  # fmt: skip
    op.create_index(op.f("ix_stack_operations_stack"), "stack_operations", ["stack"])
    op.create_index(op.f("ix_stack_operations_running"), "stack_operations", ["running"])
    op.create_table(
        "stack_resources",
        _text("stack"), _text("logical"), sa.Column("generation", sa.Integer(), nullable=False), _text("type"),
        _text("physical", True), _text("status"), _text("reason", True), _moment("changed"), _text("operation"),
        _text("state"), sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False), sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("good", sa.JSON()),
        sa.PrimaryKeyConstraint("stack", "logical", "generation", name=op.f("pk_stack_resources")),
    )  # fmt: skip
    op.create_index("ix_stack_resources_physical", "stack_resources", ["physical"])
    op.create_table(
        "stack_events",
        _text("stack"), sa.Column("number", sa.Integer(), nullable=False), _text("id"), _moment("at"),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("stack", "number", name=op.f("pk_stack_events")),
    )  # fmt: skip
    op.create_table(
        "change_sets",
        _text("id"), _text("stack"), _text("name"), _moment("created"), _text("status"), _text("execution"),
        _text("reason", True), sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_sets")),
    )  # fmt: skip
    op.create_index(op.f("ix_change_sets_stack"), "change_sets", ["stack"])
    op.create_table(
        "stack_exports",
        _text("account"), _text("region"), _text("name"), _text("value"), _text("stack"),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_stack_exports")),
    )  # fmt: skip
    op.create_index(op.f("ix_stack_exports_stack"), "stack_exports", ["stack"])
    op.create_table(
        "stack_imports",
        _text("account"), _text("region"), _text("name"), _text("stack"),
        sa.PrimaryKeyConstraint("account", "region", "name", "stack", name=op.f("pk_stack_imports")),
    )  # fmt: skip
