"""What is remembered of monitoring: definitions, schedules, and what has become of each run."""

from sqlalchemy import JSON, Boolean, Column, Table, Text

from studiolo.state import Moment, metadata

definitions = Table(
    "monitoring_definitions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("analysis", JSON, nullable=False),
)

schedules = Table(
    "monitoring_schedules",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("status", Text, nullable=False),
    Column("due", Moment, index=True),
    Column("endpoint", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("definition", Text),
    Column("plan", JSON, nullable=False),
)
"""due: the moment of the next run; none where there is none."""

executions = Table(
    "monitoring_executions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("failure", Text),
    Column("begun", Boolean, nullable=False),
    Column("schedule", Text, nullable=False, index=True),
    Column("scheduled", Moment, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("definition", Text),
    Column("plan", JSON, nullable=False),
)
"""name: of its processing job, begun or not; plan: the schedule's when it came due, by which it is begun."""
