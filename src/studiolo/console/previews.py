"""The rows that a data cells filter would show, before anybody is granted it.

They are taken from what the person may read with his own keys: nobody sees more of the table by a preview than without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.console.people import Clients
from studiolo.console.reading import sample
from studiolo.console.rows import ROWS, NoSample, Rows
from studiolo.domain import Invalid
from studiolo.governance.expressions import tester

LOOKED_AT = 5000
"""Rows of the table, the first of its files, among which those are looked for."""


@dataclass(frozen=True)
class Preview:
    """The first rows that show, how many there are among those that were looked at, and how many these are."""

    rows: Rows
    found: int
    looked_at: int


def preview(person: Clients, glue: Any, table: Mapping[str, Any], filter_: str, columns: Sequence[str]) -> Preview:
    """What a filter shows; columns: those that show, all where there are none. Raises NoSample, ClientError."""
    own, keys = table["StorageDescriptor"].get("Columns", []), table.get("PartitionKeys", [])
    told = [[(each["Name"], each.get("Type", "string")) for each in some] for some in (own, keys)]
    try:
        holds = tester(filter_, *told)
    except Invalid as error:
        raise NoSample(str(error)) from error
    names = [name for name, _ in (*told[0], *told[1])]
    unknown = {each.lower() for each in columns} - {each.lower() for each in names}
    if unknown:
        raise NoSample(f"The table has no columns {', '.join(sorted(unknown))}.")
    found = sample(person, glue, table, LOOKED_AT)
    rows = [row for row in found.values if holds(dict(zip((each.lower() for each in found.columns), row, strict=True)))]
    wanted = {each.lower() for each in columns} or {each.lower() for each in names}
    places = [place for place, name in enumerate(found.columns) if name.lower() in wanted]
    shown = [tuple(row[place] for place in places) for row in rows[:ROWS]]
    return Preview(Rows([found.columns[place] for place in places], shown), len(rows), len(found.values))
