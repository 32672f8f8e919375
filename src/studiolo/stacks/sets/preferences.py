"""In which order the accounts and regions of an operation are done, how many at once, and how many may fail.

After OperationPreferences (CloudFormation API Reference): what may fail, and how many are done at once, is counted in each
region.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.domain import Invalid
from studiolo.stacks.sets.model import Result

EXCEEDED = "Cancelled since failure tolerance has exceeded"
STOPPED = "Cancelled since the operation was stopped"


@dataclass(frozen=True)
class Preferences:
    """OperationPreferences. Of a count and a percentage of the accounts in a region, one is given."""

    order: tuple[str, ...] = ()
    parallel: bool = False
    tolerated: int = 0
    tolerated_percentage: int | None = None
    at_once: int = 1
    at_once_percentage: int | None = None
    strict: bool = True
    """Whether no more are done at once than may still fail, and one."""

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> "Preferences":
        """Raises Invalid."""
        for name in ("FailureTolerance", "MaxConcurrent"):
            if f"{name}Count" in sent and f"{name}Percentage" in sent:
                raise Invalid(f"Specify either {name}Count or {name}Percentage, not both.")
        return cls(
            tuple(sent.get("RegionOrder", ())),
            sent.get("RegionConcurrencyType") == "PARALLEL",
            sent.get("FailureToleranceCount", 0),
            sent.get("FailureTolerancePercentage"),
            sent.get("MaxConcurrentCount", 1),
            sent.get("MaxConcurrentPercentage"),
            sent.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE",
        )

    def ordered(self, regions: Sequence[str]) -> list[str]:
        """Regions in the order in which they are done: as they were named, unless RegionOrder says otherwise.

        Raises Invalid where that leaves one out.
        """
        if not self.order:
            return list(dict.fromkeys(regions))
        if missing := sorted(set(regions) - set(self.order)):
            raise Invalid(f"RegionOrder must name each region of the operation: {', '.join(missing)} is missing.")
        return [region for region in dict.fromkeys(self.order) if region in regions]

    def may_fail(self, accounts: int) -> int:
        """How many of so many accounts in a region may fail."""
        if self.tolerated_percentage is None:
            return self.tolerated
        return accounts * self.tolerated_percentage // 100

    def concurrent(self, accounts: int, failed: int) -> int:
        """How many of so many accounts in a region are done at once."""
        wanted = self.at_once
        if self.at_once_percentage is not None:
            wanted = max(1, accounts * self.at_once_percentage // 100)
        return min(wanted, self.may_fail(accounts) + 1 - failed) if self.strict else wanted


@dataclass(frozen=True)
class Due:
    """What is to be done next: results to begin, and those to cancel, with the reason."""

    begin: Sequence[Result]
    cancel: Sequence[Result]
    reason: str = EXCEEDED


def due(results: Sequence[Result], preferences: Preferences, stopping: bool) -> Due:
    """What is to be done next of an operation's results, which are in their order."""
    if stopping:
        return Due([], [each for each in results if each.status == "PENDING"], STOPPED)
    begin: list[Result] = []
    cancel: list[Result] = []
    over = waiting = False
    for here in _by_region(results):
        pending = [each for each in here if each.status == "PENDING"]
        running = sum(each.status == "RUNNING" for each in here)
        exceeded = has_exceeded(here, preferences)
        if over or exceeded:
            cancel += pending
        elif not waiting:
            begin += pending[: max(0, preferences.concurrent(len(here), _failed(here)) - running)]
        if not preferences.parallel:
            over = over or exceeded
            waiting = waiting or bool(pending) or bool(running)
    return Due(begin, cancel)


def outcome(results: Sequence[Result], preferences: Preferences, stopping: bool) -> str | None:
    """The status of an operation that has ended; None for one that has not."""
    if any(each.status in ("PENDING", "RUNNING") for each in results):
        return None
    if stopping:
        return "STOPPED"
    return "FAILED" if any(has_exceeded(each, preferences) for each in _by_region(results)) else "SUCCEEDED"


def has_exceeded(here: Sequence[Result], preferences: Preferences) -> bool:
    """Whether more have failed in a region than may."""
    return _failed(here) > preferences.may_fail(len(here))


def _failed(here: Sequence[Result]) -> int:
    return sum(each.status == "FAILED" for each in here)


def _by_region(results: Sequence[Result]) -> list[list[Result]]:
    found: dict[str, list[Result]] = {}
    for each in results:
        found.setdefault(each.region, []).append(each)
    return list(found.values())
