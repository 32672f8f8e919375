"""Virtual MFA devices, whose codes prove who one is beside a key (RFC 6238)."""

import base64
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row

from studiolo.domain import AlreadyExists, Conflict, Invalid, LimitExceeded, NotFound, Page
from studiolo.identity.records import Records
from studiolo.identity.tables import mfa_devices
from studiolo.identity.tags import tags_of, with_tags, without_tags
from studiolo.identity.users import User, Users
from studiolo.state import page

DEVICES_PER_USER = 8
STEP = 30
"""Seconds that a code of a device counts (RFC 6238)."""


class InvalidAuthenticationCode(Invalid):
    """The codes are not those that the device shows now."""


@dataclass(frozen=True, slots=True)
class Device:
    """A virtual MFA device, and the user it is enabled for; `seed` is base32."""

    serial: str
    seed: str
    user: User | None
    enabled: datetime | None
    tags: Mapping[str, str]


class Devices:
    """The virtual MFA devices of one account."""

    def __init__(self, records: Records, owners: Users) -> None:
        self._records = records
        self._users = owners

    def create(self, name: str, path: str = "/", tags: Iterable[tuple[str, str]] = ()) -> Device:
        """A new device that nobody has yet. Raises AlreadyExists."""
        serial = self._records.arn(f"mfa{path}{name}")
        row = {
            "account": self._records.account,
            "serial": serial,
            "seed": base64.b32encode(secrets.token_bytes(40)).decode(),
            "tags": tags_of(tags),
        }
        with self._records.changing() as tx:
            if tx.execute(mfa_devices.select().where(self._is(serial))).first():
                raise AlreadyExists("MFADevice entity at the same path and name already exists.")
            tx.execute(mfa_devices.insert().values(row))
        return self.get(serial)

    def get(self, serial: str) -> Device:
        """The device of that serial number. Raises NotFound."""
        with self._records.reading() as connection:
            row = self._row(connection, serial)
        return self._devices([row])[0]

    def list(self, after: str | None = None, limit: int = 100, *, assigned: bool | None = None) -> Page[Device]:
        """The devices; of those alone that some user has, or none."""
        query = mfa_devices.select().where(mfa_devices.c.account == self._records.account)
        if assigned is not None:
            query = query.where(mfa_devices.c.user.is_not(None) if assigned else mfa_devices.c.user.is_(None))
        with self._records.reading() as connection:
            rows = page(connection, query, mfa_devices.c.serial, after, limit)
        return Page(self._devices(rows.items), rows.next)

    def of_user(self, user: str, after: str | None = None, limit: int = 100) -> Page[Device]:
        """The devices of a user. Raises NotFound."""
        query = mfa_devices.select().where(mfa_devices.c.user == self._users.get(user).id)
        with self._records.reading() as connection:
            rows = page(connection, query, mfa_devices.c.serial, after, limit)
        return Page(self._devices(rows.items), rows.next)

    def enable(self, user: str, serial: str, codes: tuple[str, str]) -> None:
        """Give the device to the user who has read two codes of it, one after the other.

        Raises NotFound, AlreadyExists, LimitExceeded, InvalidAuthenticationCode.
        """
        if self.get(serial).user is not None:
            raise AlreadyExists("MFA Device is already in use.")
        if len(self.of_user(user).items) >= DEVICES_PER_USER:
            raise LimitExceeded(f"Cannot exceed quota for MFADevicesPerUser: {DEVICES_PER_USER}")
        used = self._check_codes(serial, codes)
        with self._records.changing() as tx:
            change = {"user": self._users.get(user).id, "enabled": self._records.clock(), "used": used}
            tx.execute(mfa_devices.update().where(self._is(serial)).values(change))

    def resync(self, user: str, serial: str, codes: tuple[str, str]) -> None:
        """Check two codes that follow each other. Raises NotFound, InvalidAuthenticationCode."""
        self._check_owner(user, serial)
        self._check_codes(serial, codes)

    def deactivate(self, user: str, serial: str) -> None:
        """Take the device from the user. Raises NotFound."""
        self._check_owner(user, serial)
        with self._records.changing() as tx:
            tx.execute(mfa_devices.update().where(self._is(serial)).values(user=None, enabled=None))

    def delete(self, serial: str) -> None:
        """Delete a device that nobody has. Raises NotFound, Conflict."""
        if self.get(serial).user is not None:
            raise Conflict("MFA VirtualDevice in use. Must deactivate first.")
        with self._records.changing() as tx:
            tx.execute(mfa_devices.delete().where(self._is(serial)))

    def proves(self, user_id: str | None, serial: str, code: str) -> bool:
        """Whether the code is one that the user's device shows now, or a step before or after. Each counts once."""
        with self._records.adding() as tx:
            row = tx.execute(mfa_devices.select().where(self._is(serial))).first()
            if row is None or row.user != user_id:
                return False
            fresh = [step for step in self._steps(1) if row.used is None or step > row.used]
            used = next(
                (step for step in fresh if hmac.compare_digest(code_of(row.seed, step).encode(), code.encode())), None
            )
            if used is not None:
                tx.execute(mfa_devices.update().where(self._is(serial)).values(used=used))
        return used is not None

    def tags(self, serial: str) -> Mapping[str, str]:
        """Raises NotFound."""
        return self.get(serial).tags

    def tag(self, serial: str, tags: Iterable[tuple[str, str]]) -> None:
        """Add tags, or replace their values. Raises NotFound, Invalid, LimitExceeded."""
        with self._records.changing() as tx:
            kept = with_tags(self._row(tx, serial).tags, tags)
            tx.execute(mfa_devices.update().where(self._is(serial)).values(tags=kept))

    def untag(self, serial: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        with self._records.changing() as tx:
            kept = without_tags(self._row(tx, serial).tags, keys)
            tx.execute(mfa_devices.update().where(self._is(serial)).values(tags=kept))

    def _check_owner(self, user: str, serial: str) -> None:
        owner = self.get(serial).user
        if owner is None or owner.id != self._users.get(user).id:
            raise NotFound(f"MFA Device invalid for user: {serial} is not one of {user}'s.")

    def _check_codes(self, serial: str, codes: tuple[str, str]) -> int:
        """The step of the second of two codes that follow each other. Raises InvalidAuthenticationCode."""
        seed = self.get(serial).seed
        for first, second in pairwise(self._steps(10)):
            if codes == (code_of(seed, first), code_of(seed, second)):
                return second
        raise InvalidAuthenticationCode("Authentication code for device is not valid")

    def _steps(self, around: int) -> range:
        """The steps from so many before now to as many after."""
        present = int(self._records.clock().timestamp()) // STEP
        return range(present - around, present + around + 1)

    def _devices(self, rows: Iterable[Row[Any]]) -> Sequence[Device]:
        rows = list(rows)
        owners = {user.id: user for user in self._users.of_ids(row.user for row in rows if row.user)}
        return [Device(row.serial, row.seed, owners.get(row.user), row.enabled, row.tags) for row in rows]

    def _row(self, connection: Connection, serial: str) -> Row[Any]:
        row = connection.execute(mfa_devices.select().where(self._is(serial))).first()
        if row is None:
            raise NotFound(f"VirtualMFADevice with serial number {serial} doesn't exist.")
        return row

    def _is(self, serial: str) -> ColumnElement[bool]:
        return (mfa_devices.c.account == self._records.account) & (mfa_devices.c.serial == serial)


def code_of(seed: str, step: int) -> str:
    """The six digits that a device of that seed (base32) shows in that step of 30 seconds since 1970 (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(seed), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"
