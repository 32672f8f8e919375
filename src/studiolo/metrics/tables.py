"""What is kept of metrics: each one's name once, and its numbers by the period they fell into."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from studiolo.state import Moment, metadata

series = Table(
    "metric_series",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("dimensions", Text, nullable=False),
    Column("last", BigInteger, nullable=False),
    Index("metric_series_name", "account", "region", "namespace", "name", "dimensions", unique=True),
)
"""dimensions: JSON of the pairs, in the order of their names. last: the second of 1970 of the newest number."""

points = Table(
    "metric_points",
    metadata,
    Column("series", Integer, ForeignKey("metric_series.id"), primary_key=True),
    Column("period", Integer, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("values", JSON, nullable=False),
    Index("metric_points_age", "period", "at"),
)
"""at: the second of 1970 at which the period begins; values: a Distribution."""

alarms = Table(
    "metric_alarms",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("composite", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("state", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("configured", Moment, nullable=False),
)

history = Table(
    "metric_alarm_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("composite", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Index("metric_alarm_history_name", "account", "region", "name", "id"),
)

dashboards = Table(
    "metric_dashboards",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("changed", Moment, nullable=False),
)
