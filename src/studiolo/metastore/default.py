"""The database `default`, which every engine expects."""

from studiolo.catalog import Catalog, Database
from studiolo.domain import AlreadyExists, NotFound, Scope
from studiolo.metastore.warehouse import Warehouse

DEFAULT = "default"


def default_database(scope: Scope, catalog: Catalog, warehouse: Warehouse) -> Database:
    """The scope's database `default`, made when it is first asked for, and its bucket. Raises Conflict."""
    try:
        return catalog.database(scope, DEFAULT)
    except NotFound:
        root = warehouse.root(scope)
    warehouse.prepare(scope, root)
    try:
        return catalog.create_database(scope, Database(DEFAULT, "The database that engines begin in", root))
    except AlreadyExists:
        return catalog.database(scope, DEFAULT)
