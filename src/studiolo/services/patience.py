"""Which reads wait for what is on its way, and how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from studiolo.domain import Scope
from studiolo.state import Thing

if TYPE_CHECKING:
    from studiolo.services.call import Call


class Wait(NamedTuple):
    """How long an answer is held at most, and when there may be another though nothing has changed."""

    seconds: float
    again: datetime | None = None


class Waiting(Protocol):
    """How an operation waits."""

    def thing(self, scope: Scope, request: Mapping[str, Any]) -> Thing | None:
        """What it waits for, as `State.transaction` tells of it; None for a request that does not wait."""

    def wait(self, call: "Call", request: Mapping[str, Any], answer: Mapping[str, Any], *, waiter: bool) -> Wait | None:
        """None for an answer that is not held. waiter: whether a client's waiter asks, which has nothing else to do."""


@dataclass(frozen=True)
class Patience:
    """A read of one thing, of a `kind` that `State.transaction` tells of, is held while that is on its way.

    name: the request's member that names the thing, or those that do together; state: the path in the answer to its
    state, which is one of `passing` while it is on its way; seconds: how long a read is held at most;
    waiter: how long one of a client's waiter is, which would look again no sooner, where that is longer.
    """

    kind: str
    name: str | tuple[str, ...]
    state: tuple[str | int, ...]
    passing: frozenset[str]
    seconds: float
    waiter: float = 0

    def thing(self, scope: Scope, request: Mapping[str, Any]) -> Thing | None:
        """What is read; None for a request that names none, as for a list."""
        names = [request.get(name) for name in ((self.name,) if isinstance(self.name, str) else self.name)]
        return None if None in names else Thing(self.kind, scope.account, scope.region, "/".join(map(str, names)))

    def wait(self, call: "Call", request: Mapping[str, Any], answer: Mapping[str, Any], *, waiter: bool) -> Wait | None:
        """None unless the answer says that it is on its way."""
        return Wait(max(self.seconds, self.waiter if waiter else 0)) if self.waits(answer) else None

    def waits(self, answer: Mapping[str, Any]) -> bool:
        """Whether the answer says that it is on its way."""
        found: Any = answer
        for member in self.state:
            found = found[member]
        return found in self.passing
