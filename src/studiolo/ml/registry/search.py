"""Search: conditions on the documents of resources, and their order.

Source: Search, Filter, NestedFilters and SearchExpression (API Reference). A name is a path: `TrainingJobName`,
`HyperParameters.eta`, `Tags.team`, `Metrics.validation:rmse`, `InputDataConfig.DataSource.S3DataSource.S3Uri`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import chain
from typing import Any

from studiolo.domain import Invalid
from studiolo.moments import read_moment

Document = Mapping[str, Any]
NAMED = {"Tags": ("Tags", "Key", "Value"), "Metrics": ("FinalMetricDataList", "MetricName", "Value")}
"""Lists that are searched by the names in them: where they are, and the members of an entry."""
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda a, b: a == b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanOrEqualTo": lambda a, b: a >= b,
    "LessThan": lambda a, b: a < b,
    "LessThanOrEqualTo": lambda a, b: a <= b,
}


class Deferred(Mapping[str, Any]):
    """A document with further members, which are found when they are asked for: of most documents nobody asks for them.

    later: what finds a member; None where there is none.
    """

    def __init__(self, known: Document, later: Mapping[str, Callable[[], Any]]) -> None:
        self._known = known
        self._later = dict(later)
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self._later and (value := self._later.pop(name)()) is not None:
            self._found[name] = value
        return self._found[name] if name in self._found else self._known[name]

    def __iter__(self) -> Iterator[str]:
        for name in tuple(self._later):
            self.get(name)
        return iter({**self._known, **self._found})

    def __len__(self) -> int:
        return len(tuple(iter(self)))


@dataclass(frozen=True)
class Condition:
    """What one property is to be. value: as text, for `In` several with commas between."""

    name: str
    operator: str = "Equals"
    value: str | None = None

    def __post_init__(self) -> None:
        needs = self.operator not in ("Exists", "NotExists")
        if needs and self.value is None:
            raise Invalid(f"The filter on {self.name} needs a Value for its Operator {self.operator}.")
        if not needs and self.value is not None:
            raise Invalid(f"The filter on {self.name} has a Value, which its Operator {self.operator} does not take.")

    def holds(self, document: Document) -> bool:
        found = list(values(document, self.name))
        if self.operator == "Exists":
            return bool(found)
        if self.operator == "NotExists":
            return not found
        assert self.value is not None
        wanted = self.value
        if self.operator == "NotEquals":
            return not any(_compared("Equals", each, wanted) for each in found)
        if self.operator == "In":
            return any(_compared("Equals", each, one.strip()) for each in found for one in wanted.split(","))
        if self.operator == "Contains":
            return any(wanted in str(each) for each in found)
        return any(_compared(self.operator, each, wanted) for each in found)


@dataclass(frozen=True)
class Nested:
    """Conditions that one and the same entry of a list is to meet."""

    name: str
    conditions: Sequence[Condition]

    def holds(self, document: Document) -> bool:
        return any(
            isinstance(entry, Mapping)
            and all(
                Condition(each.name.removeprefix(f"{self.name}."), each.operator, each.value).holds(entry)
                for each in self.conditions
            )
            for entry in _at(document, self.name.split("."))
        )


@dataclass(frozen=True)
class Expression:
    """Conditions, and further expressions, that are all to hold, or any of them. One of nothing holds."""

    parts: "Sequence[Condition | Nested | Expression]" = ()
    every: bool = True

    def holds(self, document: Document) -> bool:
        if not self.parts:
            return True
        held = (part.holds(document) for part in self.parts)
        return all(held) if self.every else any(held)

    def named(self, name: str) -> list[str] | None:
        """The values of which a property must have one, so that only those documents need be looked at; None for any."""
        told = [_named(part, name) for part in self.parts]
        if self.every:
            return next((each for each in told if each is not None), None)
        known = [each for each in told if each is not None]
        return list(chain.from_iterable(known)) if known and len(known) == len(told) else None


def _named(part: "Condition | Nested | Expression", name: str) -> list[str] | None:
    if isinstance(part, Expression):
        return part.named(name)
    if isinstance(part, Condition) and part.name == name and part.value is not None:
        if part.operator == "Equals":
            return [part.value]
        if part.operator == "In":
            return [one.strip() for one in part.value.split(",")]
    return None


def is_named(name: str) -> bool:
    """Whether that is the path of what an entry of a list is called, which may be anything."""
    return name.partition(".")[0].capitalize() in NAMED


def values(document: Document, name: str) -> Iterator[Any]:
    """The values that a document has at a path, of every entry of its lists."""
    head, _, rest = name.partition(".")
    # AWS's notebooks sort by `metrics.test:accuracy.max`.
    head = head.capitalize() if is_named(name) else head
    if head == "Metrics" and rest and "Metrics" in document:
        for entry in document["Metrics"]:
            metric, _, statistic = rest.partition(entry["MetricName"])
            if not metric and (not statistic or statistic.startswith(".")):
                wanted = statistic[1:].lower() or "last"
                yield from (value for each, value in entry.items() if each.lower() == wanted)
    elif head in NAMED and rest:
        member, key, value = NAMED[head]
        yield from (entry[value] for entry in document.get(member, ()) if entry.get(key) == rest and value in entry)
    else:
        found = (_plain(each) for each in _at(document, name.split(".")))
        yield from (each for each in found if not isinstance(each, (Mapping, list)) or each)


def _plain(value: Any) -> Any:
    """The value of a trial component's parameter."""
    if isinstance(value, Mapping) and set(value) in ({"StringValue"}, {"NumberValue"}):
        return next(iter(value.values()))
    return value


def ordered(documents: Sequence[Document], name: str, *, descending: bool) -> list[Document]:
    """The documents in the order of a property; those without it come last."""
    keyed = [(next((_sortable(each) for each in values(document, name)), None), document) for document in documents]
    present = sorted(((key, document) for key, document in keyed if key is not None), key=lambda pair: pair[0])
    if descending:
        present.reverse()
    return [document for _, document in present] + [document for key, document in keyed if key is None]


def names(document: Document, before: str = "") -> Iterator[str]:
    """The paths of all properties of a document."""
    for name, value in document.items():
        path = f"{before}{name}"
        if not before and name == "Tags":
            yield from (f"Tags.{entry['Key']}" for entry in value)
            continue
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, Mapping):
                yield from names(entry, f"{path}.")
            else:
                yield path
        if not before and name == "FinalMetricDataList":
            yield from (f"Metrics.{entry['MetricName']}" for entry in value)


def _at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _at(entry, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        # Names of maps, as hyperparameters, may hold dots.
        whole = ".".join(path)
        if whole in value:
            yield from _at(value[whole], ())
        elif path[0] in value:
            yield from _at(value[path[0]], path[1:])


def _compared(operator: str, found: Any, wanted: str) -> bool:
    compare = COMPARED[operator]
    try:
        if isinstance(found, bool):
            return compare(str(found).lower(), wanted.lower())
        if isinstance(found, (int, float)):
            return compare(float(found), float(wanted))
        if isinstance(found, datetime):
            return compare(found, _moment(wanted))
        if operator != "Equals":
            # Hyperparameters are numbers in texts.
            return compare(float(found), float(wanted))
    except (TypeError, ValueError):
        if operator != "Equals":
            return compare(str(found), wanted)
    return compare(str(found), wanted)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), timezone.utc)
    except ValueError:
        return read_moment(text)


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, datetime):
        return 1, value.timestamp()
    try:
        return 0, float(value)
    except (TypeError, ValueError):
        return 2, str(value)
