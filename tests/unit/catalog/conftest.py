"""A catalog on a new, empty database: SQLite and PostgreSQL."""

import pytest

from studiolo.catalog import Catalog, Column, Database, StorageDescriptor, Table
from studiolo.domain import Scope, now
from studiolo.state import State

SCOPE = Scope("123456789012", "eu-central-1")
KEYS = (Column("year", "int"), Column("month", "string"), Column("day", "date"))


@pytest.fixture
def scope() -> Scope:
    return SCOPE


@pytest.fixture
def catalog(state: State) -> Catalog:
    """With the database `air` and its table `days`, partitioned by year (int), month (string) and day (date)."""
    catalog = Catalog(state, now)
    catalog.create_database(SCOPE, Database("air"))
    storage = StorageDescriptor(columns=(Column("pm", "double"),), location="s3://lake/days")
    catalog.create_table(SCOPE, "air", Table("days", storage=storage, partition_keys=KEYS))
    return catalog
