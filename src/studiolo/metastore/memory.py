"""What a connection was shown of tables, so that what it sends back loses nothing that others changed meanwhile.

Hive's clients alter a table by sending all of it, as they read it and with their change in it. Laid over what others
have changed since they read it, that would undo the others' change.
"""

import contextlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, fields, replace
from typing import Any

from studiolo.catalog import SerDe, StorageDescriptor, Table
from studiolo.domain import Conflict

WINDOW = 2.0
"""Seconds. An engine may read a table several times for one change, and have begun with the first."""

REMEMBERED = 100
"""Tables."""

SCHEMA = "spark.sql.sources."
"""Parameters that two changes cannot both set; of others, as sizes and times, the last one is right."""

OF_THE_CATALOG = ("created", "updated", "created_by", "version", "last_access", "database", "name")


class Memory:
    """The tables that one connection was shown."""

    def __init__(self) -> None:
        self._shown: OrderedDict[tuple[str, str], list[tuple[float, Table]]] = OrderedDict()

    def add(self, table: Table) -> None:
        """The client has this table now."""
        moment = time.monotonic()
        seen = self._shown.pop((table.database, table.name), [])
        recent = [entry for entry in seen if moment - entry[0] < WINDOW]
        if not recent or recent[-1][1].version != table.version:
            recent.append((moment, table))
        self._shown[table.database, table.name] = recent
        if len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)

    def earliest(self, database: str, name: str) -> Table | None:
        """What the client may have begun its change with."""
        seen = self._shown.get((database.lower(), name.lower()))
        return seen[0][1] if seen else None

    def forget(self, database: str, name: str) -> None:
        """The client has changed the table: what it was shown before is past."""
        self._shown.pop((database.lower(), name.lower()), None)


def merged(base: Table, wanted: Table, present: Table) -> Table:
    """What is `wanted`, made of `base`, on the `present` table. Raises Conflict where the two changes are of one thing."""
    # A client that has all the present columns in its own has seen the other's change, if not at its first reading.
    merge = _Merge(whole=_columns(present) <= _columns(wanted))
    try:
        changed = merge.fields(
            base, wanted, present, [each for each in fields(Table) if each.name not in OF_THE_CATALOG]
        )
    except _Both:
        raise Conflict(
            f"Table {present.database}.{present.name} was changed by another client meanwhile: run the statement again."
        ) from None
    return replace(present, **changed, name=wanted.name, database=wanted.database, last_access=wanted.last_access)


def _columns(table: Table) -> set[tuple[str, Any]]:
    """The columns by name and type: Spark keeps those of some formats in a parameter alone."""
    columns = {(column.name, column.type) for column in (table.storage.columns if table.storage else ())}
    with contextlib.suppress(KeyError, ValueError, TypeError):
        schema = json.loads(table.parameters["spark.sql.sources.schema"])
        columns |= {(field["name"], json.dumps(field["type"])) for field in schema["fields"]}
    return columns


class _Both(Exception):
    """Both sides changed the same thing, differently."""


@dataclass(frozen=True)
class _Merge:
    """Three-way merging; `whole` says that what is wanted of the columns includes what is there."""

    whole: bool

    def fields(self, base: Any, wanted: Any, present: Any, parts: Sequence[Field[Any]]) -> dict[str, Any]:
        return {
            part.name: self.value(getattr(base, part.name), getattr(wanted, part.name), getattr(present, part.name))
            for part in parts
        }

    def value(self, base: Any, wanted: Any, present: Any) -> Any:
        if wanted == base:
            return present
        if present in (base, wanted):
            return wanted
        if all(isinstance(side, Mapping) for side in (base, wanted, present)):
            return self.parameters(base, wanted, present)
        if isinstance(base, StorageDescriptor | SerDe) and type(base) is type(wanted) is type(present):
            return replace(present, **self.fields(base, wanted, present, fields(base)))
        if self.whole and isinstance(wanted, tuple):
            return wanted
        raise _Both

    def parameters(
        self, base: Mapping[str, str], wanted: Mapping[str, str], present: Mapping[str, str]
    ) -> dict[str, str]:
        after = dict(present)
        for key in base.keys() | wanted.keys():
            if wanted.get(key) == base.get(key):
                continue
            both = present.get(key) not in (base.get(key), wanted.get(key))
            if both and key.startswith(SCHEMA) and not self.whole:
                raise _Both
            if key in wanted:
                after[key] = wanted[key]
            else:
                after.pop(key, None)
        return after
