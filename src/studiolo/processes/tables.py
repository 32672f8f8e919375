"""What is remembered of a child process, so that a later server can find it again."""

from sqlalchemy import JSON, Column, Float, Integer, Table, Text

from studiolo.state import metadata

children = Table(
    "children",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("pid", Integer),
    Column("created", Float),
    Column("log", Text, nullable=False),
    Column("details", JSON, nullable=False),
    info={"runs": True},
)
