"""Finds a REST operation by method, path and query string among the request templates of one model."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ServiceModel

from studiolo.aws.http import HttpRequest

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")


def path_pattern(template: str) -> re.Pattern[str]:
    """A `requestUri` path as a pattern with one group per label, in order; a greedy label (`{Key+}`) takes slashes."""
    parts: list[str] = []
    end = 0
    for label in _LABEL.finditer(template):
        parts += [re.escape(template[end : label.start()]), "(.+)" if label[2] else "([^/]+)"]
        end = label.end()
    return re.compile("".join([*parts, re.escape(template[end:])]))


def labels_of(template: str) -> list[str]:
    """The names of a template's labels, in order."""
    return [label[1] for label in _LABEL.finditer(template)]


@dataclass(frozen=True, slots=True)
class _Entry:
    operation: str
    pattern: re.Pattern[str]
    rank: tuple[Any, ...]
    literals: tuple[tuple[str, str], ...]
    required_query: frozenset[str]
    required_headers: frozenset[str]


class PathTable:
    """The REST operations of one service, the most specific template first."""

    def __init__(self, model: ServiceModel) -> None:
        self._by_method: dict[str, list[_Entry]] = defaultdict(list)
        for name in model.operation_names:
            entry = _entry(model, name)
            self._by_method[model.operation_model(name).http.get("method", "POST")].append(entry)
        for entries in self._by_method.values():
            entries.sort(key=lambda entry: entry.rank)

    def match(self, request: HttpRequest) -> str | None:
        """The operation of a request, None for none. A slash at the end may be missing or too many."""
        entries = self._by_method.get(request.method.upper(), ())
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        path = request.path
        other = path[:-1] if path.endswith("/") else f"{path}/"
        for candidate in (path, other):
            fitting = [entry for entry in entries if entry.pattern.fullmatch(candidate) and _fits(entry, query)]
            if fitting:
                # Those that lack nothing they require come first; among these the first is the most specific.
                whole = (
                    e
                    for e in fitting
                    if e.required_query <= query.keys() and e.required_headers <= request.headers.keys()
                )
                return next(whole, fitting[0]).operation
        return None


def _fits(entry: _Entry, query: Mapping[str, str]) -> bool:
    return all(name in query and (not value or query[name] == value) for name, value in entry.literals)


def _entry(model: ServiceModel, name: str) -> _Entry:
    operation = model.operation_model(name)
    template, _, query = operation.http.get("requestUri", "/").partition("?")
    literals = tuple(parse_qsl(query, keep_blank_values=True))
    shape = operation.input_shape
    bound: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for member in shape.required_members if shape is not None else ():
        serialization = shape.members[member].serialization
        if serialization.get("location") in bound:
            bound[serialization["location"]].add(serialization.get("name", member))
    headers = frozenset(header.lower() for header in bound["header"])
    # Literal segments before labels before greedy labels, from left to right; longer paths first.
    segments = tuple(2 if "+}" in part else 1 if "{" in part else 0 for part in template.split("/"))
    greedy = any(segment == 2 for segment in segments)
    rank = (greedy, segments, -len(segments), -len(literals), -len(bound["querystring"]) - len(headers), name)
    return _Entry(name, path_pattern(template), rank, literals, frozenset(bound["querystring"]), headers)
