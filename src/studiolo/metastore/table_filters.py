"""Hive's filters of tables, by owner, last access and parameters: `hive_filter_field_params__table_type = "ICEBERG"`."""

from collections.abc import Callable

from studiolo.catalog import HIVE_NULL, And, Column, Filter, Keys, Or, Table, evaluator
from studiolo.domain import Invalid
from studiolo.metastore.filters import condition

OWNER = "hive_filter_field_owner__"
LAST_ACCESS = "hive_filter_field_last_access__"
PARAMETER = "hive_filter_field_params__"


def table_filter(text: str) -> Callable[[Table], bool]:
    """Whether a table is one that the filter means. Raises Invalid."""
    where = condition(text)
    if where is None:
        return lambda table: True
    fields = list(dict.fromkeys(_fields(where)))
    test = evaluator(where, Keys([Column(name, "bigint" if name == LAST_ACCESS else "string") for name in fields]))
    return lambda table: test([_value(table, name) for name in fields]) is True


def _fields(where: Filter) -> list[str]:
    if isinstance(where, And | Or):
        return [name for part in where.parts for name in _fields(part)]
    if where.key not in (OWNER, LAST_ACCESS) and not where.key.startswith(PARAMETER):
        raise Invalid(f"Tables are not filtered by {where.key}, but by {OWNER}, {LAST_ACCESS} and {PARAMETER}….")
    return [where.key]


def _value(table: Table, field: str) -> str:
    if field == OWNER:
        return table.owner or HIVE_NULL
    if field == LAST_ACCESS:
        return str(int(table.last_access.timestamp())) if table.last_access else "0"
    return table.parameters.get(field.removeprefix(PARAMETER), HIVE_NULL)
