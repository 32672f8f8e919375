"""Two clients that change one table at once."""

import json
from dataclasses import replace

import pytest

from studiolo.catalog import Column, StorageDescriptor, Table
from studiolo.domain import Conflict
from studiolo.metastore.memory import Memory, merged

A, B, C = Column("a", "int"), Column("b", "int"), Column("c", "int")
BASE = Table("t", "air", storage=StorageDescriptor((A,), "s3://b/t"), parameters={"numRows": "1", "owner": "x"})


def with_columns(table: Table, *columns: Column) -> Table:
    assert table.storage is not None
    return replace(table, storage=replace(table.storage, columns=columns))


def with_schema(*names: str) -> Table:
    """As Spark writes a table of a format that Hive does not know."""
    schema = json.dumps({"fields": [{"name": name, "type": "integer"} for name in names]})
    return replace(BASE, parameters={"spark.sql.sources.schema": schema})


def test_statistics_of_an_append_do_not_undo_a_column_that_was_added_meanwhile() -> None:
    present = replace(with_columns(BASE, A, B), version=1)
    wanted = replace(BASE, parameters={"numRows": "2"})
    after = merged(BASE, wanted, present)
    assert (after.storage, after.parameters) == (present.storage, {"numRows": "2"})


def test_two_appends_at_once_keep_the_later_statistics() -> None:
    present = replace(BASE, parameters={"numRows": "5", "owner": "x", "by": "other"})
    after = merged(BASE, replace(BASE, parameters={"numRows": "2", "owner": "x"}), present)
    assert after.parameters == {"numRows": "2", "owner": "x", "by": "other"}


def test_two_changes_of_the_columns_are_not_both_carried_out() -> None:
    with pytest.raises(Conflict, match=r"air\.t was changed by another client meanwhile"):
        merged(BASE, with_columns(BASE, A, C), with_columns(BASE, A, B))
    with pytest.raises(Conflict):
        merged(BASE, with_schema("a", "c"), with_schema("a", "b"))


def test_a_change_that_includes_the_other_s_is_carried_out() -> None:
    assert merged(BASE, with_columns(BASE, A, B, C), with_columns(BASE, A, B)).storage == (
        with_columns(BASE, A, B, C).storage
    )
    assert merged(BASE, with_schema("a", "b", "c"), with_schema("a", "b")) == with_schema("a", "b", "c")


def test_a_change_begins_with_the_first_of_the_readings_just_before_it() -> None:
    memory = Memory()
    memory.add(BASE)
    memory.add(replace(BASE, version=1))
    assert memory.earliest("AIR", "T") == BASE
    memory.forget("air", "t")
    assert memory.earliest("air", "t") is None
