"""What is remembered of clusters, their steps, and security configurations."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata

clusters = Table(
    "clusters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("listed", Text, nullable=False, index=True),
    Column("state", Text, nullable=False, index=True),
    Column("asked", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("progress", JSON, nullable=False),
)
"""`listed` orders clusters by when they were made; `settings` is what can be changed later of what was asked."""

steps = Table(
    "cluster_steps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("cluster", Text, nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("listed", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("asked", JSON, nullable=False),
    Column("progress", JSON, nullable=False),
)

security_configurations = Table(
    "security_configurations",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("document", Text, nullable=False),
)

interfaces = Table(
    "cluster_interfaces",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("cluster", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("tags", JSON, nullable=False),
)
"""Persistent application interfaces: Spark's history of a cluster, also when that has ended."""
