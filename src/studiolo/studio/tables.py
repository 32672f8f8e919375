"""What is remembered of Studio's domains, user profiles, spaces and apps."""

from sqlalchemy import JSON, Column, Table, Text

from studiolo.state import Moment, metadata

resources = Table(
    "studio_resources",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    # The first part of its ARN's last part: `domain`, `user-profile`, `space` or `app`.
    Column("kind", Text, primary_key=True),
    # The rest of it: `d-xxxx`, `d-xxxx/NAME`, `d-xxxx/SPACE/JupyterLab/default`.
    Column("path", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("failure", Text),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("active", Moment),
    Column("settings", JSON, nullable=False),
)
