"""The Data Catalog."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# SQLite numbers rows by itself in a column of the type INTEGER alone.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "catalog_classifiers",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "name", name=op.f("pk_catalog_classifiers")),
    )
    op.create_table(
        "catalog_connections",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "name", name=op.f("pk_catalog_connections")),
    )
    op.create_table(
        "catalog_databases",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "name", name=op.f("pk_catalog_databases")),
    )
    op.create_table(
        "catalog_encryption_settings",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", name=op.f("pk_catalog_encryption_settings")),
    )
    op.create_table(
        "catalog_functions",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "database", "name", name=op.f("pk_catalog_functions")),
    )
    op.create_table(
        "catalog_policies",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "resource", name=op.f("pk_catalog_policies")),
    )
    op.create_table(
        "catalog_tables",
        sa.Column("id", Id, nullable=False),
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("database", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_tables")),
        sa.UniqueConstraint(
            "catalog", "region", "database", "name", name=op.f("uq_catalog_tables_catalog_region_database_name")
        ),
    )
    op.create_table(
        "catalog_tags",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "resource", "key", name=op.f("pk_catalog_tags")),
    )
    op.create_table(
        "catalogs",
        sa.Column("catalog", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("catalog", "region", "name", name=op.f("pk_catalogs")),
    )
    op.create_table(
        "catalog_partition_entries",
        sa.Column("table", Id, nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["table"], ["catalog_tables.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("table", "slot", "entry", "key", name=op.f("pk_catalog_partition_entries")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "catalog_partition_indexes",
        sa.Column("table", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("key_names", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["table"], ["catalog_tables.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("table", "name", name=op.f("pk_catalog_partition_indexes")),
    )
    op.create_table(
        "catalog_partitions",
        sa.Column("table", Id, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Integer(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["table"], ["catalog_tables.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("table", "key", name=op.f("pk_catalog_partitions")),
    )
    op.create_table(
        "catalog_schemas",
        sa.Column("table", Id, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["table"], ["catalog_tables.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("table", "digest", name=op.f("pk_catalog_schemas")),
    )
    op.create_table(
        "catalog_statistics",
        sa.Column("table", Id, nullable=False),
        sa.Column("partition", sa.LargeBinary(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["table"], ["catalog_tables.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("table", "partition", "column", name=op.f("pk_catalog_statistics")),
    )
    op.create_table(
        "catalog_table_versions",
        sa.Column("table", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["table"], ["catalog_tables.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("table", "version", name=op.f("pk_catalog_table_versions")),
    )
