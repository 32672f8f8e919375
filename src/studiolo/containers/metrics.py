"""Metrics of a job, picked from the lines it prints."""

import math
import re
import time
from collections.abc import Iterable

from studiolo.containers.algorithm import MetricDefinition
from studiolo.containers.work import Metric


class Metrics:
    """The last value of each metric. A definition's first group (or its whole match) is the value.

    What is no finite number is passed over: neither JSON nor CloudWatch has a word for it.
    """

    def __init__(self, definitions: Iterable[MetricDefinition]) -> None:
        self._patterns = [(definition.name, re.compile(definition.regex)) for definition in definitions]
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
