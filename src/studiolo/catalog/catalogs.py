"""Catalogs within an account's catalog: each has databases of its own, in the scope whose account is its id."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.model import ChildCatalog
from studiolo.catalog.named import Named
from studiolo.catalog.subject import Subject, fold, within
from studiolo.catalog.tables import catalogs, databases
from studiolo.catalog.tags import drop_tags, set_tags
from studiolo.domain import AlreadyExists, Clock, Invalid, Page, Scope
from studiolo.state import State


class Catalogs(Subject):
    """Catalogs by name."""

    def __init__(self, state: State, clock: Clock) -> None:
        super().__init__(state, clock)
        self._catalogs = Named(state, catalogs, TypeAdapter(ChildCatalog), "Catalog")

    def create_catalog(
        self, scope: Scope, catalog: ChildCatalog, tags: Mapping[str, str] | None = None
    ) -> ChildCatalog:
        """Raises AlreadyExists and Invalid."""
        moment = self._clock()
        name = fold(catalog.name)
        made = replace(catalog, name=name, id=f"{scope.account}:{name}", created=moment, updated=moment)
        try:
            with self._state.transaction() as tx:
                self._catalogs.add_within(tx, scope, name, made)
                set_tags(tx, scope, _resource(name), tags or {})
        except IntegrityError:
            raise AlreadyExists("Catalog already exists.") from None
        return made

    def catalog(self, scope: Scope, name: str) -> ChildCatalog:
        """Raises NotFound."""
        return self._catalogs.get(scope, name.lower())

    def catalogs(self, scope: Scope, after: str | None = None, limit: int = 100) -> Page[ChildCatalog]:
        """In the order of their names."""
        return self._catalogs.list(scope, after, limit)

    def update_catalog(self, scope: Scope, catalog: ChildCatalog) -> None:
        """Replace a catalog's properties. Raises NotFound."""
        name = catalog.name.lower()
        with self._state.transaction() as tx:
            before = self._catalogs.get_within(tx, scope, name, lock=True)
            made = replace(before, properties=catalog.properties, updated=self._clock())
            self._catalogs.replace_within(tx, scope, name, made)

    def delete_catalog(self, scope: Scope, name: str) -> None:
        """Raises NotFound, and Invalid while it has databases."""
        name = name.lower()
        with self._state.transaction() as tx:
            found = self._catalogs.get_within(tx, scope, name, lock=True)
            inside = within(databases, Scope(found.id, scope.region))
            if tx.execute(select(databases.c.name).where(inside).limit(1)).first():
                raise Invalid(f"Catalog {name} has databases: delete them first.")
            self._catalogs.delete_within(tx, scope, name)
            drop_tags(tx, scope, _resource(name))


def _resource(name: str) -> str:
    return f"catalog/{name}"
