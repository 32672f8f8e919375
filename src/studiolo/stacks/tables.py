"""What is remembered of stacks: their resources, events, operations, change sets, exports, custom resources."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from studiolo.state import Moment, metadata

stacks = Table(
    "stacks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("live", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("created", Moment, nullable=False),
    Column("updated", Moment),
    Column("deleted", Moment),
    Column("parent", Text),
    Column("root", Text),
    Column("protected", Boolean, nullable=False),
    Column("policy", Text),
    Column("target", JSON),
    Column("good", JSON),
    Column("outputs", JSON, nullable=False),
    # `live` is the name until the stack is deleted: one living stack of a name.
    UniqueConstraint("account", "region", "live"),
)
Index("ix_stacks_account_region_name", stacks.c.account, stacks.c.region, stacks.c.name)

operations = Table(
    "stack_operations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stack", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("token", Text),
    Column("running", Boolean, nullable=False, index=True),
    Column("cancelled", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)

resources = Table(
    "stack_resources",
    metadata,
    Column("stack", Text, primary_key=True),
    Column("logical", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("physical", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("changed", Moment, nullable=False),
    Column("operation", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("good", JSON),
)
Index("ix_stack_resources_physical", resources.c.physical)

events = Table(
    "stack_events",
    metadata,
    Column("stack", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)

change_sets = Table(
    "change_sets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stack", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("execution", Text, nullable=False),
    Column("reason", Text),
    Column("document", JSON, nullable=False),
)

exports = Table(
    "stack_exports",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("stack", Text, nullable=False, index=True),
)

drifts = Table(
    "stack_drifts",
    metadata,
    Column("stack", Text, primary_key=True),
    Column("logical", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)

detections = Table(
    "stack_drift_detections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stack", Text, nullable=False, index=True),
    Column("status", Text, nullable=False),
    Column("drifted", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

imports = Table(
    "stack_imports",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("stack", Text, primary_key=True),
)

custom_requests = Table(
    "custom_requests",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("stack", Text, nullable=False, index=True),
    Column("logical", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("operation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("physical", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked", Moment, nullable=False),
    Column("deadline", Moment, nullable=False),
    Column("answer", JSON),
)
"""state: new (its function may not know of it), sent, answered."""
