"""What is remembered of training jobs, models, endpoints and their tags."""

from sqlalchemy import JSON, Column, Table, Text

from studiolo.state import Moment, metadata


def _owned() -> tuple[Column[str], Column[str], Column[str]]:
    return (
        Column("account", Text, primary_key=True),
        Column("region", Text, primary_key=True),
        Column("name", Text, primary_key=True),
    )


training_jobs = Table(
    "training_jobs",
    metadata,
    *_owned(),
    Column("id", Text, nullable=False, index=True),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("specification", JSON, nullable=False),
    Column("progress", JSON, nullable=False),
)

models = Table(
    "models",
    metadata,
    *_owned(),
    Column("created", Moment, nullable=False),
    Column("specification", JSON, nullable=False),
)

endpoint_configs = Table(
    "endpoint_configs",
    metadata,
    *_owned(),
    Column("created", Moment, nullable=False),
    Column("specification", JSON, nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    *_owned(),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("failure", Text),
    Column("deployed", JSON),
    Column("desired", JSON),
)

tags = Table(
    "ml_tags",
    metadata,
    Column("arn", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
