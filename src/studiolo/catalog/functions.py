"""User-defined functions of databases."""

from dataclasses import replace

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from studiolo.catalog.model import Function
from studiolo.catalog.patterns import name_matcher
from studiolo.catalog.subject import Subject, bound, document, fold, require_database, within
from studiolo.catalog.tables import functions
from studiolo.domain import AlreadyExists, NotFound, Page, Scope

FUNCTION = TypeAdapter(Function)


class Functions(Subject):
    """Functions by name, within their database."""

    def create_function(self, scope: Scope, database: str, function: Function) -> Function:
        """Raises NotFound for the database, AlreadyExists and Invalid."""
        database = database.lower()
        name = fold(function.name, "Function name")
        made = replace(function, name=name, database=database, created=self._clock())
        row = bound(scope, database=database, name=name, document=document(FUNCTION, made))
        try:
            with self._state.transaction() as tx:
                require_database(tx, scope, database, lock="use")
                tx.execute(functions.insert().values(row))
        except IntegrityError:
            raise AlreadyExists("Function already exists.") from None
        return made

    def function(self, scope: Scope, database: str, name: str) -> Function:
        """Raises NotFound."""
        query = select(functions.c.document).where(
            within(functions, scope, database=database.lower(), name=name.lower())
        )
        with self._state.reading() as connection:
            written = connection.execute(query).scalar()
            if written is None:
                require_database(connection, scope, database.lower())
                raise NotFound(f"Function {name} not found.")
        return replace(FUNCTION.validate_json(written), database=database.lower())

    def functions(
        self,
        scope: Scope,
        database: str | None = None,
        pattern: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> Page[Function]:
        """The functions of a database, of all for None, whose names fit a pattern (patterns.py). Raises NotFound."""
        matches = name_matcher(pattern)
        mine = within(functions, scope)
        with self._state.reading() as connection:
            if database is not None:
                require_database(connection, scope, database.lower())
                mine &= functions.c.database == database.lower()
            query = select(functions).where(mine).order_by(functions.c.database, functions.c.name)
            rows = [row for row in connection.execute(query) if matches(row.name)]
        if after is not None:
            rows = [row for row in rows if f"{row.database}/{row.name}" > after]
        more = limit is not None and len(rows) > limit
        rows = rows[:limit]
        found = [replace(FUNCTION.validate_json(row.document), database=row.database) for row in rows]
        return Page(found, f"{rows[-1].database}/{rows[-1].name}" if more else None)

    def update_function(self, scope: Scope, database: str, name: str, function: Function) -> Function:
        """Replace a function, whose name may change. Raises NotFound, AlreadyExists and Invalid."""
        before = self.function(scope, database, name)
        new = fold(function.name or name, "Function name")
        made = replace(function, name=new, database=before.database, created=before.created)
        mine = within(functions, scope, database=before.database, name=name.lower())
        try:
            with self._state.transaction() as tx:
                values = {"name": new, "document": document(FUNCTION, made)}
                if tx.execute(functions.update().where(mine).values(values)).rowcount == 0:
                    raise NotFound(f"Function {name} not found.")
        except IntegrityError:
            raise AlreadyExists("Function already exists.") from None
        return made

    def delete_function(self, scope: Scope, database: str, name: str) -> None:
        """Raises NotFound."""
        mine = within(functions, scope, database=database.lower(), name=name.lower())
        with self._state.transaction() as tx:
            require_database(tx, scope, database.lower())
            if tx.execute(functions.delete().where(mine)).rowcount == 0:
                raise NotFound(f"Function {name} not found.")
