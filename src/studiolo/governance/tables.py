"""What is remembered of Lake Formation. `catalog` is the id of a catalog, as in catalog/tables.py; documents are JSON."""

from sqlalchemy import BigInteger, Column, Table, Text

from studiolo.state import Moment, metadata


def _owned(*names: str) -> list[Column[str]]:
    return [Column(name, Text, primary_key=True) for name in ("catalog", "region", *names)]


settings = Table("lake_settings", metadata, *_owned(), Column("document", Text, nullable=False))

locations = Table("lake_locations", metadata, *_owned("arn"), Column("document", Text, nullable=False))

# `resource` is what a grant is kept under (Resource.key); the database and table are those it is on, else empty.
grants = Table(
    "lake_grants",
    metadata,
    *_owned("principal", "resource"),
    Column("database", Text, nullable=False),
    Column("table", Text, nullable=False),
    Column("document", Text, nullable=False),
)

filters = Table(
    "lake_filters", metadata, *_owned("database", "table", "name"), Column("document", Text, nullable=False)
)

opt_ins = Table("lake_opt_ins", metadata, *_owned("principal", "resource"), Column("document", Text, nullable=False))

tags = Table("lake_tags", metadata, *_owned("key"), Column("document", Text, nullable=False))

# What has which LF-tags: a database, a table of it, or a column of that; the others are empty.
tagged = Table(
    "lake_tagged", metadata, *_owned("database", "table", "column", "key"), Column("value", Text, nullable=False)
)

expressions = Table("lake_expressions", metadata, *_owned("name"), Column("document", Text, nullable=False))

# Which table a governed view is of; the view's id tells the rows and columns too (views.py).
views = Table(
    "lake_views",
    metadata,
    *_owned("id"),
    Column("database", Text, nullable=False),
    Column("table", Text, nullable=False),
    Column("made", Moment, nullable=False),
)

# One file of a governed view, and of which raw object it was made; `size` is -1 where no row was left. Of views of
# Iceberg tables `rows` counts what is in it, and `etag` tells the deletes, too.
view_files = Table(
    "lake_view_files",
    metadata,
    *_owned("view", "key"),
    Column("source", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("used", Moment, nullable=False),
    Column("rows", BigInteger),
)
