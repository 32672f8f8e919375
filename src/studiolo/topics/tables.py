"""What subscribers are still to get."""

from sqlalchemy import JSON, Column, Integer, Table, Text

from studiolo.state import Moment, metadata

deliveries = Table(
    "topic_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("subscription", Text, nullable=False),
    Column("message", JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Moment, nullable=False, index=True),
)
"""account, region: the topic's; subscription: its ARN; message: as subscribers are told it, unsigned."""
