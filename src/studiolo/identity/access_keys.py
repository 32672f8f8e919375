"""The lasting keys of users, two at most for each; and when keys and roles were used last."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from studiolo.domain import LimitExceeded, NotFound, Page
from studiolo.identity.keys import AccessKey, new_key
from studiolo.identity.principals import Principal, iam_user
from studiolo.identity.records import Records
from studiolo.identity.tables import access_keys, users, uses
from studiolo.identity.users import Users, user_arn
from studiolo.state import StateUnavailable, page

log = logging.getLogger(__name__)

KEYS_PER_USER = 2
NOTED = timedelta(minutes=1)
"""A use of the same service and region within that time of one that was noted is not noted."""


@dataclass(frozen=True, slots=True)
class UserKey:
    """A user's access key, without its secret."""

    id: str
    user: str
    active: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Use:
    """When something was used last, for which service (its signing name) and region."""

    moment: datetime
    service: str
    region: str


class AccessKeys:
    """The lasting keys of the users of one account."""

    def __init__(self, records: Records, owners: Users) -> None:
        self._records = records
        self._users = owners
        self._cached = lru_cache(maxsize=1024)(self._read)

    def create(self, user: str) -> AccessKey:
        """A new key of the user; its secret is told this once. Raises NotFound, LimitExceeded."""
        key = replace(new_key(), created=self._records.clock())
        with self._records.changing() as tx:
            owner = self._users.get(user).id
            count = select(func.count()).select_from(access_keys).where(access_keys.c.user == owner)
            if tx.execute(count).scalar_one() >= KEYS_PER_USER:
                raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {KEYS_PER_USER}")
            row = {
                "account": self._records.account,
                "id": key.id,
                "secret": key.secret,
                "user": owner,
                "active": True,
                "created": key.created,
            }
            tx.execute(access_keys.insert().values(row))
        return key

    def list(self, user: str, after: str | None = None, limit: int = 100) -> Page[UserKey]:
        """The user's keys. Raises NotFound."""
        query = access_keys.select().where(access_keys.c.user == self._users.get(user).id)
        with self._records.reading() as connection:
            rows = page(connection, query, access_keys.c.id, after, limit)
        return Page([UserKey(row.id, user, row.active, row.created) for row in rows.items], rows.next)

    def set_active(self, user: str, identifier: str, active: bool) -> None:
        """Let the key be used, or not, from the next request on. Raises NotFound."""
        with self._records.changing() as tx:
            change = access_keys.update().where(self._of(user, identifier)).values(active=active)
            if not tx.execute(change).rowcount:
                raise _missing(identifier)

    def delete(self, user: str, identifier: str) -> None:
        """Delete the key: it is worth nothing from the next request on. Raises NotFound."""
        with self._records.changing() as tx:
            if not tx.execute(access_keys.delete().where(self._of(user, identifier))).rowcount:
                raise _missing(identifier)
            tx.execute(uses.delete().where(uses.c.id == identifier))

    def owner(self, identifier: str) -> str:
        """The name of the user whose key it is, active or not. Raises NotFound."""
        found = self._row(identifier)
        if found is None:
            raise _missing(identifier)
        return str(found.name)

    def find(self, identifier: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id and whose it is; None where there is no such key, or it is not active."""
        return self._cached(identifier, self._records.revision)

    def _read(self, identifier: str, _revision: int) -> tuple[AccessKey, Principal] | None:
        row = self._row(identifier)
        if row is None or not row.active:
            return None
        return AccessKey(identifier, row.secret), iam_user(row.account, user_arn(row, self._records), row.user)

    def _row(self, identifier: str) -> Row[Any] | None:
        query = (
            access_keys.select()
            .join(users, users.c.id == access_keys.c.user)
            .add_columns(users.c.name, users.c.path)
            .where(access_keys.c.account == self._records.account, access_keys.c.id == identifier)
        )
        with self._records.reading() as connection:
            return connection.execute(query).first()

    def _of(self, user: str, identifier: str) -> ColumnElement[bool]:
        return (access_keys.c.user == self._users.get(user).id) & (access_keys.c.id == identifier)


class Uses:
    """When the keys of users and the roles of one account were used last."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._noted: dict[str, Use] = {}
        self._last = records.remembered(self._read)
        # A request that only reads waits for no writer, and the S3 door calls from its event loop.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="uses")

    def note(self, identifier: str, service: str, region: str) -> None:
        """Remember, soon, that a key or role, by its id, has been used."""
        use = Use(self._records.clock(), service, region)
        known = self._noted.get(identifier)
        if known and (known.service, known.region) == (service, region) and use.moment - known.moment < NOTED:
            return
        self._noted[identifier] = use
        self._writer.submit(self._write, identifier, use)

    def _write(self, identifier: str, use: Use) -> None:
        this = (uses.c.account == self._records.account) & (uses.c.id == identifier)
        values = {"used": use.moment, "service": use.service, "region": use.region}
        try:
            with self._records.adding() as tx:
                if not tx.execute(uses.update().where(this).values(values)).rowcount:
                    tx.execute(uses.insert().values(account=self._records.account, id=identifier, **values))
        except (IntegrityError, StateUnavailable) as error:
            # Another process was first, or nothing can be written.
            log.warning("the use of %s could not be noted: %s", identifier, error)

    def last(self, identifier: str) -> Use | None:
        """The last use of a key or role, by its id; None where it was never used."""
        return self._last.get(identifier)

    def _read(self, identifier: str) -> Use | None:
        with self._records.reading() as connection:
            row = connection.execute(_LAST, {"account": self._records.account, "id": identifier}).first()
        return None if row is None else Use(row.used, row.service, row.region)


# Built once: building it takes longer than the rest of reading a row.
_LAST = uses.select().where(uses.c.account == bindparam("account"), uses.c.id == bindparam("id"))


def _missing(identifier: str) -> NotFound:
    return NotFound(f"The Access Key with id {identifier} cannot be found.")
