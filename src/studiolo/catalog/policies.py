"""Resource policies, by which requests are decided together with those of identities; encryption settings, recorded."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from studiolo.catalog.errors import ConditionFailed
from studiolo.catalog.model import Policy
from studiolo.catalog.subject import Subject, bound, within
from studiolo.catalog.tables import encryption_settings, policies
from studiolo.domain import Clock, NotFound, Page, Scope
from studiolo.identity import check_catalog_policy
from studiolo.state import Remembered, State, page

OF_CATALOG = ""
NO_SETTINGS: Mapping[str, Any] = {
    "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}


class Policies(Subject):
    """The policy of a catalog, and those of its resources by ARN."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state, clock)
        self._deciding = Remembered(state, self._read_deciding)

    def put_policy(
        self,
        scope: Scope,
        text: str,
        resource: str = OF_CATALOG,
        *,
        expected_hash: str | None = None,
        must_exist: bool | None = None,
    ) -> str:
        """Set a policy; its hash. Raises MalformedPolicy (Invalid), NotFound and ConditionFailed."""
        check_catalog_policy(text)
        moment = self._clock()
        digest = hashlib.sha256(text.encode()).hexdigest()
        mine = within(policies, scope, resource=resource)
        with self._state.transaction() as tx:
            row = tx.execute(select(policies).where(mine).with_for_update()).first()
            if must_exist and row is None:
                raise NotFound("There is no resource policy to replace.")
            if must_exist is False and row is not None:
                raise ConditionFailed("There is a resource policy already.")
            _require_hash(row, expected_hash)
            values = {"policy": text, "hash": digest, "updated": moment}
            if row is None:
                tx.execute(policies.insert().values(bound(scope, resource=resource, created=moment, **values)))
            else:
                tx.execute(policies.update().where(mine).values(values))
        return digest

    def policy(self, scope: Scope, resource: str = OF_CATALOG) -> Policy:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(select(policies).where(within(policies, scope, resource=resource))).first()
        if row is None:
            raise NotFound("Policy not found.")
        return _as_policy(row)

    def resource_policy(self, scope: Scope) -> str | None:
        """The document of the catalog's policy, by which requests are decided; None where there is none."""
        return self._deciding.get(scope)

    def _read_deciding(self, scope: Scope) -> str | None:
        query = select(policies.c.policy).where(within(policies, scope, resource=OF_CATALOG))
        with self._state.reading() as connection:
            document: str | None = connection.execute(query).scalar()
        return document

    def policies(self, scope: Scope, after: str | None = None, limit: int = 100) -> Page[Policy]:
        """All policies, that of the catalog first."""
        with self._state.reading() as connection:
            query = select(policies).where(within(policies, scope))
            found = page(connection, query, policies.c.resource, after, limit)
        return Page([_as_policy(row) for row in found.items], found.next)

    def delete_policy(self, scope: Scope, resource: str = OF_CATALOG, *, expected_hash: str | None = None) -> None:
        """Raises NotFound and ConditionFailed."""
        mine = within(policies, scope, resource=resource)
        with self._state.transaction() as tx:
            row = tx.execute(select(policies).where(mine).with_for_update()).first()
            if row is None:
                raise NotFound("Policy not found.")
            _require_hash(row, expected_hash)
            tx.execute(policies.delete().where(mine))

    def encryption_settings(self, scope: Scope) -> Mapping[str, Any]:
        """The settings as Glue words them, everything disabled until they are set."""
        with self._state.reading() as connection:
            query = select(encryption_settings.c.document).where(within(encryption_settings, scope))
            written = connection.execute(query).scalar()
        return NO_SETTINGS if written is None else {**NO_SETTINGS, **json.loads(written)}

    def put_encryption_settings(self, scope: Scope, settings: Mapping[str, Any]) -> None:
        """Record the settings; the database is not encrypted by them."""
        with self._state.transaction() as tx:
            tx.execute(encryption_settings.delete().where(within(encryption_settings, scope)))
            tx.execute(encryption_settings.insert().values(bound(scope, document=json.dumps(settings))))


def _require_hash(row: Row[Any] | None, expected: str | None) -> None:
    if expected is not None and (row is None or row.hash != expected):
        raise ConditionFailed("The resource policy is not the one of that hash.")


def _as_policy(row: Row[Any]) -> Policy:
    return Policy(row.policy, row.hash, row.created, row.updated)
