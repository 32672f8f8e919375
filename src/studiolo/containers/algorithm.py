"""What is known of a built-in algorithm where its jobs are made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric's name and the regular expression whose first group is its value in a line of the log."""

    name: str
    regex: str

    def check(self) -> None:
        """Raise Invalid where the expression is none."""
        try:
            re.compile(self.regex)
        except re.error as error:
            raise Invalid(
                f"The regular expression '{self.regex}' of metric '{self.name}' is not one: {error}."
            ) from error


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
