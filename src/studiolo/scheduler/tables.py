"""What is remembered of schedules and their groups."""

from sqlalchemy import JSON, Column, Table, Text

from studiolo.state import Moment, metadata

groups = Table(
    "schedule_groups",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account", "region", "name")),
    Column("tags", JSON, nullable=False),
    *(Column(name, Moment, nullable=False) for name in ("created", "changed")),
)

schedules = Table(
    "schedules",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account", "region", "group", "name")),
    Column("settings", JSON, nullable=False),
    *(Column(name, Moment, nullable=False) for name in ("created", "changed")),
    Column("due", Moment, index=True),
)
"""due: when it is to be done next."""
