"""What is remembered of MLflow tracking servers."""

from sqlalchemy import JSON, Column, Table, Text

from studiolo.state import Moment, metadata

servers = Table(
    "mlflow_tracking_servers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    # The first part of its host name; another one after it was deleted and made again.
    Column("id", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False),
    Column("failure", Text),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("settings", JSON, nullable=False),
)
