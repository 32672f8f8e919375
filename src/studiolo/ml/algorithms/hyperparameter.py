"""Declaring hyperparameters: a table of names, rules and defaults, and the check of a job's values against it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Rule:
    """What a value may be: the words for it ("a positive integer") and the parser, which raises ValueError."""

    allowed: str
    parse: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter. `default` is None where the job must give it; `unused` says why it has no effect here."""

    name: str
    rule: Rule
    default: str | None = None
    unused: str = ""


def integer(least: int = 1, most: int | None = None) -> Rule:
    """A whole number of at least `least`."""

    def parse(text: str) -> int:
        value = int(text)
        if value < least or (most is not None and value > most):
            raise ValueError
        return value

    if most is not None:
        return Rule(f"an integer from {least} to {most}", parse)
    return Rule("a positive integer" if least == 1 else f"an integer of at least {least}", parse)


def number(
    above: float | None = None, least: float | None = None, below: float | None = None, most: float | None = None
) -> Rule:
    """A finite number within the bounds: greater than `above`, at least `least`, less than `below`, at most `most`."""

    def parse(text: str) -> float:
        value = float(text)
        if (
            not math.isfinite(value)
            or (above is not None and value <= above)
            or (least is not None and value < least)
            or (below is not None and value >= below)
            or (most is not None and value > most)
        ):
            raise ValueError
        return value

    bounds = [
        words
        for words, bound in (
            (f"greater than {above:g}" if above is not None else "", above),
            (f"of at least {least:g}" if least is not None else "", least),
            (f"less than {below:g}" if below is not None else "", below),
            (f"at most {most:g}" if most is not None else "", most),
        )
        if bound is not None
    ]
    return Rule(" ".join(["a number", " and ".join(bounds)]).strip(), parse)


def boolean() -> Rule:
    """`true` or `false`, in any case."""

    def parse(text: str) -> bool:
        return {"true": True, "false": False}[text.strip().lower()]

    return Rule("'true' or 'false'", parse)


def choice(*words: str) -> Rule:
    """One of the words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Rule("one of " + ", ".join(f"'{word}'" for word in words), parse)


def words(*allowed: str) -> Rule:
    """A list of some of the words: a JSON list, as the SageMaker SDK writes it, or separated by commas."""

    def parse(text: str) -> tuple[str, ...]:
        given = json.loads(text.replace("'", '"')) if text.lstrip().startswith("[") else text.split(",")
        found = tuple(str(word).strip() for word in given)
        if not {*found} <= {*allowed}:
            raise ValueError
        return found

    return Rule("a list of some of " + ", ".join(f"'{word}'" for word in allowed), parse)


def text() -> Rule:
    """Any text."""
    return Rule("any text", str)


def or_word(word: str, rule: Rule) -> Rule:
    """The word itself, or what the rule allows."""
    return Rule(f"'{word}' or {rule.allowed}", lambda text: word if text == word else rule.parse(text))


def optional(rule: Rule) -> Rule:
    """What the rule allows, or nothing (the empty text, which a table has as the default): None."""
    return Rule(rule.allowed, lambda text: None if text == "" else rule.parse(text))


def resolve(table: Sequence[Hyperparameter], values: Mapping[str, str]) -> dict[str, Any]:
    """Every hyperparameter of the table, parsed, defaults filled in.

    Raises Invalid with one sentence for each value that is missing, unknown or not allowed.
    """
    faults = []
    resolved: dict[str, Any] = {}
    known = {hyperparameter.name for hyperparameter in table}
    faults += [
        f"Hyperparameter '{name}' (value '{value}') is not known; this algorithm knows {', '.join(sorted(known))}."
        for name, value in sorted(values.items())
        if name not in known
    ]
    for hyperparameter in table:
        text = values.get(hyperparameter.name, hyperparameter.default)
        if text is None:
            faults.append(f"Hyperparameter '{hyperparameter.name}' is required: {hyperparameter.rule.allowed}.")
            continue
        try:
            resolved[hyperparameter.name] = hyperparameter.rule.parse(str(text))
        except (ValueError, KeyError):
            faults.append(
                f"Hyperparameter '{hyperparameter.name}' has the value '{text}'; "
                f"allowed is {hyperparameter.rule.allowed}."
            )
    if faults:
        raise Invalid(" ".join(faults))
    return resolved


SERVICE: tuple[Hyperparameter, ...] = tuple(
    Hyperparameter(name, text(), "", "Set by the service or its SDK, not by users.")
    for name in ("_tuning_objective_metric", "_kvstore", "_log_level", "_num_gpus", "_num_kv_servers")
)
"""What tuning jobs and SDKs add to the hyperparameters of the algorithms."""
