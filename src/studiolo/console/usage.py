"""What was used by day, and what AWS's list price would have been: `prices.json` of the data folder, else the one here.

Pure: from uses, each with its beginning and its end, to a table. Nothing here is billed by anybody.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

OWN = Path(__file__).parent / "prices.json"
DPU = "DPU"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Use:
    """So many units (of a DPU, or of a type of instance) that one thing had from a moment to another."""

    kind: str
    name: str
    path: str
    unit: str
    count: float
    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Prices:
    """US dollars an hour, by unit. date and place: of the table; wrong: why the person's own is not used."""

    date: str
    place: str
    hourly: Mapping[str, float]
    wrong: str = ""

    @classmethod
    def read(cls, file: Path) -> "Prices":
        """Of a person's file, where there is one that is right; else of the table here."""
        wrong = ""
        if file.exists():
            try:
                return cls._of(json.loads(file.read_text()))
            except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
                wrong = f"{file} is not used: {type(error).__name__}: {error}"
        own = cls._of(json.loads(OWN.read_text()))
        return cls(own.date, own.place, own.hourly, wrong)

    @classmethod
    def _of(cls, values: Mapping[str, Any]) -> "Prices":
        hourly = {str(unit): float(price) for unit, price in values["hourly"].items()}
        return cls(str(values["date"]), str(values["region"]), hourly)


@dataclass
class Row:
    """What one thing used on one day. cost: None where its unit has no price."""

    day: date
    use: Use
    hours: float = 0.0
    cost: float | None = None


@dataclass
class Day:
    """A day's rows, the most hours first."""

    day: date
    rows: list[Row] = field(default_factory=list)

    @property
    def cost(self) -> float:
        return sum(row.cost or 0.0 for row in self.rows)

    def hours(self, *, dpu: bool) -> float:
        return sum(row.hours for row in self.rows if (row.use.unit == DPU) == dpu)


def by_day(uses: Iterable[Use], prices: Prices, first: date, last: date) -> list[Day]:
    """The days from the first to the last one, in UTC, the newest first."""
    days = [Day(first + timedelta(days=number)) for number in range((last - first).days + 1)]
    for use in uses:
        for each in days:
            begin = datetime.combine(each.day, time(), timezone.utc)
            lasted = min(use.end, begin + timedelta(days=1)) - max(use.begin, begin)
            if lasted > timedelta():
                hours, price = use.count * (lasted / HOUR), prices.hourly.get(use.unit)
                each.rows.append(Row(each.day, use, hours, None if price is None else hours * price))
    for each in days:
        each.rows.sort(key=lambda row: (-row.hours, row.use.name))
    return days[::-1]
