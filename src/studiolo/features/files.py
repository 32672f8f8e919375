"""The Parquet files of offline stores: which rows lie in which file, and what they hold."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from studiolo.features.model import Feature, Specification, Value
from studiolo.features.values import moment_of, typed

if TYPE_CHECKING:
    import pyarrow as pa

TYPES = {"Integral": "int64", "Fractional": "float64", "String": "string"}
"""By PyArrow's names: it is loaded when the first file is written."""

PARTITIONS = ("year", "month", "day", "hour")


@dataclass(frozen=True)
class Append:
    """A row of an offline store. event: nanoseconds since 1970; called: when the service was asked to."""

    event: int
    called: datetime
    deleted: bool
    record: Mapping[str, Value]


def by_hour(rows: Iterable[Append]) -> Mapping[tuple[str, ...], Sequence[Append]]:
    """The rows by the partition that their event times put them in: year, month, day, hour."""
    found: dict[tuple[str, ...], list[Append]] = {}
    for row in rows:
        values = tuple(moment_of(row.event).strftime("%Y %m %d %H").split())
        found.setdefault(values, []).append(row)
    return found


def folder(values: Sequence[str]) -> str:
    return "/".join(f"{name}={value}" for name, value in zip(PARTITIONS, values, strict=True))


def file_name(batch: str, values: Sequence[str], rows: Sequence[Append]) -> str:
    """The latest event time, and 16 characters: the same for the same batch, so that a repeated write replaces it."""
    own = hashlib.sha256(f"{batch}/{folder(values)}".encode()).hexdigest()[:16]
    return f"{max(moment_of(row.event) for row in rows):%Y%m%dT%H%M%SZ}_{own}.parquet"


def parquet(specification: Specification, rows: Sequence[Append], written: datetime) -> bytes:
    """A file of the rows."""
    import pyarrow.parquet as pq

    made = io.BytesIO()
    pq.write_table(table(specification, rows, written), made)
    return made.getvalue()


def table(specification: Specification, rows: Sequence[Append], written: datetime) -> "pa.Table":
    """The rows as a table of PyArrow's."""
    import pyarrow as pa

    def typed_as(feature: Feature) -> Any:
        one = pa.type_for_alias(TYPES[feature.type])
        return one if feature.collection is None else pa.list_(one)

    columns: dict[str, Any] = {
        feature.name: pa.array([_value(feature, row.record.get(feature.name)) for row in rows], typed_as(feature))
        for feature in specification.features
    }
    moment = pa.timestamp("us", tz="UTC")
    columns["write_time"] = pa.array([written] * len(rows), moment)
    columns["api_invocation_time"] = pa.array([row.called for row in rows], moment)
    columns["is_deleted"] = pa.array([row.deleted for row in rows], pa.bool_())
    return pa.table(columns)


def _value(feature: Feature, value: Value | None) -> Any:
    if value is None or isinstance(value, str):
        return None if value is None else typed(feature, value)
    return [typed(feature, text) for text in value]
