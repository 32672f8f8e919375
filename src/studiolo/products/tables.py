"""What is remembered of what was launched: provisioned products, the records of what was done to them, projects."""

from sqlalchemy import JSON, Column, Index, Table, Text, UniqueConstraint

from studiolo.state import Moment, metadata

provisioned_products = Table(
    "provisioned_products",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    # The name until it is terminated: one of a name.
    Column("live", Text),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("created", Moment, nullable=False),
    Column("document", JSON, nullable=False),
    UniqueConstraint("account", "region", "live"),
)

provisioning_records = Table(
    "provisioning_records",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("provisioned", Text, nullable=False, index=True),
    Column("token", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("document", JSON, nullable=False),
)
Index(
    "ix_provisioning_records_account_region_token", *(provisioning_records.c[n] for n in ("account", "region", "token"))
)

projects = Table(
    "projects",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("live", Text),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("document", JSON, nullable=False),
    UniqueConstraint("account", "region", "live"),
)
