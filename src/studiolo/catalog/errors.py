"""What can go wrong in the catalog beyond the words of every domain."""

from studiolo.domain import Conflict


class ConcurrentModification(Conflict):
    """The thing has changed since the caller read it."""


class ConditionFailed(Conflict):
    """The condition that the caller set does not hold."""
