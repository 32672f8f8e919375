"""Event buses, rules and targets, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from studiolo.domain import Scope

DEFAULT = "default"
"""The bus that every account has in every region, to which services send what happens."""


@dataclass(frozen=True)
class Bus:
    """An event bus. policy: the statements of who may send to it."""

    scope: Scope
    name: str
    settings: Mapping[str, Any]
    policy: Sequence[Mapping[str, Any]]
    tags: Mapping[str, str]
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return f"{_prefix(self.scope)}:event-bus/{self.name}"


@dataclass(frozen=True)
class Rule:
    """Which events, or times, are for whom. settings: as asked for; due: when its schedule fires next."""

    scope: Scope
    bus: str
    name: str
    settings: Mapping[str, Any]
    creator: str
    tags: Mapping[str, str]
    changed: datetime
    due: datetime | None

    @property
    def arn(self) -> str:
        return rule_arn(self.scope, self.bus, self.name)

    @property
    def pattern(self) -> str | None:
        pattern: str | None = self.settings.get("EventPattern")
        return pattern

    @property
    def schedule(self) -> str | None:
        schedule: str | None = self.settings.get("ScheduleExpression")
        return schedule

    @property
    def enabled(self) -> bool:
        return bool(self.settings["State"] != "DISABLED")


def rule_arn(scope: Scope, bus: str, name: str) -> str:
    """The default bus is not in the ARNs of its rules."""
    return f"{_prefix(scope)}:rule/{name if bus == DEFAULT else f'{bus}/{name}'}"


def _prefix(scope: Scope) -> str:
    return f"arn:{scope.partition}:events:{scope.region}:{scope.account}"
