"""What is remembered of pipelines, their versions, executions and steps."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata

pipelines = Table(
    "pipelines",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("last_run", Moment),
    Column("version", Integer, nullable=False),
    Column("settings", JSON, nullable=False),
)

versions = Table(
    "pipeline_versions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("pipeline", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("definition", Text, nullable=False),
)

executions = Table(
    "pipeline_executions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("pipeline", Text, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("token", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("settings", JSON, nullable=False),
)
"""token: of the request that started it, which starts no second one."""

steps = Table(
    "pipeline_steps",
    metadata,
    Column("execution", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("started", Moment, nullable=False),
    Column("cache_key", Text, index=True),
    Column("run", JSON, nullable=False),
)
"""number: the order in which the steps of an execution were begun; cache_key: of steps that ran and may be used again."""

callbacks = Table(
    "pipeline_callbacks",
    metadata,
    Column("token", Text, primary_key=True),
    Column("execution", Text, nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("answer", JSON(none_as_null=True)),
)
"""answer: {"outputs": {…}, "failure": …}, once it has come."""
