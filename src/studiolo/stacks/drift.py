"""Drift: how the resources of a stack differ from what its template says, as their services tell of them now.

Compared are the properties that a template gives and a type can read back; a type that can read none is NOT_CHECKED.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from studiolo.calling import Refused, Services
from studiolo.domain import Invalid, Page
from studiolo.identity import Principal
from studiolo.stacks.custom import CustomRequests
from studiolo.stacks.model import Detection, Drift, Resource, Stack
from studiolo.stacks.schemas import Schema
from studiolo.stacks.store import Missing, Store
from studiolo.stacks.types.base import At, Nested, ResourceType

GOOD = "IN_SYNC"
NOT_NOW = "The stack %s is %s: drift is detected of a stack that nothing is being done to."


class Drifts:
    """Looks for drift as the caller, and remembers what was found last."""

    def __init__(
        self,
        store: Store,
        types: Callable[[str], ResourceType],
        services: Callable[[], Services],
        nested: Nested,
        requests: CustomRequests,
    ) -> None:
        self._store = store
        self._types = types
        self._services = services
        self._nested = nested
        self._requests = requests

    def detect(self, principal: Principal, stack: Stack, logical: Sequence[str]) -> Detection:
        """Look at the resources of a stack, or at some. Raises Invalid, Missing."""
        if stack.running or stack.status == "REVIEW_IN_PROGRESS":
            raise Invalid(NOT_NOW % (stack.name, stack.status))
        rows = {row.logical: row for row in self._store.resources(stack.id) if not row.gone and row.physical}
        if unknown := [name for name in logical if name not in rows]:
            raise Missing(f"Resources [{', '.join(unknown)}] do not exist for stack {stack.name}", unknown[0])
        found = [self._look(principal, stack, row) for name, row in rows.items() if not logical or name in logical]
        with self._store.writing() as tx:
            if not logical:
                tx.drop_drifts(stack.id)
            for each in found:
                tx.put_drift(each)
        drifted = sum(each.status in ("MODIFIED", "DELETED") for each in self._store.drifts(stack.id))
        moment = self._store.clock()
        made = Detection(str(uuid.uuid4()), stack.id, "DRIFTED" if drifted else GOOD, drifted, moment)
        with self._store.writing() as tx:
            tx.add_detection(made)
        return made

    def one(self, principal: Principal, stack: Stack, logical: str) -> Drift:
        """Look at one resource. Raises Invalid, Missing."""
        self.detect(principal, stack, [logical])
        return next(each for each in self._store.drifts(stack.id) if each.logical == logical)

    def found(self, stack: Stack, statuses: Sequence[str], after: str | None, limit: int) -> Page[Drift]:
        """What was found last, in the order of logical ids."""
        known = [each for each in self._store.drifts(stack.id) if each.status in statuses or not statuses]
        left = [each for each in known if after is None or each.logical > after]
        return Page(left[:limit], left[limit - 1].logical if len(left) > limit else None)

    def _look(self, principal: Principal, stack: Stack, row: Resource) -> Drift:
        kind, moment = self._types(row.type), self._store.clock()
        place = (stack.name, stack.id, row.logical, row.generation)
        at = At(stack.scope, principal, self._services(), *place, {}, self._nested, row.type, "", self._requests)
        about = {"physical": row.physical, "type": row.type}
        try:
            actual = kind.read(at, str(row.physical), row.properties)
        except Refused as error:
            if error.missing:
                return Drift(stack.id, row.logical, "DELETED", moment, about)
            return Drift(stack.id, row.logical, "UNKNOWN", moment, {**about, "reason": error.message})
        if actual is None:
            return Drift(stack.id, row.logical, "NOT_CHECKED", moment, about)
        expected = {name: row.properties[name] for name in actual if name in row.properties}
        actual = {name: value for name, value in actual.items() if name in expected and value is not None}
        found = differences(kind.schema, expected, actual)
        hidden = str if stack.target is None else stack.target.hidden
        shown = {
            "expected": hidden(_text(expected)),
            "actual": hidden(_text(actual)),
            "differences": [{name: hidden(value) for name, value in each.items()} for each in found],
        }
        return Drift(stack.id, row.logical, "MODIFIED" if found else GOOD, moment, {**about, **shown})


def differences(schema: Schema | None, expected: Mapping[str, Any], actual: Mapping[str, Any]) -> list[dict[str, str]]:
    """How properties differ: changed, added, removed. What a service adds of itself to a structure is no difference."""
    node: Any = {} if schema is None else schema.document
    return list(_compare(schema, node, expected, actual, ""))


def _compare(schema: Schema | None, node: Any, expected: Any, actual: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(expected, str) and "{{resolve:" in expected:
        # What a dynamic reference stands for is not the template's.
        return
    resolved = {} if schema is None else schema.resolved(node)
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        known = resolved.get("properties", {})
        for name, value in expected.items():
            if name in actual:
                yield from _compare(schema, known.get(name, {}), value, actual[name], f"{path}/{name}")
            else:
                yield _difference("REMOVE", f"{path}/{name}", value, None)
        if not known:
            for name in sorted(set(actual) - set(expected)):
                yield _difference("ADD", f"{path}/{name}", None, actual[name])
        return
    if isinstance(expected, list) and isinstance(actual, list):
        if _in_order(expected) == _in_order(actual):
            return
        if resolved.get("insertionOrder", True) and len(expected) == len(actual):
            for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
                yield from _compare(schema, resolved.get("items", {}), one, other, f"{path}/{number}")
            return
        yield from _of_sets(expected, actual, path)
        return
    if _text(expected) != _text(actual):
        yield _difference("NOT_EQUAL", path, expected, actual)


def _of_sets(expected: list[Any], actual: list[Any], path: str) -> Iterator[dict[str, str]]:
    there, wanted = {_text(each) for each in actual}, {_text(each) for each in expected}
    for number, value in enumerate(expected):
        if _text(value) not in there:
            yield _difference("REMOVE", f"{path}/{number}", value, None)
    for number, value in enumerate(actual):
        if _text(value) not in wanted:
            yield _difference("ADD", f"{path}/{number}", None, value)


def _in_order(values: list[Any]) -> list[str]:
    return sorted(map(_text, values))


def _difference(kind: str, path: str, expected: Any, actual: Any) -> dict[str, str]:
    shown = {"ExpectedValue": expected, "ActualValue": actual}
    values = {name: "null" if value is None else _text(value) for name, value in shown.items()}
    return {"PropertyPath": path, "DifferenceType": kind, **values}


def _text(value: Any) -> str:
    """A value as templates and services write it: they say "true" and 320 for either."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
