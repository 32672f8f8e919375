"""The policies by which services and other accounts may write to the logs of an account: kept and shown, no more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from studiolo.domain import Clock, LimitExceeded, NotFound, Page, Scope
from studiolo.logs.groups import these
from studiolo.logs.tables import resource_policies
from studiolo.state import State, page

MOST_POLICIES = 10
"""Of an account in a region, as CloudWatch Logs has it."""


@dataclass(frozen=True, slots=True)
class ResourcePolicy:
    name: str
    document: str
    updated: datetime


class ResourcePolicies:
    """The resource policies of a data folder."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def put(self, scope: Scope, name: str, document: str) -> ResourcePolicy:
        """Add a policy, or change it; the document is one that the service takes. Raises LimitExceeded."""
        mine = these(resource_policies, scope, name=name)
        policy = ResourcePolicy(name, document, self._clock())
        values = {"document": policy.document, "updated": policy.updated}
        with self._state.transaction() as tx:
            if tx.execute(resource_policies.update().where(mine).values(values)).rowcount:
                return policy
            count = select(func.count()).select_from(resource_policies).where(these(resource_policies, scope))
            if tx.execute(count).scalar_one() >= MOST_POLICIES:
                raise LimitExceeded("Resource limit exceeded.")
            bound = {"account": scope.account, "region": scope.region, "name": name}
            tx.execute(resource_policies.insert().values(**bound, **values))
        return policy

    def delete(self, scope: Scope, name: str) -> None:
        """Raises NotFound."""
        with self._state.transaction() as tx:
            if not tx.execute(resource_policies.delete().where(these(resource_policies, scope, name=name))).rowcount:
                raise NotFound(f"Policy with name [{name}] does not exist.")

    def list(self, scope: Scope, *, after: str | None = None, limit: int = 50) -> Page[ResourcePolicy]:
        """The policies, by name."""
        query = select(resource_policies).where(these(resource_policies, scope))
        with self._state.reading() as connection:
            found = page(connection, query, resource_policies.c.name, after, limit)
        return Page([_as_policy(row) for row in found.items], found.next)


def _as_policy(row: Row[Any]) -> ResourcePolicy:
    return ResourcePolicy(row.name, row.document, row.updated)
