"""What the rest of Studiolo needs to know of a built-in algorithm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric of the training log: its name, and the regular expression whose group 1 is its value."""

    name: str
    regex: str


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A built-in algorithm.

    `python -m <module> train` and `python -m <module> serve` are the two commands of its container.
    `validate_hyperparameters` takes a job's hyperparameters and raises `studiolo.domain.Invalid`.
    `requirements` are the packages, pinned, of the environment that its program runs in; without any it runs on the
    server's own interpreter.
    """

    name: str
    module: str
    metrics: tuple[MetricDefinition, ...]
    validate_hyperparameters: Callable[[Mapping[str, str]], None]
    default_content_type: str
    content_types: tuple[str, ...]
    required_channels: tuple[str, ...]
    optional_channels: tuple[str, ...]
    requirements: tuple[str, ...] = ()
