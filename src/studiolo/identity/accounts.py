"""What IAM knows of an account as a whole: its alias and the rules for its passwords."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from studiolo.domain import AlreadyExists, Invalid, NotFound
from studiolo.identity.records import Records
from studiolo.identity.tables import accounts

SYMBOLS = re.compile(r"[!@#$%^&*()_+\-=\[\]{}|']")


class PasswordPolicyViolation(Invalid):
    """A password is not as the account's rules want it."""


class ReportMissing(NotFound):
    """No credential report was made yet."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """The rules for the passwords of users, with IAM's defaults; ages in days, 0 for no rule."""

    minimum_length: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    users_may_change: bool = False
    max_age: int = 0
    reuse_prevention: int = 0
    hard_expiry: bool = False

    def check(self, password: str) -> None:
        """Raise PasswordPolicyViolation unless the password is long and mixed enough."""
        wanted = (
            (len(password) < self.minimum_length, f"a minimum length of {self.minimum_length}"),
            (self.symbols and not SYMBOLS.search(password), "at least one non-alphanumeric character"),
            (self.numbers and not re.search(r"[0-9]", password), "at least one number"),
            (self.uppercase and not re.search(r"[A-Z]", password), "at least one uppercase letter"),
            (self.lowercase and not re.search(r"[a-z]", password), "at least one lowercase letter"),
        )
        for broken, what in wanted:
            if broken:
                raise PasswordPolicyViolation(f"Password should have {what}")


DEFAULT_RULES = PasswordPolicy(8)
"""What holds for an account that has no policy of its own; besides three of the four kinds of characters."""


class Account:
    """One account's settings."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @property
    def alias(self) -> str | None:
        """The name that the account goes by beside its number."""
        row = self._row()
        return row.alias if row else None

    def set_alias(self, alias: str) -> None:
        """Give the account the alias, in place of another. Raises AlreadyExists for the one it has."""
        if self.alias == alias:
            raise AlreadyExists(f"The account alias {alias} already exists.")
        self._set(alias=alias)

    def delete_alias(self, alias: str) -> None:
        """Take the alias away. Raises NotFound for another one."""
        if self.alias != alias:
            raise NotFound(f"The account alias {alias} cannot be found.")
        self._set(alias=None)

    @property
    def password_policy(self) -> PasswordPolicy | None:
        """The rules for passwords that the account has made for itself."""
        row = self._row()
        return PasswordPolicy(**row.password_policy) if row and row.password_policy else None

    def set_password_policy(self, policy: Mapping[str, Any]) -> None:
        """Make these the rules: a PasswordPolicy's fields."""
        self._set(password_policy=dict(policy))

    def delete_password_policy(self) -> None:
        """Go back to the default rules. Raises NotFound where they hold already."""
        if self.password_policy is None:
            raise NotFound(f"The account policy with name PasswordPolicy cannot be found for {self._records.account}.")
        self._set(password_policy=None)

    def check_password(self, password: str) -> None:
        """Raise PasswordPolicyViolation unless a user may have the password."""
        policy = self.password_policy
        (policy or DEFAULT_RULES).check(password)
        kinds = (r"[A-Z]", r"[a-z]", r"[0-9]", SYMBOLS)
        if policy is None and sum(bool(re.search(kind, password)) for kind in kinds) < 3:
            raise PasswordPolicyViolation(
                "Password should have characters of at least three kinds: uppercase, lowercase, numbers, symbols"
            )

    @property
    def report(self) -> tuple[str, datetime]:
        """The credential report that was made last, and when. Raises ReportMissing."""
        row = self._row()
        if row is None or row.report is None:
            raise ReportMissing("There is no credential report: generate one first.")
        return row.report, row.reported

    def keep_report(self, report: str) -> None:
        """Keep a credential report that was made now."""
        self._set(report=report, reported=self._records.clock())

    def _set(self, **columns: Any) -> None:
        mine = accounts.c.account == self._records.account
        with self._records.changing() as tx:
            if not tx.execute(accounts.update().where(mine).values(columns)).rowcount:
                tx.execute(accounts.insert().values(account=self._records.account, **columns))

    def _row(self) -> Row[Any] | None:
        with self._records.reading() as connection:
            return connection.execute(accounts.select().where(accounts.c.account == self._records.account)).first()
