"""Security configurations: named documents, kept and shown. Runtime roles are in force; all else is recorded."""

import json
import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row

from studiolo.clusters.model import RuntimeRoles
from studiolo.clusters.tables import security_configurations as rows
from studiolo.domain import AlreadyExists, Clock, Invalid, NotFound, Page, Scope
from studiolo.state import State, page

EXTERNAL_ID_LETTERS, EXTERNAL_ID_LENGTH = string.ascii_uppercase + string.digits, 52


@dataclass(frozen=True)
class SecurityConfiguration:
    """`document` is JSON."""

    name: str
    document: str
    created: datetime

    @property
    def runtime_roles(self) -> RuntimeRoles | None:
        """What it says of runtime roles; None where they are not enabled."""
        document = json.loads(self.document)
        if not _enables_roles(document):
            return None
        authorization = document["AuthorizationConfiguration"]
        more = authorization["IAMConfiguration"][ROLES]
        return RuntimeRoles(more["ExternalId"], authorization.get(LAKE, {}).get("AuthorizedSessionTagValue"))


ENABLED, ROLES = "EnableApplicationScopedIAMRole", "ApplicationScopedIAMRoleConfiguration"
LAKE = "LakeFormationConfiguration"


class SecurityConfigurations:
    """The security configurations of every scope."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def create(self, scope: Scope, name: str, document: str) -> SecurityConfiguration:
        """A document that enables runtime roles is given an external id, as EMR does.

        Raises AlreadyExists, and Invalid for a document that is no JSON object, or says nothing of authorization that
        can be understood.
        """
        if not name:
            raise Invalid("A security configuration needs a name.")
        try:
            found = json.loads(document)
        except ValueError as error:
            raise Invalid(f"The security configuration is not JSON: {error}.") from error
        if not isinstance(found, dict):
            raise Invalid("The security configuration must be a JSON object.")
        if _enables_roles(found):
            asked = found["AuthorizationConfiguration"]["IAMConfiguration"]
            asked[ROLES] = {**asked.get(ROLES, {}), "ExternalId": _external_id()}
            document = json.dumps(found)
        made = SecurityConfiguration(name, document, self._clock())
        with self._state.transaction() as tx:
            if tx.execute(rows.select().where(*_is(scope, name))).first() is not None:
                raise AlreadyExists(f"Security configuration with name '{name}' already exists.")
            values = {"account": scope.account, "region": scope.region, "name": name}
            tx.execute(rows.insert().values(**values, created=made.created, document=document))
        return made

    def get(self, scope: Scope, name: str) -> SecurityConfiguration:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(rows.select().where(*_is(scope, name))).first()
        if row is None:
            raise NotFound(f"Security configuration with name '{name}' does not exist.")
        return _made(row)

    def delete(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        self.get(scope, name)
        with self._state.transaction() as tx:
            tx.execute(rows.delete().where(*_is(scope, name)))

    def page(self, scope: Scope, key: str | None, limit: int) -> Page[SecurityConfiguration]:
        """By name."""
        query = rows.select().where(rows.c.account == scope.account, rows.c.region == scope.region)
        with self._state.reading() as connection:
            found = page(connection, query, rows.c.name, key, limit)
        return Page([_made(row) for row in found.items], found.next)


def _enables_roles(document: dict[str, Any]) -> bool:
    """Whether it enables runtime roles. Raises Invalid for what is not as EMR documents it."""
    authorization = _member(document, "AuthorizationConfiguration")
    access = _member(authorization, "IAMConfiguration")
    enabled, tag = access.get(ENABLED, False), _member(authorization, LAKE).get("AuthorizedSessionTagValue")
    _member(access, ROLES)
    if not isinstance(enabled, bool):
        raise Invalid(f"{ENABLED} must be true or false.")
    if not isinstance(tag, str | None):
        raise Invalid("AuthorizedSessionTagValue must be a string.")
    if tag is not None and not enabled:
        raise Invalid(f"{LAKE} needs runtime roles: {ENABLED} must be true.")
    return enabled


def _member(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise Invalid(f"{name} must be a JSON object.")
    return found


def _external_id() -> str:
    return "".join(secrets.choice(EXTERNAL_ID_LETTERS) for _ in range(EXTERNAL_ID_LENGTH))


def _is(scope: Scope, name: str) -> tuple[ColumnElement[bool], ...]:
    return rows.c.account == scope.account, rows.c.region == scope.region, rows.c.name == name


def _made(row: Row[Any]) -> SecurityConfiguration:
    return SecurityConfiguration(row.name, row.document, row.created)
