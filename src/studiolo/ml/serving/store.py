"""The endpoints as the database has them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from studiolo.domain import AlreadyExists, Clock, NotFound, Page, Scope
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn
from studiolo.ml.serving.endpoint import CREATING, Deployment, Endpoint
from studiolo.ml.tables import endpoints
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.state import State, Thing


class Store:
    """The rows of endpoints; whoever waits for one is told of its changes."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    def all(self) -> list[tuple[Scope, Endpoint]]:
        with self._state.reading() as connection:
            rows = connection.execute(endpoints.select()).all()
        return [(Scope(row.account, row.region), _as_endpoint(row)) for row in rows]

    def add(self, scope: Scope, name: str, deployment: Deployment, tags: Mapping[str, str]) -> None:
        """Raises AlreadyExists."""
        moment = self._clock()
        with self._state.transaction(_thing(scope, name)) as tx:
            if _row(tx, scope, name) is not None:
                raise AlreadyExists(f'Cannot create already existing endpoint "{arn(scope, "endpoint", name)}".')
            tx.execute(
                endpoints.insert().values(
                    account=scope.account,
                    region=scope.region,
                    name=name,
                    created=moment,
                    changed=moment,
                    status=CREATING,
                    desired=deployment.to_json(),
                )
            )
            set_tags(tx, arn(scope, "endpoint", name), tags)

    def find(self, scope: Scope, name: str) -> Endpoint | None:
        with self._state.reading() as connection:
            row = _row(connection, scope, name)
        return None if row is None else _as_endpoint(row)

    def get(self, scope: Scope, name: str) -> Endpoint:
        """Raises NotFound."""
        found = self.find(scope, name)
        if found is None:
            raise NotFound(f'Could not find endpoint "{arn(scope, "endpoint", name)}".')
        return found

    def page(self, scope: Scope, listing: Listing) -> Page[Endpoint]:
        with self._state.reading() as connection:
            found = select_page(connection, endpoints, scope, listing)
        return Page([_as_endpoint(row) for row in found.items], found.next)

    def change(self, scope: Scope, name: str, **values: Any) -> None:
        """Change what is named: `deployed` and `desired` are Deployments or None."""
        documents = {key: value.to_json() if isinstance(value, Deployment) else value for key, value in values.items()}
        with self._state.transaction(_thing(scope, name)) as tx:
            tx.execute(endpoints.update().where(_is(scope, name)).values(changed=self._clock(), **documents))

    def drop(self, scope: Scope, endpoint: Endpoint) -> None:
        with self._state.transaction(_thing(scope, endpoint.name)) as tx:
            tx.execute(endpoints.delete().where(_is(scope, endpoint.name)))
            drop_tags(tx, endpoint.arn)

    def empty(self) -> None:
        with self._state.transaction() as tx:
            tx.execute(endpoints.delete())


def _row(connection: Connection, scope: Scope, name: str) -> Row[Any] | None:
    return connection.execute(endpoints.select().where(_is(scope, name))).first()


def _thing(scope: Scope, name: str) -> Thing:
    """What those wait for who wait for an endpoint."""
    return Thing("endpoint", scope.account, scope.region, name)


def _is(scope: Scope, name: str) -> Any:
    columns = endpoints.c
    return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def _as_endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(
        name=row.name,
        arn=arn(Scope(row.account, row.region), "endpoint", row.name),
        status=row.status,
        failure=row.failure,
        deployed=Deployment.from_json(row.deployed) if row.deployed else None,
        desired=Deployment.from_json(row.desired) if row.desired else None,
        created=row.created,
        changed=row.changed,
    )
