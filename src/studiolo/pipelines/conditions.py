"""The conditions of a ConditionStep: their form, and whether they hold."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studiolo.domain import Invalid
from studiolo.pipelines.errors import Unresolved

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
TYPES = (*COMPARISONS, "In", "Not", "Or")


def check_condition(condition: Any, step: str) -> None:
    """Raise Invalid unless it has the form of a condition."""
    kind = condition.get("Type") if isinstance(condition, Mapping) else None
    needed = {"In": ("QueryValue", "Values"), "Not": ("Condition",), "Or": ("Conditions",)}
    if kind not in TYPES:
        raise Invalid(f"Unknown condition type '{kind}' in step '{step}'. It must be one of: {', '.join(TYPES)}.")
    for member in needed.get(kind, ("LeftValue", "RightValue")):
        if member not in condition:
            raise Invalid(f"Required property '{member}' not found in a condition of type '{kind}' in step '{step}'.")
    if kind == "Not":
        check_condition(condition["Condition"], step)
    elif kind == "Or":
        for each in condition["Conditions"]:
            check_condition(each, step)


def holds(condition: Mapping[str, Any]) -> bool:
    """Whether a condition holds whose expressions have been replaced by their values. Raises Unresolved."""
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"])
    if kind == "Or":
        return any(holds(each) for each in condition["Conditions"])
    if kind == "In":
        return any(_compare("Equals", condition["QueryValue"], value) for value in condition["Values"])
    return _compare(kind, condition["LeftValue"], condition["RightValue"])


def all_hold(conditions: Sequence[Mapping[str, Any]]) -> bool:
    return all(holds(condition) for condition in conditions)


def _compare(kind: str, left: Any, right: Any) -> bool:
    """A number given as text is compared with a number as the number it is."""
    if _is_number(left) != _is_number(right):
        left, right = _number(left), _number(right)
    try:
        return COMPARISONS[kind](left, right)
    except TypeError as error:
        raise Unresolved(f"{kind} cannot compare {left!r} with {right!r}.") from error


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
