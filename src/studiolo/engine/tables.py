"""What is remembered of sessions and statements; what statements printed is in their journals."""

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Integer, Table, Text

from studiolo.state import Moment, metadata

sessions = Table(
    "engine_sessions",
    metadata,
    Column("service", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("asked", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("error", Text),
    Column("kernel", Text),
    Column("created", Moment, nullable=False),
    Column("active", Moment, nullable=False),
    Column("completed", Moment),
    Column("statements", Integer, nullable=False),
)

statements = Table(
    "engine_statements",
    metadata,
    Column("service", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("session", Text, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("code", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("error", Text),
    Column("created", Moment, nullable=False),
    Column("started", Moment),
    Column("completed", Moment),
    ForeignKeyConstraint(
        ["service", "account", "region", "session"],
        ["engine_sessions.service", "engine_sessions.account", "engine_sessions.region", "engine_sessions.id"],
        ondelete="CASCADE",
    ),
)

submissions = Table(
    "engine_submissions",
    metadata,
    Column("service", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("asked", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("error", Text),
    Column("program", Text),
    Column("created", Moment, nullable=False),
    Column("started", Moment),
    Column("completed", Moment),
)
