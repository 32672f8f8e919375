"""What is remembered of feature groups and their records. Event times are nanoseconds since 1970."""

from sqlalchemy import JSON, BigInteger, Column, Integer, Table, Text, UniqueConstraint

from studiolo.state import Moment, metadata

groups = Table(
    "feature_groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("offline_status", Text),
    Column("update_status", Text),
    Column("reason", Text),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("specification", JSON, nullable=False),
    UniqueConstraint("account", "region", "name"),
)
"""reason: why it failed, or why its offline store is Blocked."""

records = Table(
    "feature_records",
    metadata,
    Column("feature_group", Text, primary_key=True),
    Column("identifier", Text, primary_key=True),
    Column("event", BigInteger, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("expires", BigInteger, index=True),
    Column("record", JSON, nullable=False),
)
"""The online stores: the newest record of each identifier; deleted: 1 where it was soft-deleted."""

appends = Table(
    "feature_appends",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("feature_group", Text, nullable=False, index=True),
    Column("batch", Text),
    Column("event", BigInteger, nullable=False),
    Column("called", Moment, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("record", JSON, nullable=False),
)
"""Records that were acknowledged and are not yet in the offline store; batch: the files that they are written in."""
