"""Passwords of users, which the console of AWS asks for. Studiolo's asks for keys: here they are kept and checked."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import scrypt
from typing import Any

from sqlalchemy import Row

from studiolo.domain import AlreadyExists, Denied, NotFound
from studiolo.identity.accounts import Account
from studiolo.identity.records import Records
from studiolo.identity.tables import users
from studiolo.identity.users import Users


@dataclass(frozen=True, slots=True)
class LoginProfile:
    """That a user has a password, since when, and whether it must be changed at the next sign-in."""

    user: str
    created: datetime
    reset_required: bool


class Passwords:
    """The passwords of the users of one account, of which scrypt's digest is kept."""

    def __init__(self, records: Records, owners: Users, account: Account) -> None:
        self._records = records
        self._users = owners
        self._account = account

    def create(self, user: str, password: str, *, reset_required: bool) -> LoginProfile:
        """Give the user a password. Raises NotFound, AlreadyExists, PasswordPolicyViolation."""
        if self._row(user).password is not None:
            raise AlreadyExists(f"Login Profile for user {user} already exists.")
        self._account.check_password(password)
        self._set(user, password=_digest(password), password_created=self._records.clock())
        self._set(user, password_reset=reset_required)
        return self.get(user)

    def get(self, user: str) -> LoginProfile:
        """Raises NotFound for a user that has no password."""
        row = self._row(user)
        if row.password is None:
            raise NotFound(f"Login Profile for User {user} cannot be found.")
        return LoginProfile(user, row.password_created, row.password_reset)

    def update(self, user: str, password: str | None, reset_required: bool | None) -> None:
        """Change the password, or whether it must be changed. Raises NotFound, PasswordPolicyViolation."""
        self.get(user)
        if password is not None:
            self._account.check_password(password)
            self._set(user, password=_digest(password))
        if reset_required is not None:
            self._set(user, password_reset=reset_required)

    def change(self, user: str, old: str, new: str) -> None:
        """Change one's own password. Raises NotFound, Denied for a wrong old one, PasswordPolicyViolation."""
        self.get(user)
        if not _is_digest(self._row(user).password, old):
            raise Denied("The old password was incorrect.")
        self._account.check_password(new)
        self._set(user, password=_digest(new), password_reset=False)

    def delete(self, user: str) -> None:
        """Take the user's password away. Raises NotFound."""
        self.get(user)
        self._set(user, password=None, password_created=None, password_reset=False)

    def _row(self, user: str) -> Row[Any]:
        self._users.get(user)
        mine = (users.c.account == self._records.account) & (users.c.name == user)
        with self._records.reading() as connection:
            return connection.execute(users.select().where(mine)).one()

    def _set(self, user: str, **columns: Any) -> None:
        mine = (users.c.account == self._records.account) & (users.c.name == user)
        with self._records.changing() as tx:
            tx.execute(users.update().where(mine).values(columns))


def _digest(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}.{scrypt(password.encode(), salt=salt, n=16384, r=8, p=1).hex()}"


def _is_digest(digest: str, password: str) -> bool:
    salt, _, kept = digest.partition(".")
    found = scrypt(password.encode(), salt=bytes.fromhex(salt), n=16384, r=8, p=1).hex()
    return hmac.compare_digest(found, kept)
