"""All rooms of the house, behind one door for each connection."""

from collections.abc import Callable
from dataclasses import replace

from studiolo.identity import Identity
from studiolo.metastore.caller import Caller
from studiolo.metastore.data import Data
from studiolo.metastore.databases import Databases
from studiolo.metastore.door import Door
from studiolo.metastore.folders import Folders
from studiolo.metastore.functions import Functions
from studiolo.metastore.listener import Conversation
from studiolo.metastore.locking import Locking
from studiolo.metastore.partitions import Partitions
from studiolo.metastore.processor import Processor
from studiolo.metastore.reception import Reception
from studiolo.metastore.room import House
from studiolo.metastore.statistics import Statistics
from studiolo.metastore.tables import Tables
from studiolo.objects import Objects


def conversations(house: House, identity: Identity, objects: Objects) -> Callable[[], Conversation]:
    """What begins the conversation of a connection: each remembers who the client is, and what it was shown."""

    def begin() -> Conversation:
        caller = Caller(identity, house.scope, house.catalog.resource_policy, house.catalog.behind)
        seen = replace(house, catalog=house.catalog.of(lambda: caller.principal))
        data = Data(seen, Folders(caller, objects))
        owning = [Databases(seen, data), Tables(seen, data, caller), Partitions(seen, data)]
        asking = [Functions(seen), Statistics(seen), Locking(seen, caller), Reception(seen, caller)]
        return Processor(Door([*owning, *asking], caller), caller)

    return begin
