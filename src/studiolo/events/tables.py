"""What is remembered of EventBridge: buses, rules and their targets, and what is still to be delivered."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata


def _of_scope(*names: str) -> tuple[Column[str], ...]:
    return tuple(Column(name, Text, primary_key=True) for name in ("account", "region", *names))


buses = Table(
    "event_buses",
    metadata,
    *_of_scope("name"),
    Column("settings", JSON, nullable=False),
    Column("policy", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    *(Column(name, Moment, nullable=False) for name in ("created", "changed")),
)
"""The default bus has a row once it has been changed. policy: statements."""

rules = Table(
    "event_rules",
    metadata,
    *_of_scope("bus", "name"),
    Column("settings", JSON, nullable=False),
    Column("creator", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("due", Moment, index=True),
)
"""due: when its schedule is to fire next."""

targets = Table(
    "event_targets",
    metadata,
    *_of_scope("bus", "rule", "id"),
    Column("arn", Text, nullable=False),
    Column("settings", JSON, nullable=False),
)

happened = Table(
    "events_happened",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("bus", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Events whose rules are still to be found. kind: `event`, whose document is the event; else what has changed, whose status
the document has."""

statuses = Table(
    "event_statuses",
    metadata,
    *_of_scope("kind", "name"),
    Column("status", Text, nullable=False),
)
"""The last status of what has changed that was an event."""

deliveries = Table(
    "event_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", JSON, nullable=False),
    Column("input", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("due", Moment, nullable=False, index=True),
)
"""What targets are still to get. source: the ARN of the rule."""
