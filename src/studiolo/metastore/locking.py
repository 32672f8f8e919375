"""Hive's methods for locks, which Iceberg and Hive take around their commits."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from hive_metastore import ttypes as hive

from studiolo.domain import Denied, Invalid, NotFound
from studiolo.metastore.caller import Caller
from studiolo.metastore.locks import Lock, Mode, Part
from studiolo.metastore.room import House, Room, plain

MODES: dict[int, Mode] = {
    hive.LockType.SHARED_READ: "read",
    hive.LockType.SHARED_WRITE: "write",
    hive.LockType.EXCL_WRITE: "write",
    hive.LockType.EXCLUSIVE: "exclusive",
}
TYPES = {
    "read": hive.LockType.SHARED_READ,
    "write": hive.LockType.SHARED_WRITE,
    "exclusive": hive.LockType.EXCLUSIVE,
}
STATES = {"acquired": hive.LockState.ACQUIRED, "waiting": hive.LockState.WAITING}


CHANGES = ("ALTER", "DELETE", "DROP", "INSERT")
"""Who keeps others from a table must have one of these of Lake Formation on it."""


class Locking(Room):
    """Locks outside transactions. A lock is its caller's, whatever user the client names."""

    def __init__(self, house: House, caller: Caller) -> None:
        super().__init__(house)
        self._caller = caller

    def lock(self, rqst: Any) -> Any:
        parts = [_part(each) for each in rqst.component]
        for each in parts:
            self._require(each)
        return _response(self._house.locks.ask(parts, self._caller.name, rqst.hostname or ""))

    def check_lock(self, rqst: Any) -> Any:
        return _response(self._house.locks.check(rqst.lockid, self._caller.name))

    def unlock(self, rqst: Any) -> None:
        self._house.locks.release(rqst.lockid, self._caller.name)

    def heartbeat(self, ids: Any) -> None:
        if ids.lockid:
            self._house.locks.check(ids.lockid, self._caller.name)

    def show_locks(self, rqst: Any) -> Any:
        wanted = (plain(rqst.dbname).lower() or None, _lower(rqst.tablename), rqst.partname)
        shown = [
            _element(lock, part)
            for lock in self._house.locks.all()
            for part in lock.parts
            if all(want in (None, has) for want, has in zip(wanted, _names(part), strict=True)) and self._shows(part)
        ]
        return hive.ShowLocksResponse(locks=shown)

    def _require(self, part: Part) -> None:
        """Raise Denied for a lock on what the caller does not see, or does not change; what is to be made is free."""
        if part.table is not None:
            changes = part.mode != "read"
            needed = CHANGES if changes else ("DESCRIBE",)
            self._catalog.require(self._scope, part.database, part.table, *needed, full=changes)
            return
        with suppress(NotFound):
            self._catalog.database(self._scope, part.database)

    def _shows(self, part: Part) -> bool:
        """Whether the caller may know of what is locked; of a partition, who sees all of its table."""
        try:
            self._require(replace(part, mode="read"))
            if part.table is None or part.partition is None:
                return True
            sight, _, _ = self._catalog.sight(self._scope, part.database, part.table)
            return not sight.partial
        except Denied:
            return False
        except (Invalid, NotFound):
            return True


def _part(component: Any) -> Part:
    table = _lower(component.tablename)
    return Part(MODES[component.type], plain(component.dbname).lower(), table, component.partitionname)


def _lower(name: str | None) -> str | None:
    return name.lower() if name else None


def _names(part: Part) -> tuple[str | None, ...]:
    return part.database, part.table, part.partition


def _response(lock: Lock) -> Any:
    return hive.LockResponse(lockid=lock.id, state=STATES[lock.state])


def _element(lock: Lock, part: Part) -> Any:
    return hive.ShowLocksResponseElement(
        lockid=lock.id,
        dbname=part.database,
        tablename=part.table,
        partname=part.partition,
        state=STATES[lock.state],
        type=TYPES[part.mode],
        lastheartbeat=int(lock.heard * 1000),
        acquiredat=None if lock.acquired is None else int(lock.acquired * 1000),
        user=lock.user,
        hostname=lock.host,
    )
