"""Every call of the metastore is asked for by the database, table or function that it names, however it names it."""

from typing import Any

import pytest
from hive_metastore import ThriftHiveMetastore
from hive_metastore import ttypes as hive

from studiolo.domain import Scope
from studiolo.metastore.later import METHODS
from studiolo.metastore.resources import resources
from studiolo.metastore.rights import _OF_EACH, DEPENDING

SCOPE = Scope("123456789012", "eu-west-1")
NAMES = {
    **dict.fromkeys(("dbName", "db_name", "dbname", "oldDbName", "databaseName", "parent_db_name"), "@hive#Air"),
    **dict.fromkeys(("tblName", "tbl_name", "tableName", "table_name", "tablename", "parent_tbl_name"), "Days"),
    "tblNames": ["Days"],
    "tbl_names": ["Days"],
    **dict.fromkeys(("functionName", "funcName"), "F"),
}
OF_LISTS = ("get_all_databases", "get_databases", "get_databases_req")
OF_ALL = ("get_all_functions", "get_table_meta", "get_all_tables")
CALLS = [name for name in [*_OF_EACH, *DEPENDING] if _OF_EACH.get(name, True)]


def filled(kind: Any, depth: int = 3) -> Any:
    """A structure of that kind, whose members are the names by which they call the table days of air."""
    made = kind()
    for field in filter(None, kind.thrift_spec):
        setattr(made, field[2], value(field, depth))
    return made


def value(field: Any, depth: int) -> Any:
    _, kind, name, of, _ = field
    if name in NAMES:
        return NAMES[name]
    if kind == 12 and depth:
        return filled(of[0], depth - 1)
    if kind == 15 and of[0] == 12 and depth:
        return [filled(of[1][0], depth - 1)]
    return None


@pytest.mark.parametrize("method", CALLS)
def test_a_call_is_asked_for_by_what_it_names(method: str) -> None:
    known = getattr(ThriftHiveMetastore, f"{method}_args", None) or METHODS[method].arguments
    arguments = filled(known)
    for name in ("name", "database", "db", "req", "request"):
        for thing in (arguments, getattr(arguments, name, None)):
            if hasattr(thing, "name"):
                thing.name = "Days" if method.startswith("drop_table") else "Air"
    values = [getattr(arguments, field[2]) for field in known.thrift_spec if field]
    needed = DEPENDING[method](*values) if method in DEPENDING else _OF_EACH[method]
    for action in needed:
        ends = {arn.split(":", 5)[5] for arn in resources(SCOPE, method, action, values)}
        assert "catalog" in ends
        if method in OF_LISTS:
            assert ends == {"catalog"}
        elif method not in OF_ALL:
            assert "database/air" in ends
            assert not {end for end in ends if end.startswith("database/")} - {"database/air"}
            if not action.endswith(("Database", "Databases", "Functions", "GetTables", "CreateUserDefinedFunction")):
                assert ends & {"table/air/days", "userDefinedFunction/air/f"}


def test_a_rename_is_asked_for_at_both_ends() -> None:
    ends = resources(SCOPE, "alter_table", "glue:UpdateTable", ["air", "days", hive.Table(dbName="sea", tableName="x")])
    assert {"table/air/days", "table/sea/x"} <= {arn.split(":", 5)[5] for arn in ends}


def test_what_names_nothing_is_asked_for_on_everything() -> None:
    ends = resources(SCOPE, "lock", "glue:UpdateTable", [hive.LockRequest(component=[])])
    assert {arn.split(":", 5)[5] for arn in ends} == {"catalog", "database/*", "table/*/*"}
