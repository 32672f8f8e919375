"""Which databases, tables and functions a call of the metastore is about, in the words of Glue's ARNs.

After "Specifying AWS Glue resource ARNs" (Glue Developer Guide), as the same call of Glue's API asks: what is done to a
resource must be allowed on all above it, and what deletes it on all below it too. What a call does not name is `*`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hive_metastore import ThriftHiveMetastore

from studiolo.domain import Scope
from studiolo.metastore.later import METHODS
from studiolo.metastore.room import plain

_DATABASE = ("dbName", "db_name", "dbname", "oldDbName", "databaseName", "parent_db_name", "foreign_db_name")
_TABLE = (
    "tblName",
    "tbl_name",
    "tableName",
    "table_name",
    "tablename",
    "tblNames",
    "tbl_names",
    "parent_tbl_name",
    "foreign_tbl_name",
)
_FUNCTION = ("functionName", "funcName")
_WITHIN = frozenset(
    {
        "table", "tbl", "new_tbl", "statsDesc", "colStats", "stats_obj", "component", "parts", "new_part", "new_parts",
        "partitions", "rqst", "request", "req", "db", "database", "func", "newFunc",
    }
)  # fmt: skip
"""The members and arguments that name what a call is about in turn."""


def resources(scope: Scope, method: str, action: str, arguments: Sequence[Any]) -> set[str]:
    """The ARNs that `action`, one of those that the method needs, must be allowed on."""
    prefix = f"arn:{scope.partition}:glue:{scope.region}:{scope.account}:"
    verb = action.removeprefix("glue:")
    found = {"catalog"}
    for values in _named(_by_name(method, arguments)):
        database, tables, function = _parts(method, values)
        if verb in ("GetDatabases", "GetCatalogs"):
            continue
        found.add(f"database/{database}")
        if verb == "DeleteDatabase":
            found |= {f"table/{database}/*", f"userDefinedFunction/{database}/*"}
        elif verb == "CreateUserDefinedFunction":
            continue
        elif "UserDefinedFunction" in verb:
            found.add(f"userDefinedFunction/{database}/{function}")
        elif not verb.endswith("Database"):
            names = ("*",) if verb == "GetTables" else tables
            found |= {f"table/{database}/{name}" for name in names}
    return {prefix + name for name in found}


def _by_name(method: str, arguments: Sequence[Any]) -> Mapping[str, Any]:
    known = getattr(ThriftHiveMetastore, f"{method}_args", None) or METHODS[method].arguments
    names = [field[2] for field in known.thrift_spec if field]
    return dict(zip(names, arguments, strict=False))


def _named(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The arguments, and the structures in them, that name a database; all of them where none does."""
    found = list(_structures(values, 4))
    naming = [each for each in found if any(isinstance(each.get(name), str) for name in (*_DATABASE, "name"))]
    yield from naming or found[:1]


def _structures(values: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    yield values
    if depth == 0:
        return
    for name in _WITHIN & values.keys():
        for each in values[name] if isinstance(values[name], list) else [values[name]]:
            if hasattr(each, "thrift_spec"):
                yield from _structures(vars(each), depth - 1)


def _parts(method: str, values: Mapping[str, Any]) -> tuple[str, Sequence[str], str]:
    """The database, tables and function that values name, in lower case as the catalog keeps them."""
    database, table = _first(values, _DATABASE), _first(values, _TABLE)
    if database is None:
        # Databases, and what drops one, are told by `name`.
        database = values.get("name")
    elif table is None and method.startswith("drop_table"):
        table = values.get("name")
    tables = [each.lower() for each in (table if isinstance(table, list) else [table or "*"])]
    return (plain(database) or "*").lower(), tables or ["*"], (_first(values, _FUNCTION) or "*").lower()


def _first(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name)), None)
