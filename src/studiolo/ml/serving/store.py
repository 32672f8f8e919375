"""The endpoints and inference components as the database has them."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Row, Table

from studiolo.domain import AlreadyExists, Clock, NotFound, Page, Scope
from studiolo.ml.listing import Listing, select_page
from studiolo.ml.names import arn
from studiolo.ml.serving.endpoint import Deployment, Endpoint
from studiolo.ml.tags import drop_tags, set_tags
from studiolo.state import State, Thing


class Served(Protocol):
    """What is stored."""

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...


T = TypeVar("T", bound=Served)


class Store(Generic[T]):
    """The rows of a kind of thing that is served; whoever waits for one is told of its changes.

    kind: as in ARNs.
    """

    def __init__(self, state: State, clock: Clock, table: Table, kind: str, of_row: Callable[[Row[Any]], T]) -> None:
        self._state = state
        self._clock = clock
        self._table = table
        self._kind = kind
        self._words = kind.replace("-", " ")
        self._of_row = of_row

    def all(self) -> list[tuple[Scope, T]]:
        with self._state.reading() as connection:
            rows = connection.execute(self._table.select()).all()
        return [(Scope(row.account, row.region), self._of_row(row)) for row in rows]

    def add(self, scope: Scope, name: str, tags: Mapping[str, str], **values: Any) -> None:
        """Add one; values: its columns, as of `change`. Raises AlreadyExists."""
        moment, resource = self._clock(), arn(scope, self._kind, name)
        owner = {"account": scope.account, "region": scope.region, "name": name}
        with self._state.transaction(self._thing(scope, name)) as tx:
            if self._row(tx, scope, name) is not None:
                raise AlreadyExists(f'Cannot create already existing {self._words} "{resource}".')
            tx.execute(self._table.insert().values(**owner, created=moment, changed=moment, **_columns(values)))
            set_tags(tx, resource, tags)

    def find(self, scope: Scope, name: str) -> T | None:
        with self._state.reading() as connection:
            row = self._row(connection, scope, name)
        return None if row is None else self._of_row(row)

    def get(self, scope: Scope, name: str) -> T:
        """Raises NotFound."""
        found = self.find(scope, name)
        if found is None:
            raise NotFound(f'Could not find {self._words} "{arn(scope, self._kind, name)}".')
        return found

    def page(self, scope: Scope, listing: Listing, **equal: str) -> Page[T]:
        """equal: what columns must be."""
        further = [self._table.c[name] == value for name, value in equal.items()]
        with self._state.reading() as connection:
            found = select_page(connection, self._table, scope, listing, *further)
        return Page([self._of_row(row) for row in found.items], found.next)

    def where(self, scope: Scope, **equal: str) -> list[T]:
        """All of a scope whose columns are so."""
        columns = self._table.c
        query = self._table.select().where(columns.account == scope.account, columns.region == scope.region)
        with self._state.reading() as connection:
            rows = connection.execute(query.where(*(columns[name] == value for name, value in equal.items()))).all()
        return [self._of_row(row) for row in rows]

    def change(self, scope: Scope, name: str, **values: Any) -> None:
        """Change what is named: `deployed` and `desired` are what is to be served, or None."""
        with self._state.transaction(self._thing(scope, name)) as tx:
            changed = self._table.update().where(self._is(scope, name))
            tx.execute(changed.values(changed=self._clock(), **_columns(values)))

    def drop(self, scope: Scope, served: T) -> None:
        with self._state.transaction(self._thing(scope, served.name)) as tx:
            tx.execute(self._table.delete().where(self._is(scope, served.name)))
            drop_tags(tx, served.arn)

    def empty(self) -> None:
        with self._state.transaction() as tx:
            tx.execute(self._table.delete())

    def _row(self, connection: Connection, scope: Scope, name: str) -> Row[Any] | None:
        return connection.execute(self._table.select().where(self._is(scope, name))).first()

    def _thing(self, scope: Scope, name: str) -> Thing:
        """What those wait for who wait for it."""
        return Thing(self._kind, scope.account, scope.region, name)

    def _is(self, scope: Scope, name: str) -> Any:
        columns = self._table.c
        return (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)


def as_endpoint(row: Row[Any]) -> Endpoint:
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


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.to_json() if hasattr(value, "to_json") else value for name, value in values.items()}
