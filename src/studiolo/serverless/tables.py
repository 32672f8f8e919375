"""What is remembered of EMR Serverless; sessions are the engine's."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata

applications = Table(
    "serverless_applications",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("details", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
)

runs = Table(
    "serverless_job_runs",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("application", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("label", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("details", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("attempt_created", Moment),
    Column("started", Moment),
    Column("ended", Moment),
)
