"""A client of Glue, and what tests of the Data Catalog begin with."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.api.catalog_inputs import table_input


@pytest.fixture(scope="session")
def glue(client: Callable[..., Any]) -> Any:
    """A boto3 client of Glue."""
    return client("glue")


@pytest.fixture
def database(glue: Any) -> Iterator[str]:
    name = f"air_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name, "Description": "measured", "Parameters": {"a": "b"}})
    yield name
    glue.delete_database(Name=name)


@pytest.fixture
def table(glue: Any, database: str) -> str:
    """The name of a partitioned table in `database`."""
    glue.create_table(DatabaseName=database, TableInput=table_input("days"))
    return "days"
