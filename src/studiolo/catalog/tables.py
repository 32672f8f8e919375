"""What is remembered of the Data Catalog.

`catalog` is the id of a catalog: an account, or `account:name` for a catalog within it. A `document` is the JSON of
the thing as its dataclass has it. What belongs to a table hangs on the table's `id`, so that a rename moves nothing.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from studiolo.state import Moment, metadata

# SQLite numbers rows by itself in a column of the type INTEGER alone.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _owned(*names: str) -> list[Column[str]]:
    return [Column(name, Text, primary_key=True) for name in ("catalog", "region", *names)]


def _of_table() -> Column[int]:
    return Column("table", _Id, ForeignKey("catalog_tables.id", ondelete="CASCADE"), primary_key=True)


catalogs = Table("catalogs", metadata, *_owned("name"), Column("document", Text, nullable=False))

databases = Table("catalog_databases", metadata, *_owned("name"), Column("document", Text, nullable=False))

tables = Table(
    "catalog_tables",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("catalog", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("database", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("document", Text, nullable=False),
    UniqueConstraint("catalog", "region", "database", "name"),
)

table_versions = Table(
    "catalog_table_versions",
    metadata,
    _of_table(),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
)

# Most partitions of a table have the same columns: they are kept once, under their digest.
schemas = Table(
    "catalog_schemas",
    metadata,
    _of_table(),
    Column("digest", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

# `key` sorts as the typed values of the partition keys do, and is unique to the values as written (keys.py).
partitions = Table(
    "catalog_partitions",
    metadata,
    _of_table(),
    Column("key", LargeBinary, primary_key=True),
    Column("hash", Integer, nullable=False),
    Column("written", Text, nullable=False),
    Column("schema", Text),
    Column("document", Text, nullable=False),
)

# `slot` numbers the indexes of a table: the positions of its later keys first, then those that users asked for.
partition_entries = Table(
    "catalog_partition_entries",
    metadata,
    _of_table(),
    Column("slot", SmallInteger, primary_key=True),
    Column("entry", LargeBinary, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

partition_indexes = Table(
    "catalog_partition_indexes",
    metadata,
    _of_table(),
    Column("name", Text, primary_key=True),
    Column("slot", SmallInteger, nullable=False),
    Column("key_names", Text, nullable=False),
)

# `partition` is the key of a partition, and empty for the statistics of the table.
statistics = Table(
    "catalog_statistics",
    metadata,
    _of_table(),
    Column("partition", LargeBinary, primary_key=True),
    Column("column", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

functions = Table("catalog_functions", metadata, *_owned("database", "name"), Column("document", Text, nullable=False))

connections = Table("catalog_connections", metadata, *_owned("name"), Column("document", Text, nullable=False))

classifiers = Table("catalog_classifiers", metadata, *_owned("name"), Column("document", Text, nullable=False))

# `resource` is an ARN, and empty for the policy of the catalog itself.
policies = Table(
    "catalog_policies",
    metadata,
    *_owned("resource"),
    Column("policy", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
)

encryption_settings = Table(
    "catalog_encryption_settings", metadata, *_owned(), Column("document", Text, nullable=False)
)

tags = Table(
    "catalog_tags",
    metadata,
    *_owned("resource", "key"),
    Column("value", Text, nullable=False),
)
