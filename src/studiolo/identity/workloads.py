"""Workloads: what Studiolo runs as a role. Each has a token of its own, for which it is given that role's keys.

The keys are those of a container's credentials address, as ECS and EKS have it: SDKs ask for them and renew them.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Row

from studiolo.domain import Conflict, Denied, NotFound
from studiolo.identity.keys import AccessKey
from studiolo.identity.principals import Principal
from studiolo.identity.records import Records
from studiolo.identity.tables import temporary_keys, workloads

LIFETIME = timedelta(hours=6)
"""How long a key lives that a workload is given, as those of ECS do."""

RENEWED = timedelta(hours=2)
"""A key with less time left is not given out any more: Java's SDK asks again for every request in a key's last hour."""


@dataclass(frozen=True)
class Workload:
    """What proves a workload: `id.secret` is its token. The account's own records say what role it has."""

    id: str
    secret: str

    @property
    def token(self) -> str:
        return f"{self.id}.{self.secret}"

    @property
    def metastore_token(self) -> str:
        """What it says to the metastore, from which its token cannot be told."""
        return metastore_token(self.id, self.secret)


def metastore_token(identifier: str, secret: str) -> str:
    """The name by which the holder of a secret is known to the metastore: of an access key, or of a workload."""
    return f"{identifier}.{hmac.new(secret.encode(), b'studiolo metastore', sha256).hexdigest()}"


class Judge(Protocol):
    """Knows the roles of all accounts, and gives out their keys."""

    def session_of(self, role_arn: str, name: str) -> Principal: ...
    def issue(self, principal: Principal, lifetime: timedelta) -> AccessKey: ...
    def find_key(self, access_key_id: str) -> tuple[AccessKey, Principal] | None: ...


class Workloads:
    """The workloads of a server, whichever account's roles they have."""

    def __init__(self, records: Records, judge: Judge) -> None:
        self._records = records
        self._judge = judge

    def add(self, identifier: str) -> Workload:
        """A workload of that id, letters and digits and hyphens, that has no role yet. One that is there begins anew."""
        made = Workload(identifier, secrets.token_urlsafe(32))
        row = {"account": self._records.account, "id": made.id, "secret": made.secret}
        with self._records.adding() as tx:
            tx.execute(workloads.delete().where(self._is(identifier)))
            tx.execute(workloads.insert().values(row))
        return made

    def give(self, identifier: str, role_arn: str, session: str) -> None:
        """Let the workload act as a session of the role from now on. Raises NotFound for a workload that has ended."""
        change = workloads.update().where(self._is(identifier)).values(role=role_arn, session=session, key=None)
        with self._records.adding() as tx:
            if tx.execute(change).rowcount == 0:
                raise NotFound(f"There is no workload {identifier}.")

    def free(self, identifier: str) -> None:
        """Take the role back from a workload that has not done anything with it."""
        with self._records.adding() as tx:
            tx.execute(workloads.update().where(self._is(identifier)).values(role=None, session=None, key=None))

    def find(self, identifier: str) -> Workload | None:
        """The workload of that id."""
        row = self._row(identifier)
        return None if row is None else Workload(row.id, row.secret)

    def key(self, token: str) -> AccessKey:
        """A key of the role of the workload whose token it is, with RENEWED of its life left at least.

        Raises Denied for a token that is nobody's, Conflict for a workload that has no role yet, NotFound where its
        role is gone.
        """
        row = self._of(token, lambda row: Workload(row.id, row.secret).token)
        present = self._records.clock()
        found = self._judge.find_key(row.key) if row.key is not None else None
        if found is not None and found[0].expires is not None and found[0].expires - present > RENEWED:
            return found[0]
        key = self._judge.issue(self._session(row), LIFETIME)
        with self._records.adding() as tx:
            tx.execute(workloads.update().where(self._is(row.id), workloads.c.role == row.role).values(key=key.id))
        return key

    def bearer(self, token: str) -> Principal:
        """Whose token it is. Raises as `key` does."""
        return self._session(self._of(token, lambda row: Workload(row.id, row.secret).token))

    def caller(self, token: str) -> Principal:
        """Who says that metastore token. Raises as `key` does."""
        return self._session(self._of(token, lambda row: metastore_token(row.id, row.secret)))

    def end(self, identifier: str) -> None:
        """The workload is no more: its token and its last key are worth nothing from now on."""
        row = self._row(identifier)
        if row is None:
            return
        with self._records.changing() as tx:
            tx.execute(workloads.delete().where(self._is(identifier)))
            if row.key is not None:
                tx.execute(temporary_keys.delete().where(temporary_keys.c.id == row.key))

    def _session(self, row: Row[Any]) -> Principal:
        if row.role is None:
            raise Conflict("What asks for keys has not been given a role yet.")
        return self._judge.session_of(row.role, row.session)

    def _of(self, token: str, expected: Callable[[Row[Any]], str]) -> Row[Any]:
        row = self._row(token.partition(".")[0])
        if row is None or not hmac.compare_digest(expected(row).encode(), token.encode()):
            raise Denied("The token is nobody's, or of something that has ended.")
        return row

    def _row(self, identifier: str) -> Row[Any] | None:
        with self._records.reading() as connection:
            return connection.execute(workloads.select().where(self._is(identifier))).first()

    def _is(self, identifier: str) -> ColumnElement[bool]:
        return (workloads.c.account == self._records.account) & (workloads.c.id == identifier)
