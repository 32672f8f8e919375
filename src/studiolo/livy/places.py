"""The records of Livy servers: where they are, and how many sessions and batches they have given a number."""

from typing import Any, Literal

from sqlalchemy import Row, and_

from studiolo.domain import NotFound, Scope
from studiolo.livy.model import Place
from studiolo.livy.tables import servers
from studiolo.state import State


class Places:
    """Livy servers in the database."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put(self, place: Place) -> None:
        """Record the server; one of that id changes, and counts on."""
        with self._state.transaction() as tx:
            changed = tx.execute(servers.update().where(_this(place.scope, place.id)).values(place=place.kept()))
            if changed.rowcount == 0:
                tx.execute(
                    servers.insert().values(
                        account=place.scope.account,
                        region=place.scope.region,
                        id=place.id,
                        place=place.kept(),
                        sessions=0,
                        batches=0,
                    )
                )

    def get(self, scope: Scope, name: str) -> Place:
        """Raises NotFound."""
        with self._state.reading() as connection:
            row = connection.execute(servers.select().where(_this(scope, name))).first()
        if row is None:
            raise NotFound(f"There is no Livy server {name}.")
        return _as_place(row)

    def all(self) -> list[Place]:
        """Those of every scope."""
        with self._state.reading() as connection:
            return [_as_place(row) for row in connection.execute(servers.select()).all()]

    def number(self, place: Place, of: Literal["sessions", "batches"]) -> int:
        """The next number of the server's sessions or batches: each is given once."""
        column = servers.c[of]
        with self._state.transaction() as tx:
            change = servers.update().where(_this(place.scope, place.id)).values({of: column + 1})
            row = tx.execute(change.returning(column)).first()
        if row is None:
            raise NotFound(f"There is no Livy server {place.id}.")
        return int(row[0]) - 1

    def remove(self, place: Place) -> None:
        """Forget the server."""
        with self._state.transaction() as tx:
            tx.execute(servers.delete().where(_this(place.scope, place.id)))


def _this(scope: Scope, name: str) -> Any:
    return and_(servers.c.account == scope.account, servers.c.region == scope.region, servers.c.id == name)


def _as_place(row: Row[Any]) -> Place:
    kept = {**row.place, "formats": tuple(row.place.get("formats", ()))}
    return Place(id=row.id, scope=Scope(row.account, row.region), **kept)
