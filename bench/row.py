"""One line of the table, and the few ways in which a budget compares two numbers."""

from dataclasses import dataclass


class Unavailable(Exception):
    """What a row is compared with could not be had, and why."""


@dataclass(frozen=True)
class Quantity:
    """A number and its unit: `s`, `ms`, `/s`, `MB`."""

    value: float
    unit: str

    def __str__(self) -> str:
        digits = 0 if self.value >= 100 else 1 if self.value >= 10 else 2
        return f"{self.value:,.{digits}f}{'' if self.unit.startswith('/') else ' '}{self.unit}"


@dataclass(frozen=True)
class Row:
    """A line of the table. `ok` is None where there is nothing to judge by."""

    name: str
    budget: str
    ours: Quantity | None = None
    comparison: Quantity | None = None
    ratio: float | None = None
    ok: bool | None = None
    note: str = ""


def at_most(name: str, budget: Quantity, ours: Quantity, note: str = "") -> Row:
    """A budget that is a number."""
    return Row(name, f"≤ {budget.value:g} {budget.unit}", ours, ok=ours.value <= budget.value, note=note)


def at_least(name: str, budget: Quantity, ours: Quantity, note: str = "") -> Row:
    """A budget that is a rate."""
    label = f"≥ {budget.value:g}{'' if budget.unit.startswith('/') else ' '}{budget.unit}"
    return Row(name, label, ours, ok=ours.value >= budget.value, note=note)


def at_most_over(name: str, budget: Quantity, ours: Quantity, bare: Quantity, note: str = "") -> Row:
    """A budget that bounds what we add to something bare; all three in the same unit."""
    over = ours.value - bare.value
    note = "; ".join(part for part in (f"adds {Quantity(over, ours.unit)}", note) if part)
    label = f"≤ bare + {budget.value:g} {budget.unit}"
    return Row(name, label, ours, bare, ours.value / bare.value, over <= budget.value, note)


def at_most_times(name: str, times: float | None, ours: Quantity, other: Quantity, note: str = "") -> Row:
    """A budget that bounds our time by a multiple of another's; None: shown, and judged by nothing."""
    ratio = ours.value / other.value
    label, ok = ("none", None) if times is None else (f"≤ {times:g}x", ratio <= times)
    return Row(name, label, ours, other, ratio, ok, note)


def at_least_times(name: str, times: float | None, ours: Quantity, other: Quantity, note: str = "") -> Row:
    """A budget that asks for a multiple of another's rate; None: shown, and judged by nothing."""
    ratio = ours.value / other.value
    label, ok = ("none", None) if times is None else (f"≥ {times:g}x", ratio >= times)
    return Row(name, label, ours, other, ratio, ok, note)
