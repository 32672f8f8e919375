"""Many numbers in little room: their count, sum, extremes, and how they lie."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DIGITS = 3
"""Significant digits by which values are told apart: percentiles are right to half a percent."""


@dataclass(slots=True)
class Distribution:
    """What is known of a set of numbers.

    `counts` says how many values lie where, by the value in three digits; it is None where only statistics were told
    (CloudWatch has no percentiles of those).
    """

    count: float = 0.0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    counts: dict[float, float] | None = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterable[tuple[float, float]]) -> "Distribution":
        """Of values, each with how many times it was measured."""
        made = cls()
        for value, times in values:
            made.add(value, times)
        return made

    @classmethod
    def told(cls, count: float, total: float, least: float, most: float) -> "Distribution":
        """Of statistics alone. One value, or many that are the same, are known all the same."""
        known = {_place(least): count} if least == most else None
        return cls(count, total, least, most, known)

    def add(self, value: float, times: float = 1.0) -> None:
        self.count += times
        self.total += value * times
        self.least, self.most = min(self.least, value), max(self.most, value)
        if self.counts is not None:
            place = _place(value)
            self.counts[place] = self.counts.get(place, 0.0) + times

    def merge(self, other: "Distribution") -> None:
        self.count += other.count
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        if self.counts is None or other.counts is None:
            self.counts = None
            return
        for place, times in other.counts.items():
            self.counts[place] = self.counts.get(place, 0.0) + times

    def sorted(self) -> Sequence[tuple[float, float]]:
        """The values in their order, each with how many there are. The extremes are exact."""
        places = sorted((self.counts or {}).items())
        return [(min(max(value, self.least), self.most), times) for value, times in places]

    def to_json(self) -> dict[str, Any]:
        counts = None if self.counts is None else [[value, times] for value, times in self.counts.items()]
        return {"n": self.count, "sum": self.total, "min": self.least, "max": self.most, "at": counts}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Distribution":
        counts = None if values["at"] is None else dict(values["at"])
        return cls(values["n"], values["sum"], values["min"], values["max"], counts)


def _place(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
