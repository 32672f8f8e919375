"""Pairs of sequences of tokens with a label, as Object2Vec's channels and requests have them: JSON lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studiolo.domain import Invalid
from studiolo.ml.algorithms.channels import opened
from studiolo.ml.algorithms.object2vec.hyperparameters import LINES
from studiolo.ml.formats.documents import parsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from studiolo.ml.algorithms.container import Channel

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the sequences of one side may be: tokens from 0, less than `vocabulary`; beyond `longest` they are cut."""

    vocabulary: int
    longest: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Of a request either side may be missing, and the label is."""

    sides: tuple[Tokens | None, Tokens | None]
    label: float | None = None


def read_pairs(channel: Channel, limits: Sequence[Limits]) -> list[Pair]:
    """The labeled pairs of a channel. Raises Invalid, naming channel, file and line."""
    if channel.content_type not in (LINES, "application/json"):
        raise Invalid(f"Content type {channel.content_type!r} is not supported; {LINES} is.")
    pairs = []
    for path in channel.sources:
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    where = f"Unable to read the {channel.name} channel, file {path.name}, line {number}:"
                    pair = parse(parsed(line, f"{where} it"), limits, where)
                    if None in pair.sides or pair.label is None:
                        raise Invalid(f'{where} it must have "in0", "in1" and "label".')
                    pairs.append(pair)
    if not pairs:
        raise Invalid(f"The {channel.name} channel has no data.")
    return pairs


def parse(document: Any, limits: Sequence[Limits], where: str) -> Pair:
    """One pair from its JSON. Raises Invalid."""
    if not isinstance(document, dict):
        raise Invalid(f'{where} it is not an object such as {{"in0": [1, 2], "in1": [3], "label": 1}}.')
    label = document.get("label")
    if label is not None and not isinstance(label, (int, float)):
        raise Invalid(f'{where} "label" is {label!r}, which is not a number.')
    first, second = (_tokens(document.get(f"in{side}"), limits[side], f'{where} "in{side}"') for side in (0, 1))
    return Pair((first, second), label)


def _tokens(given: Any, limits: Limits, where: str) -> Tokens | None:
    if given is None:
        return None
    if not isinstance(given, list) or not given or not all(type(token) is int for token in given):
        raise Invalid(f"{where} is not a list of one or more token numbers.")
    if min(given) < 0 or max(given) >= limits.vocabulary:
        raise Invalid(f"{where} has a token beyond the vocabulary of {limits.vocabulary}, whose numbers begin at 0.")
    return tuple(given[: limits.longest])
