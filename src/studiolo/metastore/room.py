"""What the rooms share: each room has the methods of one subject, named and argued as Hive's interface has them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from studiolo.catalog import Database, fitting
from studiolo.domain import NotFound, Scope
from studiolo.governance import GovernedCatalog
from studiolo.metastore.default import DEFAULT, default_database
from studiolo.metastore.locks import Locks
from studiolo.metastore.warehouse import Warehouse

PAGE = 1000


@dataclass(frozen=True, slots=True)
class House:
    """What a port of the metastore serves: one scope of the catalog, as whoever is connected may see it."""

    scope: Scope
    catalog: GovernedCatalog
    warehouse: Warehouse
    locks: Locks

    def database(self, name: str) -> Database:
        """A database; `default`, which every engine expects, is made when it is first asked for. Raises NotFound."""
        name = plain(name)
        try:
            return self.catalog.database(self.scope, name)
        except NotFound:
            if name.lower() != DEFAULT:
                raise NotFound(f"Database {name} not found.") from None
        default_database(self.scope, self.catalog.everything, self.warehouse)
        return self.catalog.database(self.scope, name)

    def place(self, database: Database) -> str:
        """Where the tables of a database go."""
        return database.location or self.default_place(database.name)

    def default_place(self, database: str) -> str:
        """Where the tables of a database go that has no location."""
        root = self.warehouse.root(self.scope)
        return root if database == DEFAULT else f"{root}/{database}.db"


class Room:
    """A subject's methods over the house. Errors of the domains become Hive's in the door."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._catalog = house.catalog
        self._scope = house.scope


def plain(name: str | None) -> str:
    """A name without the catalog that clients of Hive 3 put before it: `@hive#air` is `air`."""
    name = name or ""
    if name.startswith("@"):
        name = name.partition("#")[2].removesuffix("!")
    return name


def matching(names: Iterable[str], pattern: str | None) -> list[str]:
    """The names of a pattern of Hive's: `*` is any text, `|` parts alternatives, letters match in either case."""
    wanted = plain(pattern) or "*"
    parts = [".*".join(re.escape(text) for text in re.split(r"\.?\*", part)) for part in wanted.split("|")]
    accepts = fitting("|".join(parts), any_case=True)
    return [name for name in names if accepts(name)]
