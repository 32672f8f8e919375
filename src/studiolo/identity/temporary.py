"""Temporary keys: given out for sessions of a role or of the root user, found again, dropped when they end."""

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from studiolo.identity.keys import AccessKey, new_temporary_key
from studiolo.identity.principals import Principal, role_session, root_user
from studiolo.identity.records import Records
from studiolo.identity.tables import roles, temporary_keys

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
        _, _, session = principal.user_id.partition(":")
        row = {
            "account": self._records.account,
            "id": key.id,
            "secret": key.secret,
            "token": key.session_token,
            "role": principal.role_arn and principal.role_arn.rpartition("/")[2],
            "session": session,
            "policies": list(principal.session_policies),
            "tags": dict(principal.tags),
            "transitive": list(principal.transitive),
            "source_identity": principal.source_identity,
            "issued": principal.issued or present,
            "expires": key.expires,
        }
        mine = temporary_keys.c.account == self._records.account
        with self._records.adding() as tx:
            tx.execute(temporary_keys.delete().where(mine, temporary_keys.c.expires <= present - REMEMBERED))
            tx.execute(temporary_keys.insert().values(row))
        return key

    def find(self, access_key_id: str) -> tuple[AccessKey, Principal] | None:
        """The key of that id, which may have expired, and whose it is; None when it never was, or its role is gone."""
        return self._cached(access_key_id, self._records.revision)

    def _read(self, access_key_id: str, _revision: int) -> tuple[AccessKey, Principal] | None:
        account = self._records.account
        of_role = (roles.c.account == temporary_keys.c.account) & (roles.c.name == temporary_keys.c.role)
        query = (
            temporary_keys.select()
            .outerjoin(roles, of_role)
            .add_columns(roles.c.id.label("role_id"), roles.c.path)
            .where(temporary_keys.c.account == account, temporary_keys.c.id == access_key_id)
        )
        with self._records.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        key = AccessKey(row.id, row.secret, row.token, row.expires)
        if row.role is None:
            return key, replace(root_user(account), issued=row.issued)
        arn = f"arn:aws:iam::{account}:role{row.path}{row.role}"
        session = role_session(account, arn, row.role_id, row.session)
        return key, replace(
            session,
            session_policies=tuple(row.policies),
            tags=tuple(row.tags.items()),
            issued=row.issued,
            source_identity=row.source_identity,
            transitive=tuple(row.transitive or ()),
        )
