"""How one deployment takes over from another: the steps, and what turns it back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studiolo.domain import Invalid

ALL_AT_ONCE, CANARY, LINEAR, ROLLING = "ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"
SHARES = {CANARY: (0.0, 0.5), LINEAR: (0.1, 0.5), ROLLING: (0.05, 0.5)}
"""The least and the largest step of each kind, as DeploymentConfig's reference has them."""


@dataclass(frozen=True)
class Size:
    """So many instances, or so much of the capacity in percent."""

    value: int
    percent: bool = False

    def of(self, instances: int) -> float:
        """Its share of so many instances."""
        return self.value / 100 if self.percent else self.value / max(instances, 1)


@dataclass(frozen=True)
class Policy:
    """How traffic is shifted: `step` at a time, `wait` seconds after each, and `bake` seconds before the old ends.

    alarms: of which none may be in the state ALARM meanwhile. recorded: as it was asked for.
    """

    kind: str = ALL_AT_ONCE
    step: Size | None = None
    wait: int = 0
    bake: int = 0
    alarms: tuple[str, ...] = ()
    recorded: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Policy":
        step = values.get("step")
        return cls(**{**values, "step": step and Size(**step), "alarms": tuple(values.get("alarms", ()))})

    def check(self, instances: int) -> None:
        """Raise Invalid for steps that so many instances do not have."""
        if self.kind == ALL_AT_ONCE:
            return
        if self.step is None:
            raise Invalid(f"Traffic routing of the type {self.kind} needs the size of its step.")
        least, most = SHARES[self.kind]
        share = self.step.of(instances)
        # One instance is a step of any endpoint that has two or more.
        if share > most or (share < least and self.step.percent):
            raise Invalid(
                f"The step of a {self.kind} deployment must be from {least:.0%} to {most:.0%} of the capacity "
                f"of {instances} instances, not {share:.0%}."
            )

    def shares(self, instances: int) -> list[float]:
        """The new one's share of the calls, step by step to 1."""
        if self.step is None:
            return [1.0]
        share = self.step.of(instances)
        if self.kind == CANARY:
            return [share, 1.0]
        count = math.ceil(round(1.0 / share, 6))
        return [min(number * share, 1.0) for number in range(1, count)] + [1.0]
