"""Hive's methods for databases."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from hive_metastore import ttypes as hive

from studiolo.domain import AlreadyExists, Conflict, NotFound, every
from studiolo.metastore.data import Data
from studiolo.metastore.default import DEFAULT
from studiolo.metastore.later import GetDatabaseObjectsResponse
from studiolo.metastore.room import PAGE, House, Room, matching, plain
from studiolo.metastore.translators import CATALOG, as_database, from_database


class Databases(Room):
    """Databases: their folders are made with them; one in the warehouse is deleted with them."""

    def __init__(self, house: House, data: Data) -> None:
        super().__init__(house)
        self._data = data

    def create_database(self, database: Any) -> None:
        name = plain(database.name).lower()
        database.name = name
        database.locationUri = database.locationUri or self._house.default_place(name)
        wanted = from_database(database, "")
        with suppress(NotFound):
            self._catalog.database(self._scope, name)
            raise AlreadyExists(f"Database {name} already exists.")
        self._data.make([self._house.place(wanted)])
        self._catalog.create_database(self._scope, wanted)

    def create_database_req(self, request: Any) -> None:
        self.create_database(
            hive.Database(
                name=request.databaseName,
                description=request.description,
                locationUri=request.locationUri,
                parameters=request.parameters,
                ownerName=request.ownerName,
                ownerType=request.ownerType,
            )
        )

    def get_database(self, name: str) -> Any:
        database = self._house.database(name)
        place = self._house.place(database)
        # An engine writes before it asks for a table: the bucket must be there by then.
        self._house.warehouse.prepare(self._scope, place)
        return as_database(database, place)

    def get_database_req(self, request: Any) -> Any:
        return self.get_database(request.name)

    def get_databases(self, pattern: str | None) -> list[str]:
        self._house.database(DEFAULT)
        found = every(lambda after: self._catalog.databases(self._scope, after=after, limit=PAGE))
        return matching((database.name for database in found), pattern)

    def get_databases_req(self, request: Any) -> Any:
        found = [self.get_database(name) for name in self.get_databases(request.pattern)]
        return GetDatabaseObjectsResponse(databases=found)

    def get_all_databases(self) -> list[str]:
        return self.get_databases("*")

    def alter_database(self, dbname: str, db: Any) -> None:
        before = self._house.database(dbname)
        db.name = plain(db.name)
        after = from_database(db, self._house.default_place(before.name), before)
        # What engines change of a resource link is what it leads to.
        self._catalog.update_database(self._scope, before.name, replace(after, target_database=None))

    def alter_database_req(self, request: Any) -> None:
        self.alter_database(request.oldDbName, request.newDb)

    def drop_database(self, name: str, delete_data: bool, cascade: bool) -> None:
        database = self._house.database(name)
        if database.name == DEFAULT:
            raise Conflict("The database default cannot be dropped.")
        if database.target_database is not None:
            # A resource link: what it leads to stays, with its data.
            self._catalog.delete_database(self._scope, database.name)
            return
        tables = self._catalog.table_names(self._scope, database.name)
        if tables and not cascade:
            raise Conflict(f"Database {database.name} is not empty. One or more tables exist.")
        self._data.drop_database(database, tables, delete_data=delete_data, cascade=cascade)

    def drop_database_req(self, req: Any) -> None:
        try:
            self.drop_database(req.name, req.deleteData, req.cascade)
        except NotFound:
            if not req.ignoreUnknownDb:
                raise

    def get_catalogs(self) -> Any:
        return hive.GetCatalogsResponse(names=[CATALOG])

    def get_catalog(self, _request: Any) -> Any:
        root = self._house.warehouse.root(self._scope)
        return hive.GetCatalogResponse(catalog=hive.Catalog(name=CATALOG, locationUri=root))
