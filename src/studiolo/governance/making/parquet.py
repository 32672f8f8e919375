"""Parquet: row group by row group, with the types, field ids and order of columns of the file."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from studiolo.governance.expressions import columns_of
from studiolo.governance.making.masks import Masks, column_of
from studiolo.governance.making.task import Refused, Task

_INT96 = "INT96"


@contextmanager
def opened(task: Task) -> Iterator[pq.ParquetFile]:
    """The file. Raises Refused for what is no Parquet, within too."""
    try:
        with pq.ParquetFile(task.source) as file:
            yield file
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise Refused(f"It cannot be read as Parquet: {type(error).__name__}") from error


def filtered(task: Task) -> int:
    """Write what may be seen of a file; how many rows that is. Raises Refused."""
    with opened(task) as file:
        there = {name.lower(): name for name in file.schema_arrow.names}
        if len(there) != len(file.schema_arrow.names):
            raise Refused("It has columns whose names differ in case alone.")
        return written(task, file, there)


def written(
    task: Task,
    file: pq.ParquetFile,
    there: Mapping[str, str],
    deleted: Callable[[pa.Table, int], Any] | None = None,
    beside: Sequence[str] = (),
) -> int:
    """Write what may be seen of a file; how many rows that is. Raises Refused.

    there: the file's names of columns, by the table's in lower case; deleted: tells which rows of a row group, that begins
    at a row of the file, are no more, by the columns `beside` too.
    """
    own = {name: column for column, name in there.items() if column in set(task.shown)}
    shown = [name for name in file.schema_arrow.names if name in own]
    if not shown:
        raise Refused("It has none of the columns that may be seen.")
    asked = {there[name] for rows, _ in task.cells for name in columns_of(rows) if name in there}
    read = [name for name in file.schema_arrow.names if name in own or name in asked or name in beside]
    schema = pa.schema([_field(file.schema_arrow.field(name), own[name], task) for name in shown])
    if any("dictionary<" in str(field.type) for field in schema):
        raise Refused(
            "It has dictionaries within its nested columns, which would be written with values of other rows."
        )
    leaves = _leaves(file, shown)
    ancient = {leaf.physical_type == _INT96 for leaf in leaves if _is_moment(leaf)}
    if len(ancient) > 1:
        raise Refused("It has timestamps of two kinds, INT96 and another, which cannot be written together.")
    columns = {column.name.lower(): column for column in task.columns}
    writer, start, count = None, 0, 0
    try:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, columns=read, use_threads=False)
            masks = Masks(columns, partial(column_of, table, there), table.num_rows)
            keep = masks.where(task.rows)
            if deleted is not None:
                keep = pc.and_not(keep, deleted(table, start))
            start += table.num_rows
            if not pc.any(keep).as_py():
                continue
            arrays = [_cells(task, masks, table.column(name), own[name], keep) for name in shown]
            if writer is None:
                writer = pq.ParquetWriter(
                    task.target,
                    schema,
                    compression=_compression(file),
                    use_deprecated_int96_timestamps=True in ancient,
                    store_decimal_as_integer=any(map(_is_integer_decimal, leaves)),
                    version="2.6",
                    # The schema of Arrow would be written beside that of Parquet.
                    store_schema=False,
                )
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(arrays[0])
    finally:
        if writer is not None:
            writer.close()
    if writer is not None:
        _check_same(task, leaves, schema)
    return count


def _field(field: pa.Field, name: str, task: Task) -> pa.Field:
    """A column's field; one that does not show in all rows may be null in the others. name: the table's."""
    if pa.types.is_dictionary(field.type):
        field = field.with_type(field.type.value_type)
    return field if task.rows_of(name) == task.rows else field.with_nullable(True)


def _cells(task: Task, masks: Masks, column: Any, name: str, keep: Any) -> Any:
    """A column of the rows that are left: NULL where it does not show."""
    rows = task.rows_of(name)
    if pa.types.is_dictionary(column.type):
        # A dictionary is written whole, with the values of rows that do not show.
        column = column.cast(column.type.value_type)
    if rows != task.rows:
        column = pc.if_else(masks.where(rows), column, pa.scalar(None, column.type))
    return column.filter(keep)


def _leaves(file: pq.ParquetFile, shown: Sequence[str]) -> list[Any]:
    schema = file.schema
    return [each for each in map(schema.column, range(len(schema))) if each.path.split(".")[0] in shown]


def _is_moment(leaf: Any) -> bool:
    return bool(leaf.physical_type == _INT96 or leaf.logical_type.type == "TIMESTAMP")


def _compression(file: pq.ParquetFile) -> str:
    if file.num_row_groups == 0 or file.metadata.num_columns == 0:
        return "snappy"
    used = str(file.metadata.row_group(0).column(0).compression).lower()
    return {"uncompressed": "none"}.get(used, used)


def _check_same(task: Task, before: list[Any], schema: pa.Schema) -> None:
    """Raise Refused where what was written is of other types than what was read."""
    with pq.ParquetFile(task.target) as made:
        after = [made.schema.column(number) for number in range(len(made.schema))]
        same = [_told(leaf) for leaf in before] == [_told(leaf) for leaf in after]
        # Field ids, too.
        same = same and [each.metadata for each in made.schema_arrow] == [each.metadata for each in schema]
    if not same:
        raise Refused("It has columns of types that cannot be written again as they are.")


def _is_integer_decimal(leaf: Any) -> bool:
    """Whether a decimal is kept as an integer, as Spark does where it fits."""
    return bool(leaf.logical_type.type == "DECIMAL" and leaf.physical_type in ("INT32", "INT64"))


def _told(leaf: Any) -> tuple[Any, ...]:
    """What a reader knows of a column's type. How its writer came to say so is none of it."""
    logical = json.loads(leaf.logical_type.to_json())
    for how in ("is_from_converted_type", "force_set_converted_type"):
        logical.pop(how, None)
    return leaf.path, leaf.physical_type, leaf.length, logical
