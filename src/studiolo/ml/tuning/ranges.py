"""The ranges that a search takes hyperparameters from, as values of Optuna and back.

Optuna is imported where it is used: it is 0.4 s and 40 MB that a server without tuning jobs can do without.

Source: "Define Hyperparameter Ranges" and "Hyperparameter scaling" (SageMaker Developer Guide).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from studiolo.domain import Invalid

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Kind = Literal["Integer", "Continuous", "Categorical"]
LINEAR, LOGARITHMIC, REVERSE, AUTO = "Linear", "Logarithmic", "ReverseLogarithmic", "Auto"
MANY_TIMES = 1000.0
"""From this ratio of its ends on, a range whose scale is chosen for it is searched by its logarithm."""


@dataclass(frozen=True)
class Range:
    """What a hyperparameter may be. low, high: of a number, as text; values: of a category."""

    name: str
    kind: Kind
    low: str = ""
    high: str = ""
    scaling: str = AUTO
    values: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Range:
        return cls(**{**values, "values": tuple(values["values"])})

    def distribution(self) -> BaseDistribution:
        """Where the search draws from. Raises Invalid for a range that is none."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.kind == "Categorical":
            if len(set(self.values)) < len(self.values):
                raise Invalid(f"The categorical hyperparameter {self.name} has the same value twice.")
            return CategoricalDistribution(self.values)
        low, high = self._ends()
        if low > high:
            raise Invalid(
                f"The range of hyperparameter {self.name} has a MinValue ({low}) above its MaxValue ({high})."
            )
        scaling = self._scaling(low, high)
        if self.kind == "Integer":
            return IntDistribution(int(low), int(high), log=scaling == LOGARITHMIC)
        if scaling == REVERSE:
            return FloatDistribution(1 - high, 1 - low, log=True)
        return FloatDistribution(low, high, log=scaling == LOGARITHMIC)

    def text(self, value: Any) -> str:
        """A value that was drawn, as the training job gets it."""
        if self.kind == "Categorical":
            return str(value)
        if self.kind == "Integer":
            return str(int(value))
        return repr(1 - float(value) if self._is_reversed() else float(value))

    def value(self, text: str) -> Any:
        """The other way round; None for what the range does not hold."""
        if self.kind == "Categorical":
            return text if text in self.values else None
        try:
            number = float(text)
        except ValueError:
            return None
        low, high = self._ends()
        if not low <= number <= high:
            return None
        if self.kind == "Integer":
            return int(number)
        return 1 - number if self._is_reversed() else number

    def _is_reversed(self) -> bool:
        return self.scaling == REVERSE

    def _ends(self) -> tuple[float, float]:
        number = int if self.kind == "Integer" else float
        try:
            return number(self.low), number(self.high)
        except ValueError as error:
            raise Invalid(
                f"The range of hyperparameter {self.name} needs a MinValue and a MaxValue that are {self.kind.lower()}, "
                f"not '{self.low}' and '{self.high}'."
            ) from error

    def _scaling(self, low: float, high: float) -> str:
        if self.scaling == AUTO:
            return LOGARITHMIC if low > 0 and high / low >= MANY_TIMES else LINEAR
        if self.scaling == LOGARITHMIC and low <= 0:
            raise Invalid(f"Logarithmic scaling of hyperparameter {self.name} needs a MinValue greater than 0.")
        if self.scaling == REVERSE and (self.kind == "Integer" or low < 0 or high >= 1):
            raise Invalid(
                f"ReverseLogarithmic scaling of hyperparameter {self.name} needs a continuous range within 0 <= x < 1.0."
            )
        return self.scaling


def distributions(ranges: Sequence[Range]) -> dict[str, BaseDistribution]:
    """Where each hyperparameter is drawn from. Raises Invalid."""
    names = [each.name for each in ranges]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Invalid(f"The hyperparameter {sorted(twice)[0]} has more than one range.")
    return {each.name: each.distribution() for each in ranges}
