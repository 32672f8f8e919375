"""What is remembered of stack sets: their instances, operations, and what these came to in each account and region."""

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, UniqueConstraint

from studiolo.state import Moment, metadata

stack_sets = Table(
    "stack_sets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("live", Text),
    Column("created", Moment, nullable=False),
    Column("document", JSON, nullable=False),
    # `live` is the name until the stack set is deleted.
    UniqueConstraint("account", "region", "live"),
)

instances = Table(
    "stack_instances",
    metadata,
    Column("stack_set", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("stack", Text),
    Column("overrides", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("detailed", Text, nullable=False),
    Column("reason", Text),
    Column("last", Text, nullable=False),
    Column("drift", Text, nullable=False),
    Column("drift_checked", Moment),
)

operations = Table(
    "stack_set_operations",
    metadata,
    Column("stack_set", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("created", Moment, nullable=False),
    Column("ended", Moment),
    Column("document", JSON, nullable=False),
)
Index("ix_stack_set_operations_stack_set_created", operations.c.stack_set, operations.c.created)

results = Table(
    "stack_set_results",
    metadata,
    Column("stack_set", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("reason", Text),
)
