"""Queues, the messages in them, and what callback steps of pipelines wait for."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0042"


def upgrade() -> None:
    op.create_table(
        "queues",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "region", "name", name=op.f("pk_queues")),
    )
    op.create_table(
        "queue_messages",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("deduplication", sa.Text(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("visible", sa.BigInteger(), nullable=False),
        sa.Column("receives", sa.Integer(), nullable=False),
        sa.Column("first_received", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_queue_messages")),
    )
    op.create_index(
        op.f("ix_queue_messages_account_region_queue_visible"),
        "queue_messages",
        ["account", "region", "queue", "visible"],
    )
    op.create_table(
        "queue_deduplications",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("deduplication", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "account", "region", "queue", "group_id", "deduplication", name=op.f("pk_queue_deduplications")
        ),
    )
    op.create_table(
        "pipeline_callbacks",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("execution", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_pipeline_callbacks")),
    )
    op.create_index(op.f("ix_pipeline_callbacks_execution"), "pipeline_callbacks", ["execution"])
