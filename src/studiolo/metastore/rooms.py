"""All rooms of the house, behind one door for each connection."""

from collections.abc import Callable

from studiolo.catalog import Catalog
from studiolo.domain import Scope
from studiolo.metastore.data import Data
from studiolo.metastore.databases import Databases
from studiolo.metastore.door import Door
from studiolo.metastore.functions import Functions
from studiolo.metastore.later import Processor
from studiolo.metastore.listener import Process
from studiolo.metastore.locking import Locking
from studiolo.metastore.locks import Locks
from studiolo.metastore.partitions import Partitions
from studiolo.metastore.reception import Reception
from studiolo.metastore.room import House
from studiolo.metastore.statistics import Statistics
from studiolo.metastore.tables import Tables
from studiolo.metastore.warehouse import Warehouse


def processors(
    scope: Scope, catalog: Catalog, warehouse: Warehouse, clock: Callable[[], float]
) -> Callable[[], Process]:
    """What makes the processor of a connection: each remembers what it was shown. `clock` tells seconds since 1970."""
    house = House(scope, catalog, warehouse, Locks(clock))
    data = Data(house)

    def processor() -> Process:
        owning = [Databases(house, data), Tables(house, data), Partitions(house, data)]
        rooms = [*owning, Functions(house), Statistics(house), Locking(house), Reception(house)]
        process: Process = Processor(Door(rooms)).process
        return process

    return processor
