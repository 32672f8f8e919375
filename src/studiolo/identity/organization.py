"""The organization of a server's own account: the other accounts are made in it, each with a role that leads there.

After the AWS Organizations API Reference and "Creating a member account in an organization" of its User Guide.
"""

import json
import re
import secrets
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, select

from studiolo.domain import AlreadyExists, Conflict, Invalid, LimitExceeded, NotFound, Page
from studiolo.identity.records import Records
from studiolo.identity.roles import Roles, RoleSettings
from studiolo.identity.tables import account_requests, members, organizations
from studiolo.identity.tags import tags_of, with_tags, without_tags
from studiolo.state import page

ROLE = "OrganizationAccountAccessRole"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
MOST_ACCOUNTS = 100
DONE, UNDER_WAY, FAILED = "SUCCEEDED", "IN_PROGRESS", "FAILED"
OWN_EMAIL = "root@studiolo.invalid"
"""Of the server's own account, which has no address: nothing is ever sent."""

_LETTERS = string.ascii_lowercase + string.digits
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


class NoOrganization(NotFound):
    """The account is in no organization."""


class InOrganization(AlreadyExists):
    """The account is in an organization."""


class NotEmpty(Conflict):
    """The organization has accounts."""


class NoAccountRequest(NotFound):
    """There is no such request for an account."""


@dataclass(frozen=True, slots=True)
class OrganizationRecord:
    """An organization. `management`: the account that made it; `root`: the id of what its accounts are in."""

    id: str
    management: str
    root: str
    features: str
    created: datetime
    email: str = OWN_EMAIL


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account of the organization; `made`: in it, as all are but its management account."""

    number: str
    name: str
    email: str
    joined: datetime
    made: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """A request for an account: `state` is SUCCEEDED, IN_PROGRESS or FAILED, that with the reason."""

    id: str
    account: str | None
    name: str
    state: str
    reason: str | None
    requested: datetime
    completed: datetime | None


class Organization:
    """The organization that the server's own account is the management account of, if it has made one.

    roles: those of an account.
    """

    def __init__(self, records: Records, roles: Callable[[str], Roles]) -> None:
        self._records = records
        self._roles = roles
        self._cached = lru_cache(maxsize=1)(self._read)

    def create(self, features: str = "ALL") -> OrganizationRecord:
        """Raises InOrganization."""
        row = {
            "account": self._records.account,
            "id": "o-" + _code(10),
            "root": "r-" + _code(4),
            "features": features,
            "created": self._records.clock(),
        }
        with self._records.changing() as tx:
            if tx.execute(organizations.select()).first() is not None:
                raise InOrganization("The AWS account is already a member of an organization.")
            tx.execute(organizations.insert().values(row))
        return self.get()

    def get(self) -> OrganizationRecord:
        """Raises NoOrganization."""
        found = self._cached(self._records.revision)[0]
        if found is None:
            raise NoOrganization("Your account is not a member of an organization.")
        return found

    def delete(self) -> None:
        """Raises NoOrganization, and NotEmpty where there are other accounts in it."""
        self.get()
        with self._records.changing() as tx:
            if tx.execute(members.select()).first() is not None:
                raise NotEmpty("To delete an organization you must first remove all member accounts.")
            tx.execute(organizations.delete())

    @property
    def made(self) -> frozenset[str]:
        """The accounts that were made in the organization."""
        return self._cached(self._records.revision)[1]

    def has(self, account: str) -> bool:
        """Whether that account was made in the organization."""
        return account in self.made

    def id_of(self, account: str) -> str | None:
        """The id of the organization that an account is in."""
        found, made = self._cached(self._records.revision)
        return found.id if found is not None and (account == found.management or account in made) else None

    def path_of(self, account: str) -> str | None:
        """Where an account is in its organization, as aws:PrincipalOrgPaths has it."""
        found = self._cached(self._records.revision)[0]
        return f"{found.id}/{found.root}/" if found is not None and self.id_of(account) is not None else None

    def create_account(
        self, name: str, email: str, role: str = ROLE, tags: Iterable[tuple[str, str]] = ()
    ) -> AccountRequest:
        """Make an account, in which a role of that name lets the management account do everything.

        It fails, which the request then says, for an email that another account has. Raises NoOrganization, Invalid,
        LimitExceeded.
        """
        self.get()
        if not _EMAIL.fullmatch(email):
            raise Invalid(f"You provided an email address, {email}, that is not valid.")
        kept = tags_of(tags)
        identifier, present = "car-" + _code(32), self._records.clock()
        request: dict[str, Any] = {"id": identifier, "name": name, "role": role, "requested": present}
        with self._records.changing() as tx:
            emails = {OWN_EMAIL, *tx.execute(select(members.c.email)).scalars()}
            if len(emails) >= MOST_ACCOUNTS:
                raise LimitExceeded(f"An organization of this server has at most {MOST_ACCOUNTS} accounts.")
            if email.lower() in map(str.lower, emails):
                failed = {"state": FAILED, "reason": "EMAIL_ALREADY_EXISTS", "completed": present}
                tx.execute(account_requests.insert().values(**request, **failed))
            else:
                number = self._free_number(tx.execute(select(members.c.account)).scalars().all())
                row = {"account": number, "name": name, "email": email, "tags": kept, "joined": present}
                tx.execute(members.insert().values(row))
                tx.execute(account_requests.insert().values(**request, account=number, state=UNDER_WAY))
        return self.request(identifier)

    def request(self, identifier: str) -> AccountRequest:
        """A request for an account; what a crash left undone of it is done now. Raises NoAccountRequest."""
        query = account_requests.select().where(account_requests.c.id == identifier)
        with self._records.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NoAccountRequest(f"You specified a create account request ID, {identifier}, that doesn't exist.")
        if row.state == UNDER_WAY:
            self._finish(row)
            with self._records.reading() as connection:
                row = connection.execute(query).one()
        return _request(row)

    def requests(self, states: Sequence[str], after: str | None = None, limit: int = 20) -> Page[AccountRequest]:
        """The requests for accounts, of those states where any are given."""
        query = account_requests.select()
        if states:
            query = query.where(account_requests.c.state.in_(states))
        with self._records.reading() as connection:
            rows = page(connection, query, account_requests.c.id, after, limit)
        return Page([_request(row) for row in rows.items], rows.next)

    def accounts(self, after: str | None = None, limit: int = 20) -> Page[MemberAccount]:
        """The accounts by number; the management account first. Raises NoOrganization."""
        own = [] if after is not None else [self.account(self.get().management)]
        if len(own) == limit:
            return Page(own, next="")
        with self._records.reading() as connection:
            rows = page(connection, members.select(), members.c.account, after, limit - len(own))
        return Page([*own, *map(_member, rows.items)], rows.next)

    def account(self, number: str) -> MemberAccount:
        """Raises NotFound, NoOrganization."""
        organization = self.get()
        if number == organization.management:
            return MemberAccount(number, "management", OWN_EMAIL, organization.created, made=False, tags={})
        return _member(self._member(number))

    def tag(self, number: str, tags: Iterable[tuple[str, str]]) -> None:
        """Add tags to an account that was made here, or replace their values. Raises NotFound, Invalid, LimitExceeded."""
        self._change_tags(number, with_tags(self._member(number).tags, tags))

    def untag(self, number: str, keys: Iterable[str]) -> None:
        """Raises NotFound."""
        self._change_tags(number, without_tags(self._member(number).tags, keys))

    def _change_tags(self, number: str, tags: Mapping[str, str]) -> None:
        with self._records.changing() as tx:
            tx.execute(members.update().where(members.c.account == number).values(tags=dict(tags)))

    def _member(self, number: str) -> Row[Any]:
        with self._records.reading() as connection:
            row = connection.execute(members.select().where(members.c.account == number)).first()
        if row is None:
            raise NotFound(f"You specified an account, {number}, that doesn't exist in the organization.")
        return row

    def _finish(self, request: Row[Any]) -> None:
        """Make the role of a new account. Each step can be done again."""
        roles = self._roles(request.account)
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self._records.account}:root"},
            "Action": "sts:AssumeRole",
        }
        with suppress(AlreadyExists):
            trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            roles.create(request.role, trust, settings=RoleSettings())
        roles.attach(request.role, ADMINISTRATOR)
        done = {"state": DONE, "completed": self._records.clock()}
        with self._records.adding() as tx:
            tx.execute(account_requests.update().where(account_requests.c.id == request.id).values(done))

    def _free_number(self, taken: Sequence[str]) -> str:
        while (number := str(secrets.randbelow(9 * 10**11) + 10**11)) in {self._records.account, *taken}:
            pass
        return number

    def _read(self, _revision: int) -> tuple[OrganizationRecord | None, frozenset[str]]:
        with self._records.reading() as connection:
            row = connection.execute(organizations.select()).first()
            made = frozenset(connection.execute(select(members.c.account)).scalars())
        found = None if row is None else OrganizationRecord(row.id, row.account, row.root, row.features, row.created)
        return found, made


def _member(row: Row[Any]) -> MemberAccount:
    return MemberAccount(row.account, row.name, row.email, row.joined, made=True, tags=row.tags)


def _request(row: Row[Any]) -> AccountRequest:
    return AccountRequest(row.id, row.account, row.name, row.state, row.reason, row.requested, row.completed)


def _code(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
