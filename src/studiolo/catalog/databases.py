"""Databases: namespaces for tables and functions."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.links import leads_away, seen_through_database
from studiolo.catalog.model import Database
from studiolo.catalog.subject import (
    DATABASE,
    Subject,
    bound,
    document,
    fold,
    require_database,
    require_linked_database,
    within,
)
from studiolo.catalog.tables import databases, functions, tables
from studiolo.catalog.tags import database_resource, drop_tags, set_tags
from studiolo.domain import AlreadyExists, Conflict, Invalid, NotFound, Page, Scope
from studiolo.state import page

PAGE = 100


class Databases(Subject):
    """Databases of one catalog."""

    def create_database(self, scope: Scope, database: Database, tags: Mapping[str, str] | None = None) -> Database:
        """Add a database. Raises AlreadyExists and Invalid."""
        name = fold(database.name)
        made = replace(database, name=name, created=self._clock())
        try:
            with self._state.transaction() as tx:
                tx.execute(databases.insert().values(bound(scope, name=name, document=document(DATABASE, made))))
                set_tags(tx, scope, database_resource(name), tags or {})
        except IntegrityError:
            raise AlreadyExists("Database already exists.") from None
        return made

    def database(self, scope: Scope, name: str) -> Database:
        """A database; a resource link with the properties of what it leads to, if that is here. Raises NotFound."""
        with self._state.reading() as connection:
            found = DATABASE.validate_json(require_database(connection, scope, name.lower()).document)
            return _followed(connection, scope, found)

    def databases(self, scope: Scope, after: str | None = None, limit: int = PAGE) -> Page[Database]:
        """The databases in the order of their names, resource links within the account as by `database`."""
        with self._state.reading() as connection:
            found = page(connection, _DATABASES.params(bound(scope)), databases.c.name, after, limit)
            known = [_listed(connection, scope, DATABASE.validate_json(row.document)) for row in found.items]
        return Page(known, found.next)

    def update_database(self, scope: Scope, name: str, database: Database) -> Database:
        """Give a database other properties; where a resource link is not given as one, to what it leads to.

        Raises NotFound, and Invalid for another name.
        """
        name = name.lower()
        if fold(database.name) != name:
            raise Invalid("Database cannot be renamed")
        with self._state.transaction() as tx:
            before = DATABASE.validate_json(require_database(tx, scope, name, lock="change").document)
            if before.target_database is not None and database.target_database is None:
                scope, name = require_linked_database(tx, scope, name)
                before = DATABASE.validate_json(require_database(tx, scope, name, lock="change").document)
                database = replace(database, target_database=before.target_database)
            after = replace(database, name=name, created=before.created, governed=before.governed)
            values = {"document": document(DATABASE, after)}
            tx.execute(databases.update().where(within(databases, scope, name=name)).values(values))
        return after

    def delete_database(self, scope: Scope, name: str, *, cascade: bool = True) -> None:
        """Delete a database with its tables and functions.

        Raises NotFound, and Conflict where it has any and `cascade` is False.
        """
        name = name.lower()
        with self._state.transaction() as tx:
            require_database(tx, scope, name, lock="change")
            for table in (tables, functions):
                mine = within(table, scope, database=name)
                if not cascade and tx.execute(select(table.c.name).where(mine).limit(1)).first():
                    raise Conflict(f"Database {name} is not empty.")
                tx.execute(table.delete().where(mine))
            tx.execute(databases.delete().where(within(databases, scope, name=name)))
            drop_tags(tx, scope, database_resource(name))


def _listed(connection: Connection, scope: Scope, found: Database) -> Database:
    # Of what another account has, a list of one's own tells nothing: nobody was asked whether it may.
    away = found.target_database is not None and leads_away(scope, found.target_database)
    return found if away else _followed(connection, scope, found)


def _followed(connection: Connection, scope: Scope, found: Database) -> Database:
    """The database; where it is a link to one that is here, with the properties of that one."""
    if found.target_database is None:
        return found
    try:
        scope, name = require_linked_database(connection, scope, found.name)
    except NotFound:
        return found
    target = DATABASE.validate_json(require_database(connection, scope, name).document)
    return seen_through_database(found, target)


_DATABASES = select(databases.c.document).where(
    databases.c.catalog == bindparam("catalog"), databases.c.region == bindparam("region")
)
