"""Temporary keys: given out for sessions, found again, dropped when they end."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from studiolo.identity.keys import AccessKey, new_temporary_key
from studiolo.identity.principals import Kind, Principal, federated_user, iam_user, role_session, root_user
from studiolo.identity.records import Records
from studiolo.identity.tables import roles, temporary_keys, users
from studiolo.identity.users import user_arn

REMEMBERED = timedelta(days=1)
"""How long an expired key is known as one that has expired."""


class TemporaryKeys:
    """The temporary keys of one account."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._cached = lru_cache(maxsize=1024)(self._read)

    def issue(self, principal: Principal, lifetime: timedelta) -> AccessKey:
        """A new key of the principal; those of the account that expired a day ago are dropped."""
        present = self._records.clock()
        key = new_temporary_key(present + lifetime)
        row = {
            "account": self._records.account,
            "id": key.id,
            "secret": key.secret,
            "token": key.session_token,
            "holder": principal.holder,
            "kind": principal.kind.value,
            "session": principal.user_id.partition(":")[2],
            "policies": list(principal.session_policies),
            "tags": dict(principal.tags),
            "transitive": list(principal.transitive),
            # What acts in the name of a session is as old as that: it ends with it where old sessions are denied.
            "context": {**session_context(present), **dict(principal.context)},
            "expires": key.expires,
        }
        mine = temporary_keys.c.account == self._records.account
        with self._records.adding() as tx:
            tx.execute(temporary_keys.delete().where(mine, temporary_keys.c.expires <= present - REMEMBERED))
            tx.execute(temporary_keys.insert().values(row))
        return key

    def find(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id, which may have expired, and whose it is; None when it never was, or its owner is gone."""
        return self._cached(access_key_id, self._records.revision)

    def _read(self, access_key_id: str, _revision: int) -> tuple[AccessKey, Principal] | None:
        account = self._records.account
        query = temporary_keys.select().where(temporary_keys.c.account == account, temporary_keys.c.id == access_key_id)
        with self._records.reading() as connection:
            row = connection.execute(query).first()
            if row is None:
                return None
            table = roles if row.kind == Kind.ROLE.value else users
            holder = row.holder and connection.execute(table.select().where(table.c.id == row.holder)).first()
            if row.holder is not None and holder is None:
                # It was given out while its owner was deleted. A key without an owner is the root user's.
                return None
        principal = replace(
            _principal(self._records, row, holder),
            session_policies=tuple(row.policies),
            tags=tuple(row.tags.items()),
            transitive=tuple(row.transitive),
            context=tuple(row.context.items()),
        )
        return AccessKey(row.id, row.secret, row.token, row.expires), principal


def _principal(records: Records, key: Row[Any], holder: Row[Any] | None) -> Principal:
    """Whose session a key is, of its row and that of the user or role."""
    kind, account = Kind(key.kind), records.account
    root = root_user(account, records.partition)
    if holder is None:
        return federated_user(root, key.session) if kind is Kind.FEDERATED else root
    if kind is Kind.ROLE:
        return role_session(account, records.arn(f"role{holder.path}{holder.name}"), holder.id, key.session)
    user = iam_user(account, user_arn(holder, records), holder.id)
    return federated_user(user, key.session) if kind is Kind.FEDERATED else user


def session_context(present: datetime) -> dict[str, str]:
    """The condition keys that every temporary key says that is given out now."""
    return {"aws:TokenIssueTime": present.strftime("%Y-%m-%dT%H:%M:%SZ"), "aws:MultiFactorAuthPresent": "false"}
