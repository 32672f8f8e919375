"""Schedules and their groups, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from studiolo.domain import Scope

GROUP = "default"
"""The group of schedules that name none. It is always there."""


@dataclass(frozen=True)
class Group:
    """A group of schedules, with tags."""

    scope: Scope
    name: str
    tags: Mapping[str, str]
    created: datetime
    changed: datetime

    @property
    def arn(self) -> str:
        return f"{_prefix(self.scope)}:schedule-group/{self.name}"


@dataclass(frozen=True)
class Schedule:
    """What is done when. settings: as asked for; due: when it is done next, None where it is not any more."""

    scope: Scope
    group: str
    name: str
    settings: Mapping[str, Any]
    created: datetime
    changed: datetime
    due: datetime | None

    @property
    def arn(self) -> str:
        return f"{_prefix(self.scope)}:schedule/{self.group}/{self.name}"

    @property
    def expression(self) -> str:
        return str(self.settings["ScheduleExpression"])

    @property
    def zone(self) -> str | None:
        zone: str | None = self.settings.get("ScheduleExpressionTimezone")
        return zone

    @property
    def enabled(self) -> bool:
        return bool(self.settings.get("State", "ENABLED") == "ENABLED")

    @property
    def start(self) -> datetime | None:
        return _moment(self.settings.get("StartDate"))

    @property
    def end(self) -> datetime | None:
        return _moment(self.settings.get("EndDate"))

    @property
    def goes_when_done(self) -> bool:
        """Whether it is deleted after its last time."""
        return bool(self.settings.get("ActionAfterCompletion", "NONE") == "DELETE")

    @property
    def target(self) -> Mapping[str, Any]:
        target: Mapping[str, Any] = self.settings["Target"]
        return target

    @property
    def role(self) -> str:
        return str(self.target["RoleArn"])


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def _prefix(scope: Scope) -> str:
    return f"arn:{scope.partition}:scheduler:{scope.region}:{scope.account}"
