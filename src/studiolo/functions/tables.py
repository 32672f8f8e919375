"""What is remembered of Lambda's functions: versions, aliases, layers, how events are invoked, and the events waiting."""

from sqlalchemy import JSON, Column, Index, Integer, LargeBinary, Table, Text

from studiolo.state import Moment, metadata


def _of_scope(*names: str) -> tuple[Column[str], ...]:
    return tuple(Column(name, Text, primary_key=True) for name in ("account", "region", *names))


functions = Table(
    "functions",
    metadata,
    *_of_scope("name"),
    Column("settings", JSON, nullable=False),
    Column("code", JSON, nullable=False),
    Column("state", JSON, nullable=False),
    Column("modified", Moment, nullable=False),
    Column("revision", Text, nullable=False),
    Column("published", Integer, nullable=False),
    Column("reserved", Integer),
    Column("tags", JSON, nullable=False),
)
"""Of $LATEST. published: the number of the last version; reserved: concurrency."""

versions = Table(
    "function_versions",
    metadata,
    *_of_scope("name"),
    Column("number", Integer, primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("code", JSON, nullable=False),
    Column("modified", Moment, nullable=False),
    Column("revision", Text, nullable=False),
)

aliases = Table(
    "function_aliases",
    metadata,
    *_of_scope("name", "alias"),
    Column("version", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("weights", JSON, nullable=False),
    Column("revision", Text, nullable=False),
)

event_configs = Table(
    "function_event_configs",
    metadata,
    *_of_scope("name", "qualifier"),
    Column("retries", Integer),
    Column("age", Integer),
    Column("on_success", Text),
    Column("on_failure", Text),
    Column("modified", Moment, nullable=False),
)

urls = Table(
    "function_urls",
    metadata,
    *_of_scope("name", "qualifier"),
    Column("id", Text, nullable=False, unique=True),
    Column("auth", Text, nullable=False),
    Column("cors", JSON(none_as_null=True)),
    Column("mode", Text, nullable=False, server_default="BUFFERED"),
    Column("created", Moment, nullable=False),
    Column("modified", Moment, nullable=False),
)
"""id: the first label of the host name."""

layers = Table(
    "function_layers",
    metadata,
    *_of_scope("name"),
    Column("number", Integer, primary_key=True),
    Column("code", JSON, nullable=False),
    Column("description", Text, nullable=False),
    Column("told", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    Column("deleted", Integer, nullable=False),
)

events = Table(
    "function_events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("qualifier", Text),
    Column("payload", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("due", Moment, nullable=False),
)
"""Events that are still to be handled. attempts: how many have failed."""
Index("ix_function_events_due", events.c.due)
