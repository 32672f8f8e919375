"""What is remembered of experiments, trials, their components and metrics."""

from sqlalchemy import JSON, Column, Float, Index, Integer, Table, Text

from studiolo.state import Moment, metadata

entities = Table(
    "experiment_entities",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("parent", Text),
    Column("source", Text, index=True),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("details", JSON, nullable=False),
)

links = Table(
    "trial_component_links",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("trial", Text, primary_key=True),
    Column("component", Text, primary_key=True, index=True),
)

points = Table(
    "trial_component_metrics",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("time", Moment, nullable=False),
    Column("step", Integer),
    Column("value", Float, nullable=False),
    Index("ix_trial_component_metrics_component", "component", "metric"),
)
"""number: the order in which they came."""
