"""Tags of databases, connections and catalogs, by the resource part of their ARN."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from studiolo.catalog.subject import Subject, bound, within
from studiolo.catalog.tables import catalogs, connections, databases, tags
from studiolo.domain import Invalid, NotFound, Scope

MOST_TAGS = 50
KINDS = {"database": databases, "connection": connections, "catalog": catalogs}


def database_resource(name: str) -> str:
    """A database in the words of an ARN."""
    return f"database/{name}"


class Tags(Subject):
    """Tags of the catalog's resources; `resource` is the last part of an ARN, e.g. `database/air`."""

    def tags(self, scope: Scope, resource: str) -> dict[str, str]:
        """Raises NotFound."""
        with self._state.reading() as connection:
            _require(connection, scope, resource)
            return _tags(connection, scope, resource)

    def change_tags(
        self, scope: Scope, resource: str, *, add: Mapping[str, str] | None = None, remove: Collection[str] = ()
    ) -> None:
        """Add tags, or replace their values; remove others, whether they are there or not. Raises NotFound, Invalid."""
        with self._state.transaction() as tx:
            _require(tx, scope, resource)
            set_tags(tx, scope, resource, add or {})
            tx.execute(tags.delete().where(within(tags, scope, resource=resource), tags.c.key.in_(list(remove))))


def set_tags(tx: Connection, scope: Scope, resource: str, added: Mapping[str, str]) -> None:
    """Write tags of a resource, as part of a larger change. Raises Invalid past 50 tags."""
    if not added:
        return
    if len(_tags(tx, scope, resource).keys() | added.keys()) > MOST_TAGS:
        raise Invalid(f"A resource can have {MOST_TAGS} tags at most.")
    mine = within(tags, scope, resource=resource)
    tx.execute(tags.delete().where(mine, tags.c.key.in_(list(added))))
    rows = [bound(scope, resource=resource, key=key, value=value) for key, value in added.items()]
    tx.execute(tags.insert(), rows)


def drop_tags(tx: Connection, scope: Scope, resource: str) -> None:
    """Forget the tags of a resource that is deleted, as part of that change."""
    tx.execute(tags.delete().where(within(tags, scope, resource=resource)))


def _tags(connection: Connection, scope: Scope, resource: str) -> dict[str, str]:
    rows = connection.execute(select(tags.c.key, tags.c.value).where(within(tags, scope, resource=resource)))
    return {row.key: row.value for row in rows}


def _require(connection: Connection, scope: Scope, resource: str) -> None:
    """Raise NotFound unless the scope has that resource."""
    kind, _, name = resource.partition("/")
    table = KINDS.get(kind)
    if table is None or not connection.execute(select(table.c.name).where(within(table, scope, name=name))).first():
        raise NotFound(f"There is no resource {resource} here: Studiolo tags {', '.join(KINDS)} and session resources.")
