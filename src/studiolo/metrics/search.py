"""SEARCH: the metrics that a few words find.

Source: "CloudWatch search expression syntax" (CloudWatch User Guide): `{Namespace,Dimension,...} words`, where a word is
a part of any name or value, `Name="value"` exactly that one, and AND, OR, NOT and parentheses join them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from studiolo.domain import Invalid
from studiolo.metrics.model import Metric

Matches = Callable[[Metric], bool]

_SCHEMA = re.compile(r"\s*\{(?P<names>[^}]*)\}")
_TOKEN = re.compile(r'\s*(?:(?P<open>\()|(?P<close>\))|(?P<equals>=)|"(?P<exact>[^"]*)"|(?P<word>[^\s()="]+))')


@dataclass(frozen=True)
class Search:
    """What a SEARCH looks for, and which statistic of what it finds it wants, by which period in seconds."""

    namespace: str | None
    dimensions: frozenset[str]
    matches: Matches
    stat: str
    period: int


def search(text: str, stat: str, period: int) -> Search:
    """The search of that text. Raises Invalid."""
    schema = _SCHEMA.match(text)
    if schema is None:
        words, names = text, []
    else:
        words, names = text[schema.end() :], [name.strip().strip('"') for name in schema["names"].split(",")]
    tokens = _tokens(words)
    matches = _any_of(tokens) if tokens else lambda _metric: True
    if tokens:
        raise Invalid(f"Error in SEARCH: {tokens[0][1]!r} was not expected in '{text}'.")
    return Search(names[0] if names else None, frozenset(names[1:]), matches, stat, period)


def found_by(asked: Search, metrics: Iterable[Metric]) -> list[Metric]:
    """Those of the metrics that the search finds."""
    return [
        metric
        for metric in metrics
        if asked.dimensions == frozenset(key for key, _ in metric.dimensions) and asked.matches(metric)
    ]


def _tokens(text: str) -> list[tuple[str, str]]:
    """The tokens, each with its kind, in order."""

    def found() -> Iterator[tuple[str, str]]:
        position = 0
        while position < len(text.rstrip()):
            token = _TOKEN.match(text, position)
            if token is None or token.lastgroup is None:
                raise Invalid(f"Error in SEARCH: a quotation mark has no end in '{text}'.")
            yield token.lastgroup, token[token.lastgroup]
            position = token.end()

    return list(found())


def _any_of(tokens: list[tuple[str, str]]) -> Matches:
    choices = [_all_of(tokens)]
    while tokens and tokens[0] == ("word", "OR"):
        tokens.pop(0)
        choices.append(_all_of(tokens))
    return lambda metric: any(matches(metric) for matches in choices)


def _all_of(tokens: list[tuple[str, str]]) -> Matches:
    parts = [_one(tokens)]
    while tokens and tokens[0][0] != "close" and tokens[0] != ("word", "OR"):
        if tokens[0] == ("word", "AND"):
            tokens.pop(0)
        parts.append(_one(tokens))
    return lambda metric: all(matches(metric) for matches in parts)


def _one(tokens: list[tuple[str, str]]) -> Matches:
    if not tokens:
        raise Invalid("Error in SEARCH: a word is missing at the end.")
    kind, text = tokens.pop(0)
    if (kind, text) == ("word", "NOT"):
        matches = _one(tokens)
        return lambda metric: not matches(metric)
    if kind == "open":
        matches = _any_of(tokens)
        if not tokens or tokens.pop(0)[0] != "close":
            raise Invalid("Error in SEARCH: a parenthesis has no end.")
        return matches
    if kind not in ("word", "exact"):
        raise Invalid(f"Error in SEARCH: {text!r} was not expected.")
    if not tokens or tokens[0][0] != "equals":
        return _term(kind, text, _all_texts)
    tokens.pop(0)
    if not tokens:
        raise Invalid(f"Error in SEARCH: {text}= has no value.")
    value_kind, value = tokens.pop(0)
    if value_kind == "open":
        tokens.insert(0, (value_kind, value))
        return _values(text, tokens)
    return _term(value_kind, value, lambda metric: _texts_of(metric, text))


def _values(name: str, tokens: list[tuple[str, str]]) -> Matches:
    """`Name=("a" OR "b")`."""
    tokens.pop(0)
    choices: list[Matches] = []
    while tokens and tokens[0][0] != "close":
        kind, value = tokens.pop(0)
        if (kind, value) != ("word", "OR"):
            choices.append(_term(kind, value, lambda metric: _texts_of(metric, name)))
    if not tokens:
        raise Invalid("Error in SEARCH: a parenthesis has no end.")
    tokens.pop(0)
    return lambda metric: any(matches(metric) for matches in choices)


def _term(kind: str, value: str, texts: Callable[[Metric], Sequence[str]]) -> Matches:
    """A quoted value is the whole of a text, a word a part of it, in capitals or not."""
    if kind == "exact":
        return lambda metric: value in texts(metric)
    small = value.lower()
    return lambda metric: any(small in text.lower() for text in texts(metric))


def _texts_of(metric: Metric, name: str) -> Sequence[str]:
    if name == "MetricName":
        return [metric.name]
    if name == "Namespace":
        return [metric.namespace]
    return [value for key, value in metric.dimensions if key == name]


def _all_texts(metric: Metric) -> Sequence[str]:
    return [metric.namespace, metric.name, *(text for pair in metric.dimensions for text in pair)]
