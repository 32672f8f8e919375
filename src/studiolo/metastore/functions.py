"""Hive's methods for functions."""

from typing import Any

from hive_metastore import ttypes as hive

from studiolo.domain import NotFound, every
from studiolo.metastore.later import GetFunctionsResponse
from studiolo.metastore.room import Room, matching, plain
from studiolo.metastore.translators import as_function, from_function


class Functions(Room):
    """User-defined functions of databases."""

    def create_function(self, func: Any) -> None:
        database = self._house.database(func.dbName)
        self._catalog.create_function(self._scope, database.name, from_function(func))

    def drop_function(self, db_name: str, func_name: str) -> None:
        self._catalog.delete_function(self._scope, plain(db_name), func_name)

    def alter_function(self, db_name: str, func_name: str, new_func: Any) -> None:
        before = self._catalog.function(self._scope, plain(db_name), func_name)
        self._catalog.update_function(self._scope, before.database, before.name, from_function(new_func, before))

    def get_function(self, db_name: str, func_name: str) -> Any:
        try:
            return as_function(self._catalog.function(self._scope, plain(db_name), func_name))
        except NotFound:
            # Spark knows by these words that it may create it.
            raise NotFound(f"Function {plain(db_name)}.{func_name} does not exist") from None

    def get_functions(self, db_name: str, pattern: str | None) -> list[str]:
        database = self._house.database(db_name).name
        found = every(lambda after: self._catalog.functions(self._scope, database, after=after))
        return matching((function.name for function in found), pattern)

    def get_functions_req(self, request: Any) -> Any:
        names = self.get_functions(request.dbName, request.pattern)
        if request.returnNames is not False:
            return GetFunctionsResponse(function_names=names)
        return GetFunctionsResponse(functions=[self.get_function(request.dbName, name) for name in names])

    def get_all_functions(self) -> Any:
        found = every(lambda after: self._catalog.functions(self._scope, after=after))
        return hive.GetAllFunctionsResponse(functions=[as_function(function) for function in found])
