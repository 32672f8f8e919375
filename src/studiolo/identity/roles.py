"""Roles of IAM: what they are and who may take them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from studiolo.domain import AlreadyExists, NotFound
from studiolo.identity.keys import unique_id
from studiolo.identity.records import Records
from studiolo.identity.tables import roles

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Role:
    """A role; `trust` is the JSON document of who may take it, `boundary` the ARN of a policy that bounds it."""

    name: str
    id: str
    arn: str
    path: str
    trust: str
    description: str
    max_session: timedelta
    boundary: str | None
    tags: Mapping[str, str]
    created: datetime


class Roles:
    """The roles of one account."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create(
        self,
        name: str,
        trust: str,
        *,
        path: str = "/",
        description: str = "",
        max_session: timedelta = HOUR,
        boundary: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Role:
        """Add a role. Raises AlreadyExists."""
        with self._records.changing() as tx:
            if tx.execute(roles.select().where(roles.c.account == self._records.account, roles.c.name == name)).first():
                raise AlreadyExists(f"Role with name {name} already exists.")
            tx.execute(
                roles.insert().values(
                    account=self._records.account,
                    name=name,
                    id=unique_id("AROA"),
                    path=path,
                    trust=trust,
                    description=description,
                    max_session_seconds=int(max_session.total_seconds()),
                    boundary=boundary,
                    tags=dict(tags or {}),
                    created=self._records.clock(),
                )
            )
        return self.get(name)

    def get(self, name: str) -> Role:
        """The role of that name. Raises NotFound."""
        query = roles.select().where(roles.c.account == self._records.account, roles.c.name == name)
        with self._records.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(f"The role with name {name} cannot be found.")
        return as_role(row)


def as_role(row: Row[Any]) -> Role:
    return Role(
        name=row.name,
        id=row.id,
        arn=f"arn:aws:iam::{row.account}:role{row.path}{row.name}",
        path=row.path,
        trust=row.trust,
        description=row.description,
        max_session=timedelta(seconds=row.max_session_seconds),
        boundary=row.boundary,
        tags=row.tags,
        created=row.created,
    )
