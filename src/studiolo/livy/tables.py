"""What is remembered of Livy servers; their sessions and batches are the engine's."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import metadata

servers = Table(
    "livy_servers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("place", JSON, nullable=False),
    Column("sessions", Integer, nullable=False),
    Column("batches", Integer, nullable=False),
)
