"""What is only recorded, of every service that does so."""

from sqlalchemy import JSON, Column, Table, Text

from studiolo.state import Moment, metadata

records = Table(
    "records",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("hidden", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
)
