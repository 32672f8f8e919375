"""Metrics of a job, picked from the lines it prints."""

import math
import re
import time
from collections.abc import Iterable
from typing import Any

import re2

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.work import Metric


def linear(regex: str) -> Any:
    """A pattern of RE2, which takes time in proportion to the line, whatever the regular expression.

    None where RE2 has no such thing: look-arounds, references back.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(regex, options)
    except (re2.error, UnicodeError):
        return None


class Metrics:
    """The last value of each metric. A definition's first group (or its whole match) is the value.

    What is no finite number is passed over: neither JSON nor CloudWatch has a word for it.
    """

    def __init__(self, definitions: Iterable[MetricDefinition]) -> None:
        # One of Python's may take years for a line, in which no signal is heard: the job could not be stopped.
        self._patterns = [(each.name, linear(each.regex) or re.compile(each.regex)) for each in definitions]
        self._last: dict[str, Metric] = {}

    def read(self, line: str) -> list[Metric]:
        """Take the metrics in one line."""
        found = []
        for name, pattern in self._patterns:
            for match in pattern.finditer(line):
                try:
                    value = float(match[1] if pattern.groups else match[0])
                except (TypeError, ValueError):
                    continue
                if not math.isfinite(value):
                    continue
                self._last[name] = Metric(name, value, time.time())
                found.append(self._last[name])
        return found

    @property
    def final(self) -> tuple[Metric, ...]:
        return tuple(self._last.values())
