"""Queries of Logs Insights ("CloudWatch Logs Insights language query syntax"), read into what runs over rows.

Commands: fields, display, filter, parse, stats, sort, limit, dedup; the others that AWS has are refused by name.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from studiolo.domain import LimitExceeded
from studiolo.logs.insights.expressions import Expressions
from studiolo.logs.insights.functions import AGGREGATES, percentile
from studiolo.logs.insights.tokens import Malformed, Tokens, unquoted
from studiolo.logs.insights.values import Expression, number, order, text, true
from studiolo.logs.regexes import compiled

Rows = Iterable[dict[str, Any]]
Stage = Callable[[Rows], Rows]
Aggregate = tuple[Expression, Callable[[Sequence[Any]], Any]]

DEFAULT_COLUMNS = ("@timestamp", "@message")
MOST_ROWS = 10_000
MOST_HELD = 200_000
"""Rows that are in memory to be sorted."""
ELSEWHERE = frozenset(
    {"pattern", "diff", "unmask", "unnest", "lookup", "join", "subquery", "anomaly", "source", "filterindex", "union"}
)


@dataclass
class Plan:
    """What a query does: its stages in order, up to `filters` a row for a row; and which fields its result shows."""

    stages: list[Stage] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    aggregated: bool = False
    ordered: bool = False
    limit: int | None = None
    filters: int = 0

    @property
    def shown(self) -> Sequence[str]:
        """The columns of a result."""
        return self.columns or DEFAULT_COLUMNS

    def matching(self, rows: Rows) -> Rows:
        """The rows that pass the filters, the latest first: before rows are left out, put together, or sorted."""
        return _through(self.stages[: self.filters], rows)

    def finished(self, matching: Rows) -> Rows:
        """What comes of the rows that pass the filters."""
        return _through(self.stages[self.filters :], matching)


def _through(stages: Sequence[Stage], rows: Rows) -> Rows:
    for stage in stages:
        rows = stage(rows)
    return rows


def read(query: str) -> Plan:
    """Raises Malformed with the place of what cannot be read."""
    return _Reader(query).plan()


class _Reader:
    def __init__(self, query: str) -> None:
        self._tokens = Tokens(query)
        self._expressions = Expressions(self._tokens)
        self._plan = Plan()
        self._settled = False
        """Whether a command has come after which rows are no longer the events that match."""

    def plan(self) -> Plan:
        commands: dict[str, Callable[[], None]] = {
            "fields": self._fields,
            "display": self._display,
            "filter": self._filter,
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            "dedup": self._dedup,
        }
        while True:
            token = self._tokens.peek()
            if token.word in ELSEWHERE:
                raise Malformed(f"The command {token.text} is not supported by Studiolo.", token.start, token.end)
            if token.word not in commands:
                raise self._tokens.expected(f"a command: {', '.join(sorted(commands))}")
            self._tokens.take()
            self._settled = self._settled or token.word in ("stats", "sort", "limit", "dedup")
            commands[token.word]()
            if self._tokens.peek().kind == "end":
                return self._plan
            self._tokens.need("|")

    def _named(self) -> tuple[str, Expression]:
        """An expression, and what it is called: as it is told to be, else as it is written."""
        start = self._tokens.peek().start
        quoted = self._tokens.peek().kind == "quoted"
        expression = self._expressions.either()
        written = self._tokens.since(start)
        if self._tokens.accept("as"):
            return self._expressions.name(), expression
        return written[1:-1] if quoted and written.count("`") == 2 else written, expression

    def _several(self) -> list[tuple[str, Expression]]:
        found = [self._named()]
        while self._tokens.accept(","):
            found.append(self._named())
        return found

    def _fields(self) -> None:
        added = self._several()
        self._plan.columns += [name for name, _ in added if name not in self._plan.columns]
        self._plan.stages.append(lambda rows: ({**row, **_calculated(row, added)} for row in rows))

    def _display(self) -> None:
        added = self._several()
        self._plan.columns = list(dict.fromkeys(name for name, _ in added))
        self._plan.stages.append(lambda rows: ({**row, **_calculated(row, added)} for row in rows))

    def _filter(self) -> None:
        condition = self._expressions.either()
        self._plan.stages.append(lambda rows: (row for row in rows if true(condition(row))))
        if not self._settled:
            self._plan.filters = len(self._plan.stages)

    def _parse(self) -> None:
        source = "@message" if self._at_pattern() else self._expressions.name()
        start = self._tokens.place
        regex = self._tokens.regex()
        if regex is not None:
            pattern = self._expressions.compiled(regex)
            names = sorted(pattern.groupindex, key=pattern.groupindex.__getitem__)
            groups = [pattern.groupindex[name] for name in names]
            if not names:
                raise Malformed("parse needs a regular expression with named groups", start, self._tokens.place)
        else:
            if self._tokens.peek().kind != "text":
                raise self._tokens.expected("a text with * or a /regular expression/")
            glob = unquoted(self._tokens.take().text)
            self._tokens.need("as")
            names = [self._expressions.name()]
            while self._tokens.accept(","):
                names.append(self._expressions.name())
            if len(names) != glob.count("*"):
                raise Malformed(
                    f"parse has {glob.count('*')} wildcards and {len(names)} names for them", start, self._tokens.place
                )
            pattern, groups = _glob(glob), list(range(1, len(names) + 1))

        def parsed(rows: Rows) -> Iterator[dict[str, Any]]:
            for row in rows:
                whole = text(row.get(source))
                found = None if whole is None else pattern.search(whole)
                values = [None] * len(groups) if found is None else [found.group(group) for group in groups]
                yield {**row, **dict(zip(names, values, strict=True))}

        self._plan.columns = [*self._plan.shown, *(name for name in names if name not in self._plan.shown)]
        self._plan.stages.append(parsed)

    def _at_pattern(self) -> bool:
        """Whether what is parsed is left out, for @message."""
        return self._tokens.query[self._tokens.place : self._tokens.place + 1] in ("/", '"', "'")

    def _stats(self) -> None:
        aggregates: list[Aggregate] = []
        made = [self._made(aggregates)]
        while self._tokens.accept(","):
            made.append(self._made(aggregates))
        groups = self._several() if self._tokens.accept("by") else []
        self._plan.stages.append(lambda rows: _grouped(rows, aggregates, made, groups))
        self._plan.columns = [*(name for name, _ in groups), *(name for name, _ in made)]
        self._plan.aggregated = True

    def _made(self, aggregates: list[Aggregate]) -> tuple[str, Expression]:
        """A column of stats, made of functions of the group, which are added to those there are, and of columns before."""
        token = self._tokens.peek()

        def aggregate(name: str) -> Expression | None:
            if name not in (*AGGREGATES, "pct", "percentile", "median", "earliest", "latest"):
                return None
            self._expressions.aggregate = None
            aggregates.append(self._aggregate(name))
            self._expressions.aggregate = aggregate
            held = _held(len(aggregates) - 1)
            return lambda row: row[held]

        self._expressions.aggregate = aggregate
        named = self._named()
        self._expressions.aggregate = None
        if not aggregates:
            raise Malformed(f"stats needs a function of a group, not {token.text}", token.start, token.end)
        return named

    def _aggregate(self, name: str) -> Aggregate:
        expression: Expression = lambda _row: 1  # noqa: E731
        if not (name == "count" and (self._tokens.accept("*") or self._tokens.comes(")"))):
            expression = self._expressions.either()
        function = self._function(name)
        self._tokens.need(")")
        if name in ("earliest", "latest"):
            expression = _dated(expression)
        return expression, function

    def _function(self, name: str) -> Callable[[Sequence[Any]], Any]:
        if name == "earliest":
            return lambda values: min(values, key=lambda each: each[0])[1] if values else None
        if name == "latest":
            return lambda values: max(values, key=lambda each: each[0])[1] if values else None
        if name == "median":
            return lambda values: percentile(values, 50)
        if name not in ("pct", "percentile"):
            return AGGREGATES[name]
        self._tokens.need(",")
        percent = number(self._tokens.peek().text)
        if self._tokens.peek().kind != "number" or percent is None:
            raise self._tokens.expected("a percentage")
        self._tokens.take()
        return lambda values: percentile(values, percent)

    def _sort(self) -> None:
        self._tokens.accept("by")
        keys: list[tuple[Expression, bool]] = []
        while True:
            start = self._tokens.peek().start
            expression = self._expressions.either()
            written = self._tokens.since(start)
            descending = self._tokens.accept("asc", "desc") == "desc"
            keys.append((_or_column(written, expression), descending))
            if not self._tokens.accept(","):
                break

        def arranged(rows: Rows) -> Rows:
            found = list(islice(rows, MOST_HELD + 1))
            if len(found) > MOST_HELD:
                raise LimitExceeded(f"A query sorts at most {MOST_HELD} rows.")
            for expression, descending in reversed(keys):
                found.sort(key=lambda row: order(expression(row)), reverse=descending)
            return found

        self._plan.stages.append(arranged)
        self._plan.ordered = True

    def _limit(self) -> None:
        token = self._tokens.peek()
        if token.kind != "number" or not token.text.isdecimal() or not 1 <= int(token.text) <= MOST_ROWS:
            raise self._tokens.expected(f"a number from 1 to {MOST_ROWS}")
        limit = int(self._tokens.take().text)
        self._plan.limit = limit
        self._plan.stages.append(lambda rows: islice(rows, limit))

    def _dedup(self) -> None:
        keys = [self._named()[1]]
        while self._tokens.accept(","):
            keys.append(self._named()[1])

        def distinct(rows: Rows) -> Iterator[dict[str, Any]]:
            seen: set[tuple[str, ...]] = set()
            for row in rows:
                values = [text(key(row)) for key in keys]
                key = tuple(value for value in values if value is not None)
                # What lacks a field is like no other.
                if len(key) < len(values) or key not in seen:
                    seen.add(key)
                    yield row

        self._plan.stages.append(distinct)


def _calculated(row: dict[str, Any], added: Sequence[tuple[str, Expression]]) -> dict[str, Any]:
    return {name: expression(row) for name, expression in added}


def _or_column(written: str, expression: Expression) -> Expression:
    """What a row has under that very name, as stats calls its columns, before what the expression makes."""
    return lambda row: row[written] if written in row else expression(row)


def _dated(expression: Expression) -> Expression:
    def dated(row: Any) -> Any:
        value = expression(row)
        return None if value is None else (row.get("@timestamp", 0), value)

    return dated


def _held(number: int) -> str:
    """What a row has a value of stats under while columns are made of it: no field is called so."""
    return f" {number}"


def _grouped(
    rows: Rows,
    aggregates: Sequence[Aggregate],
    made: Sequence[tuple[str, Expression]],
    groups: Sequence[tuple[str, Expression]],
) -> Iterator[dict[str, Any]]:
    collected: dict[tuple[str | None, ...], tuple[dict[str, Any], list[list[Any]]]] = {}
    if not groups:
        collected[()] = ({}, [[] for _ in aggregates])
    for row in rows:
        by = _calculated(row, groups)
        _, lists = collected.setdefault(tuple(map(text, by.values())), (by, [[] for _ in aggregates]))
        for values, (expression, _) in zip(lists, aggregates, strict=True):
            value = expression(row)
            if value is not None:
                values.append(value)
    for by, lists in collected.values():
        held = {_held(at): function(lists[at]) for at, (_, function) in enumerate(aggregates)}
        row = {**by, **held}
        for name, expression in made:
            row[name] = expression(row)
        yield {name: value for name, value in row.items() if name not in held}


def _glob(glob: str) -> Any:
    """The expression of a text in which each `*` is a field, as short as what follows allows."""
    *pieces, last = glob.split("*")
    body = "".join(f"{re.escape(piece)}(.*?)" for piece in pieces[:-1])
    return compiled(f"(?s){body}{re.escape(pieces[-1]) if pieces else ''}({'.*?' if last else '.*'}){re.escape(last)}")
