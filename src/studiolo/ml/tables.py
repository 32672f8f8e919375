"""What is remembered of jobs, models, endpoints and their tags."""

from sqlalchemy import JSON, Column, Integer, LargeBinary, Table, Text

from studiolo.state import Moment, metadata


def _owned() -> tuple[Column[str], Column[str], Column[str]]:
    return (
        Column("account", Text, primary_key=True),
        Column("region", Text, primary_key=True),
        Column("name", Text, primary_key=True),
    )


def _jobs(name: str) -> Table:
    return Table(
        name,
        metadata,
        *_owned(),
        Column("id", Text, nullable=False, index=True),
        Column("created", Moment, nullable=False),
        Column("changed", Moment, nullable=False),
        Column("status", Text, nullable=False, index=True),
        Column("specification", JSON, nullable=False),
        Column("progress", JSON, nullable=False),
    )


training_jobs = _jobs("training_jobs")
processing_jobs = _jobs("processing_jobs")
tuning_jobs = _jobs("tuning_jobs")
transform_jobs = _jobs("transform_jobs")
compilation_jobs = _jobs("compilation_jobs")

trials = Table(
    "tuning_trials",
    metadata,
    Column("tuning", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("trial", JSON, nullable=False),
)
"""tuning: the id of the tuning job."""

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

async_invocations = Table(
    "async_invocations",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("endpoint", Text, nullable=False, index=True),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("call", JSON, nullable=False),
    Column("body", LargeBinary),
)
"""The calls that have no output yet."""

tags = Table(
    "ml_tags",
    metadata,
    Column("arn", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

records = Table(
    "ml_records",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("parent", Text, index=True),
    Column("type", Text),
    Column("status", Text),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)
"""parent: what a version is one of, or the URI that an entity of lineage stands for; type: of such an entity."""

associations = Table(
    "lineage_associations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("destination", Text, primary_key=True, index=True),
    Column("type", Text, nullable=False),
    Column("created", Moment, nullable=False),
)
"""source, destination: ARNs."""
