"""What can go wrong in the catalog beyond the words of every domain."""

from studiolo.catalog.model import Table
from studiolo.domain import Conflict


class ConcurrentModification(Conflict):
    """The thing has changed since the caller read it."""


class ConditionFailed(Conflict):
    """The condition that the caller set does not hold."""


def require_version(table: Table, version: int | None) -> None:
    """Raises ConcurrentModification unless the table is at that version; None is any."""
    if version not in (None, table.version):
        raise ConcurrentModification(
            f"Update table failed due to concurrent modifications. Table {table.name} is at version {table.version}, "
            f"not {version}."
        )
