"""The words that every domain shares: whose a resource is, what can go wrong, what a page of a list is.

Domains raise these errors with a sentence a person can act on; each service maps them to its own AWS codes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Generic, TypeVar

T = TypeVar("T")

PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
"""The partitions that are not `aws`, by how their regions' names begin."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The account (12 digits) and region that own a resource."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """What ARNs of the region begin with: `aws`, or that of China's or the US government's regions."""
        return next((name for prefix, name in PARTITIONS.items() if self.region.startswith(prefix)), "aws")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and the key after which the next one begins (None at the end)."""

    items: Sequence[T]
    next: str | None = None


def every(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """The items of all pages; `page` gives the one after a key."""
    after: str | None = None
    while True:
        found = page(after)
        yield from found.items
        after = found.next
        if after is None:
            return


class DomainError(Exception):
    """What a domain refuses, in a sentence for the person who asked."""


class NotFound(DomainError):
    """The named thing does not exist in this scope."""


class AlreadyExists(DomainError):
    """A thing of that name exists in this scope."""


class Invalid(DomainError):
    """The values asked for cannot be right, whatever the state of things."""


class Conflict(DomainError):
    """The values are right, but the thing's present state does not allow it."""


class Denied(DomainError):
    """The caller, or the role named, may not."""


class LimitExceeded(DomainError):
    """A bound of the service or of this machine is reached."""


@dataclass(frozen=True, slots=True)
class Health:
    """How one part of Studiolo is: `running`, or another word with the reason in a sentence."""

    status: str
    reason: str | None = None


Clock = Callable[[], datetime]


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(timezone.utc)
