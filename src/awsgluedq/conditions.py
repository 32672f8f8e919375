"""Conditions on numbers, and on the past."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

from awsgluedq.ruleset import Call, Condition, Dynamic, Last, Number, Operand, Sum, Text, calculated

Past = Callable[[int], Sequence[float]]
"""The newest values of a metric in earlier evaluations, the newest first: at most so many, and 0.0 when there is none."""

REDUCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "avg": statistics.fmean,
    "median": statistics.median,
    "max": max,
    "min": min,
    "sum": sum,
    "std": statistics.pstdev,
    "abs": lambda values: abs(values[0]),
}


class ConditionError(ValueError):
    """A condition that cannot be one for what it is compared with."""


def number_of(operand: Operand) -> float:
    """An operand that is a number, or the text of one. Raises ConditionError."""
    if isinstance(operand, Number):
        return operand.value
    if isinstance(operand, Text):
        try:
            return float(operand.value)
        except ValueError:
            raise ConditionError(f'"{operand.value}" is not a number.') from None
    raise ConditionError("The rule is about a number, and its condition is not.")


def holds(condition: Condition, value: float) -> bool:
    """Whether a number meets a condition. `between` is exclusive, as AWS has it. Raises ConditionError."""
    numbers = [number_of(operand) for operand in condition.operands]
    first = numbers[0] if numbers else 0.0
    match condition.operator:
        case "=":
            return value == first
        case "!=":
            return value != first
        case ">":
            return value > first
        case ">=":
            return value >= first
        case "<":
            return value < first
        case "<=":
            return value <= first
        case "between":
            return first < value < numbers[1]
        case "not between":
            return not first < value < numbers[1]
        case "in":
            return value in numbers
        case "not in":
            return value not in numbers
    raise ConditionError(f"{condition.operator} is for texts, and the rule is about a number.")


def resolved(condition: Condition, past: Past) -> tuple[Condition, dict[Dynamic, float]]:
    """A condition with values for what looks back, and those values. Raises ConditionError."""
    values = {operand: _number(operand.expression, past) for operand in condition.dynamics}
    operands = tuple(Number(values[one]) if isinstance(one, Dynamic) else one for one in condition.operands)
    return replace(condition, operands=operands), values


def _number(operand: Operand, past: Past) -> float:
    if isinstance(operand, Sum):
        return calculated(operand.operator, _number(operand.left, past), _number(operand.right, past))
    if isinstance(operand, Call):
        values = past(operand.arguments[0].count) if isinstance(operand.arguments[0], Last) else None
        values = [_number(operand.arguments[0], past)] if values is None else values
        if operand.function != "index":
            return float(REDUCTIONS[operand.function](values))
        place = int(number_of(operand.arguments[1]))
        if not 0 <= place < len(values):
            raise ConditionError(f"index(last(k), {place}) asks for more than the {len(values)} values there are.")
        return values[place]
    if isinstance(operand, Last):
        if operand.count > 1:
            raise ConditionError(
                f"last({operand.count}) is several values: make one of them, as avg(last({operand.count})) does."
            )
        return past(1)[0]
    return number_of(operand)
