"""Policies that resources have themselves, by the resource's ARN: those of buckets are kept here."""

from collections.abc import Callable
from functools import lru_cache

from sqlalchemy import ColumnElement, select

from studiolo.domain import NotFound
from studiolo.identity.documents import OF_BUCKET
from studiolo.identity.policies import Policies
from studiolo.identity.records import Records
from studiolo.identity.tables import resource_policies
from studiolo.identity.trust import bound


class ResourcePolicies:
    """The resource policies of one account."""

    def __init__(self, records: Records, compiled: Callable[[str, str], Policies]) -> None:
        self._records = records
        self._compiled = compiled
        self._cached = lru_cache(maxsize=1024)(self._read)

    def document(self, resource: str) -> str:
        """The JSON document of a resource's policy, as it was put. Raises NotFound."""
        document = self._document(resource)
        if document is None:
            raise NotFound(f"{resource} has no policy.")
        return document

    def of(self, resource: str) -> Policies | None:
        """The policy of a resource, ready to be asked; None for a resource that has none."""
        return self._cached(resource, self._records.revision)

    def put(self, resource: str, document: str) -> None:
        """Give a resource a policy, or another one. The document is one that its service takes."""
        with self._records.changing() as tx:
            tx.execute(resource_policies.delete().where(self._is(resource)))
            row = {"account": self._records.account, "resource": resource, "document": document}
            tx.execute(resource_policies.insert().values(row))

    def check_principals(self, document: str) -> None:
        """Raise MalformedPolicy where a bucket's policy names users or roles of this server that are not there."""
        with self._records.reading() as connection:
            bound(connection, document, self._records.accounts, OF_BUCKET)

    def delete(self, resource: str) -> None:
        """Take a resource's policy away; one that has none is fine."""
        if self._document(resource) is None:
            return
        with self._records.changing() as tx:
            tx.execute(resource_policies.delete().where(self._is(resource)))

    def _read(self, resource: str, _revision: int) -> Policies | None:
        document = self._document(resource)
        return None if document is None else self._compiled(document, resource)

    def _document(self, resource: str) -> str | None:
        query = select(resource_policies.c.document).where(self._is(resource))
        with self._records.reading() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def _is(self, resource: str) -> ColumnElement[bool]:
        mine = resource_policies.c.account == self._records.account
        return mine & (resource_policies.c.resource == resource)
