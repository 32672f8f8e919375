"""Searching the tables of all databases (Glue API Reference, SearchTables)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, false, or_, select, true

from studiolo.catalog.model import Table
from studiolo.catalog.subject import TABLE, Subject, within
from studiolo.catalog.tables import tables
from studiolo.domain import Invalid, Page, Scope
from studiolo.moments import read_moment

_FIELDS: Mapping[str, Callable[[Table], Any]] = {
    "name": lambda table: table.name,
    "tablename": lambda table: table.name,
    "databasename": lambda table: table.database,
    "description": lambda table: table.description or "",
    "owner": lambda table: table.owner or "",
    "tabletype": lambda table: table.type or "",
    "location": lambda table: (table.storage.location if table.storage else None) or "",
    "createtime": lambda table: table.created,
    "updatetime": lambda table: table.updated,
    "lastaccesstime": lambda table: table.last_access,
}
_MOMENTS = ("createtime", "updatetime", "lastaccesstime")
_COMPARISONS: Mapping[str, Callable[[datetime, datetime], bool]] = {
    "EQUALS": lambda left, right: left == right,
    "GREATER_THAN": lambda left, right: left > right,
    "LESS_THAN": lambda left, right: left < right,
    "GREATER_THAN_EQUALS": lambda left, right: left >= right,
    "LESS_THAN_EQUALS": lambda left, right: left <= right,
}


@dataclass(frozen=True, slots=True)
class Property:
    """A condition on a field or parameter of a table; `comparator` is for moments."""

    key: str
    value: str
    comparator: str = "EQUALS"


class Search(Subject):
    """Tables by what they are like."""

    def search_tables(
        self,
        scopes: Sequence[Scope],
        *,
        text: str | None = None,
        properties: Sequence[Property] = (),
        sort: Sequence[tuple[str, bool]] = (),
        after: int = 0,
        limit: int = 100,
        seen: Callable[[Scope, Table], Table | None] = lambda _scope, table: table,
    ) -> Page[tuple[Scope, Table]]:
        """The tables of these catalogs that all conditions hold for, each with whose it is.

        sort: fields, and whether each is descending. seen: a table as who searches may see it, None for not at all:
        the conditions are asked of that.

        text: words that are all in the table's name, description, columns or parameters, exactly so in quotes;
        a text property matches one of the words that punctuation divides a field into. Raises Invalid.
        """
        tests = [_property_test(each) for each in properties]
        parts = [each.value for each in properties if each.key.lower() not in _MOMENTS]
        if text and text.strip():
            tests.append(_text_test(text.strip()))
            parts += _parts(text.strip())
        there = or_(false(), *(within(tables, each) for each in scopes))
        query = select(tables.c.catalog, tables.c.region, tables.c.database, tables.c.document)
        query = query.where(there, *map(_has, parts))
        with self._state.reading() as connection:
            rows = connection.execute(
                query.order_by(tables.c.catalog, tables.c.database, tables.c.name).execution_options(yield_per=1000)
            )
            known = ((Scope(row.catalog, row.region), _as_table(row)) for row in rows)
            may = ((scope, shown) for scope, table in known if (shown := seen(scope, table)) is not None)
            fit = (pair for pair in may if all(test(pair[1]) for test in tests))
            found = list(fit if sort else islice(fit, after + limit + 1))
        for name, descending in reversed(sort):
            found.sort(key=_sort_key(name), reverse=descending)
        more = len(found) > after + limit
        return Page(found[after : after + limit], str(after + limit) if more else None)


def _as_table(row: Row[Any]) -> Table:
    return replace(TABLE.validate_json(row.document), database=row.database)


def _has(part: str) -> ColumnElement[bool]:
    """Whether the part stands anywhere in what is kept of a table: asked of the database, which need not parse it."""
    if not part.isascii() or not part.isprintable() or not {'"', "\\"}.isdisjoint(part):
        return true()  # it may be kept in other letters
    return or_(
        tables.c.database.icontains(part, autoescape=True),
        tables.c.document.icontains(part, autoescape=True),
    )


def _value(table: Table, key: str) -> Any:
    field = _FIELDS.get(key.lower())
    return field(table) if field is not None else table.parameters.get(key, "")


def _sort_key(name: str) -> Callable[[tuple[Scope, Table]], tuple[bool, Any]]:
    def key(pair: tuple[Scope, Table]) -> tuple[bool, Any]:
        value = _value(pair[1], name)
        return value is not None, value if value is not None else ""

    return key


def _property_test(wanted: Property) -> Callable[[Table], bool]:
    if wanted.key.lower() in _MOMENTS:
        moment, compare = _moment(wanted.value), _COMPARISONS[wanted.comparator]

        def in_time(table: Table) -> bool:
            found = _value(table, wanted.key)
            return found is not None and compare(found, moment)

        return in_time
    value = wanted.value.lower()
    return lambda table: value == _value(table, wanted.key).lower() or value in _words(_value(table, wanted.key))


def _text_test(text: str) -> Callable[[Table], bool]:
    words = _parts(text.lower())
    if _exact(text):
        return lambda table: any(words[0] == part.lower() for part in _texts(table))
    return lambda table: all(any(word in part.lower() for part in _texts(table)) for word in words)


def _exact(text: str) -> bool:
    return len(text) > 2 and text[0] == text[-1] == '"'


def _parts(text: str) -> list[str]:
    """What must stand in one of a table's texts each."""
    return [text[1:-1]] if _exact(text) else text.split()


def _texts(table: Table) -> list[str]:
    columns = (*(table.storage.columns if table.storage else ()), *table.partition_keys)
    named = [part for column in columns for part in (column.name, column.comment or "")]
    return [table.name, table.database, table.description or "", *named, *table.parameters, *table.parameters.values()]


def _words(text: str) -> list[str]:
    return re.split(r"[^0-9a-z]+", text.lower())


def _moment(text: str) -> datetime:
    """Seconds since 1970, or ISO 8601."""
    try:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            return datetime.fromtimestamp(float(text), timezone.utc)
        return read_moment(text)
    except (ValueError, OverflowError, OSError):
        raise Invalid(f"{text!r} is not a moment: seconds since 1970, or ISO 8601.") from None
