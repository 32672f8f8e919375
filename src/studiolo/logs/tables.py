"""What is remembered of log groups and streams; the events are in files."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKeyConstraint, Integer, Table, Text

from studiolo.state import Moment, metadata

groups = Table(
    "log_groups",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("retention_days", Integer),
    Column("kms_key", Text),
    Column("kind", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("created", Moment, nullable=False),
)

streams = Table(
    "log_streams",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("group", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("created", Moment, nullable=False),
    ForeignKeyConstraint(
        ["account", "region", "group"], ["log_groups.account", "log_groups.region", "log_groups.name"]
    ),
)

metric_filters = Table(
    "log_metric_filters",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("group", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("pattern", Text, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("positions", JSON(none_as_null=True)),
    Column("created", Moment, nullable=False),
    ForeignKeyConstraint(
        ["account", "region", "group"], ["log_groups.account", "log_groups.region", "log_groups.name"]
    ),
)

subscription_filters = Table(
    "log_subscription_filters",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account", "region", "group", "name")),
    Column("pattern", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("distribution", Text, nullable=False),
    Column("positions", JSON, nullable=False),
    Column("created", Moment, nullable=False),
    ForeignKeyConstraint(
        ["account", "region", "group"], ["log_groups.account", "log_groups.region", "log_groups.name"]
    ),
)
"""positions: by stream, the byte up to which its events have been handed on; of others it is the first. So above."""

resource_policies = Table(
    "log_resource_policies",
    metadata,
    Column("account", Text, primary_key=True),
    Column("region", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("updated", Moment, nullable=False),
)

export_tasks = Table(
    "log_export_tasks",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("account", "region", "id")),
    Column("name", Text),
    *(Column(name, Text, nullable=False) for name in ("group", "stream_prefix", "bucket", "prefix", "status")),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("message", Text),
    Column("created", Moment, nullable=False),
    Column("completed", Moment),
)
"""since, until: the times of the events, both of them, in milliseconds since 1970."""
