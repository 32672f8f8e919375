"""Charts that are made of rows: of a query's answer, and of the trials of a tuning job. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from math import log10
from typing import Any

from studiolo.console.rendering import cell, number, shorter
from studiolo.console.rows import Rows

MOST_BARS = 30
MOST_LINES = 4
MOST_DRAWN = 100
"""Trials that have a line."""
MOST_AXES = 10


@dataclass(frozen=True)
class Bar:
    """length: in hundredths of the longest; empty where there is no value."""

    label: str
    value: str
    length: float


@dataclass(frozen=True)
class Chart:
    """Figures over something: as a drawing of the page's script (`drawn`, JSON), or as bars; what else could be drawn.

    over, figures: the columns chosen; columns, numeric: those that can be.
    """

    over: str
    figures: Sequence[str]
    columns: Sequence[str]
    numeric: Sequence[str]
    drawn: str | None = None
    bars: Sequence[Bar] = ()
    cut: bool = False


def quick(rows: Rows, over: str = "", figure: str = "") -> Chart | None:
    """An answer as a chart; None where no column is of numbers, or there is but one row.

    over: a column, else the first of moments, of words, or the first one; figure: one of numbers, else the first few
    others. Over moments and numbers there are lines, over words a bar for each.
    """
    if len(rows.values) < 2:
        return None
    by_name = {name: [row[place] for row in rows.values] for place, name in enumerate(rows.columns)}
    numeric = [name for name, values in by_name.items() if _is_numeric(values)]
    if not numeric:
        return None
    words = [name for name in by_name if name not in numeric]
    dated = [name for name in words if _moments(by_name[name]) is not None]
    if over not in by_name:
        over = next(iter([*dated, *words, *by_name]))
    others = [name for name in numeric if name != over] or numeric
    figures = [figure] if figure in numeric else others[:MOST_LINES]
    chosen = Chart(over, figures, rows.columns, numeric)
    at: Sequence[float | None] | None = by_name[over] if over in numeric else _moments(by_name[over])
    if at is None:
        return _barred(chosen, by_name)
    places = [place for _, place in sorted((each, place) for place, each in enumerate(at) if each is not None)]
    data = [[at[place] for place in places], *([by_name[name][place] for place in places] for name in figures)]
    drawn = {"time": over not in numeric, "names": figures, "data": data}
    return Chart(over, figures, rows.columns, numeric, drawn=json.dumps(drawn))


def _barred(chosen: Chart, by_name: Mapping[str, Sequence[Any]]) -> Chart:
    figure = chosen.figures[0]
    pairs = list(zip(by_name[chosen.over], by_name[figure], strict=True))[:MOST_BARS]
    most = max((abs(value) for _, value in pairs if value is not None), default=0) or 1
    bars = [
        Bar(
            "null" if label is None else cell(label),
            "null" if value is None else cell(value),
            round(100 * abs(value or 0) / most, 1),
        )
        for label, value in pairs
    ]
    cut = len(by_name[figure]) > MOST_BARS
    return Chart(chosen.over, [figure], chosen.columns, chosen.numeric, bars=bars, cut=cut)


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(map(number, known))


def _moments(values: Sequence[Any]) -> list[float | None] | None:
    """Seconds since 1970 of texts that are days or moments, as Spark writes them; None where one is not."""
    found: list[float | None] = []
    for value in values:
        if value is None:
            found.append(None)
            continue
        try:
            moment = datetime.fromisoformat(str(value)) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None:
            return None
        found.append((moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)).timestamp())
    return found if any(each is not None for each in found) else None


@dataclass(frozen=True)
class Axis:
    """x: from the left; low, high: what its ends stand for."""

    name: str
    x: float
    low: str
    high: str


@dataclass(frozen=True)
class Line:
    """points: as SVG has them; best: whether it is the best trial's."""

    title: str
    points: str
    best: bool


@dataclass(frozen=True)
class Parallel:
    """Axes beside each other, and a line through all of them for each trial. The best line is the last."""

    axes: Sequence[Axis]
    lines: Sequence[Line]
    width: int
    height: int = 200


def parallel(
    trials: Sequence[tuple[str, Mapping[str, str], float]],
    parameters: Sequence[str],
    objective: str,
    *,
    maximize: bool,
    logarithmic: Sequence[str] = (),
) -> Parallel | None:
    """Trials, each a name, its hyperparameters and its value, over the axes of all; None for fewer than two of either.

    Only the best hundred are drawn. What is no number stands at its place in the alphabet.
    """
    shown = sorted(trials, key=lambda trial: trial[2], reverse=maximize)[:MOST_DRAWN]
    names = [name for name in parameters if all(name in given for _, given, _ in shown)][:MOST_AXES]
    if len(shown) < 2 or len(names) < 2:
        return None
    scales = [_Scale([given[name] for _, given, _ in shown], logarithmic=name in logarithmic) for name in names]
    scales.append(_Scale([repr(value) for _, _, value in shown], logarithmic=False))
    step, height = 150, Parallel.height
    axes = [
        Axis(name, place * step, scale.low, scale.high)
        for place, (name, scale) in enumerate(zip([*names, objective], scales, strict=True))
    ]
    lines = []
    for rank, (name, given, value) in enumerate(shown):
        texts = [*(given[each] for each in names), repr(value)]
        points = " ".join(
            f"{place * step},{height * (1 - scale.at(text)):.1f}"
            for place, (scale, text) in enumerate(zip(scales, texts, strict=True))
        )
        told = ", ".join(f"{each} {shorter(given[each])}" for each in names)
        lines.append(Line(f"{name}: {objective} {cell(value)}, {told}", points, best=rank == 0))
    return Parallel(axes, lines[::-1], step * (len(axes) - 1))


class _Scale:
    """Where values are on an axis, from 0 at its lower end to 1."""

    def __init__(self, texts: Sequence[str], *, logarithmic: bool) -> None:
        self._words: list[str] | None = None
        self._logarithmic = False
        try:
            numbers = [float(text) for text in texts]
            self._logarithmic = logarithmic and min(numbers) > 0
            self.low, self.high = cell(min(numbers)), cell(max(numbers))
        except ValueError:
            self._words = sorted(set(texts))
            numbers = [0.0, float(len(self._words) - 1)]
            self.low, self.high = self._words[0], self._words[-1]
        self._least, self._most = self._placed(min(numbers)), self._placed(max(numbers))

    def at(self, text: str) -> float:
        here = self._placed(float(text)) if self._words is None else float(self._words.index(text))
        return (here - self._least) / (self._most - self._least) if self._most > self._least else 0.5

    def _placed(self, value: float) -> float:
        return log10(value) if self._logarithmic else value
