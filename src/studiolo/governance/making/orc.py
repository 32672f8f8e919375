"""ORC: stripe by stripe."""

from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import orc

from studiolo.governance.expressions import columns_of
from studiolo.governance.making.masks import Masks, column_of
from studiolo.governance.making.task import Refused, Task


def filtered(task: Task) -> bool:
    """Write what may be seen of a file; False where no row is left. Raises Refused."""
    try:
        return _filtered(task, orc.ORCFile(task.source))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise Refused(f"It cannot be read as ORC: {type(error).__name__}") from error


def _filtered(task: Task, file: Any) -> bool:
    names = [name.lower() for name in file.schema.names]
    if any(name.startswith("_col") for name in names):
        raise Refused("Its columns have no names (_col0 …), as Hive once wrote them.")
    if len(set(names)) != len(names):
        raise Refused("It has columns whose names differ in case alone.")
    there = dict(zip(names, file.schema.names, strict=True))
    shown = [there[name] for name in names if name in set(task.shown)]
    if not shown:
        raise Refused("It has none of the columns that may be seen.")
    asked = {name for rows, _ in task.cells for name in columns_of(rows)}
    read = [there[name] for name in names if there[name] in shown or name in asked]
    columns = {column.name.lower(): column for column in task.columns}
    schema = pa.schema([file.schema.field(name) for name in shown])
    if any("timestamp" in str(field.type) for field in schema):
        # What they are depends on the zone of who wrote them, which is not told here.
        raise Refused("It has timestamps, which cannot be written again as they are.")
    writer = None
    try:
        for number in range(file.nstripes):
            table = pa.Table.from_batches([file.read_stripe(number, columns=read)])
            masks = Masks(columns, partial(column_of, table, there), table.num_rows)
            keep = masks.where(task.rows)
            if not pc.any(keep).as_py():
                continue
            arrays = []
            for name in shown:
                column, rows = table.column(name), task.rows_of(name.lower())
                if rows != task.rows:
                    column = pc.if_else(masks.where(rows), column, pa.scalar(None, column.type))
                arrays.append(column.filter(keep))
            writer = writer or orc.ORCWriter(task.target, compression=str(file.compression).lower())
            writer.write(pa.Table.from_arrays(arrays, schema=schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is not None and orc.ORCFile(task.target).schema != schema:
        raise Refused("It has columns of types that cannot be written again as they are.")
    return writer is not None
