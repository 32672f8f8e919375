"""Queues, their messages, and what FIFO queues have been sent of late."""

from sqlalchemy import JSON, Column, Index, Integer, Table, Text

from studiolo.state import Moment, metadata

queues = Table(
    "queues",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account", "region", "name")),
    Column("attributes", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
)
"""sequence: how many messages a FIFO queue has been sent."""

messages = Table(
    "queue_messages",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    *(Column(name, Text, nullable=False) for name in ("account", "region", "queue", "id", "sender", "body")),
    Column("attributes", JSON, nullable=False),
    Column("trace", Text),
    Column("group_id", Text),
    Column("deduplication", Text),
    Column("sequence", Integer),
    Column("sent", Moment, nullable=False),
    Column("visible", Moment, nullable=False),
    Column("receives", Integer, nullable=False),
    Column("first_received", Moment),
    Column("receipt", Text),
    Column("attempt", Text),
    Column("source", Text),
    Index(None, "account", "region", "queue", "visible"),
)
"""visible: from when it can be received; receipt: of who received it last, attempt: by which token of theirs; source: the
ARN of the queue that it was a dead letter of."""

deduplications = Table(
    "queue_deduplications",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account", "region", "queue", "group_id", "deduplication")),
    Column("id", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("sent", Moment, nullable=False),
)
"""group_id: empty where a deduplication id counts for the whole queue."""
