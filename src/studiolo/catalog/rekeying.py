"""What becomes of the partitions of a table whose partition keys are declared anew."""

import json

from sqlalchemy import Connection, select

from studiolo.catalog.indexes import entries, slots
from studiolo.catalog.keys import components, kind_of, partition_key, segment_hash
from studiolo.catalog.model import Table
from studiolo.catalog.tables import partition_entries, partitions, statistics
from studiolo.domain import Invalid


def rekey(tx: Connection, number: int, before: Table, after: Table) -> None:
    """Keep the partitions of the table with that id as its new keys sort them.

    Raises Invalid where they have too few or too many values for that.
    """
    indexes = slots(tx, number, after)
    old, new = [[kind_of(key) for key in table.partition_keys] for table in (before, after)]
    mine = partitions.c.table == number
    if old == new or tx.execute(select(partitions.c.key).where(mine).limit(1)).first() is None:
        return
    if len(old) != len(new):
        raise Invalid(
            f"Table {before.name} has partitions of {len(old)} values each: "
            f"it cannot be changed to {len(new)} partition keys while they exist."
        )
    tx.execute(partition_entries.delete().where(partition_entries.c.table == number))
    for row in tx.execute(select(partitions.c.key, partitions.c.written).where(mine)).all():
        values = json.loads(row.written)
        parts = components(after.partition_keys, values)
        key = partition_key(parts, values)
        tx.execute(partitions.update().where(mine, partitions.c.key == row.key).values(key=key, hash=segment_hash(key)))
        tx.execute(
            statistics.update()
            .where(statistics.c.table == number, statistics.c.partition == row.key)
            .values(partition=key)
        )
        made = entries(number, key, parts, indexes)
        if made:
            tx.execute(partition_entries.insert(), made)
