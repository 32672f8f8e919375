"""What a metric is, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from studiolo.metrics.distribution import Distribution


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric by its name; `dimensions` are in the order of their names."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str] | None = None) -> "Metric":
        return cls(namespace, name, tuple(sorted((dimensions or {}).items())))


@dataclass(frozen=True, slots=True)
class Datum:
    """What was measured of a metric at a moment. resolution: seconds, 1 or 60."""

    metric: Metric
    at: datetime
    values: Distribution
    unit: str = "None"
    resolution: int = 60


@dataclass(frozen=True, slots=True)
class Series:
    """A line of numbers: `points` by the second of 1970 at which each one's period begins, in the order of time."""

    points: Mapping[int, float]
    period: int
    label: str = ""
