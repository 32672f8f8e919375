"""AWS Glue: column statistics of tables and partitions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from studiolo.catalog import ColumnStatistics, as_unscaled, from_unscaled
from studiolo.domain import DomainError, Invalid, NotFound
from studiolo.services.call import Call
from studiolo.services.glue.common import error_detail, given, scope_of
from studiolo.services.glue.service import glue

if TYPE_CHECKING:
    from mypy_boto3_glue import type_defs as shapes

COUNTS: Mapping[str, str] = {
    "NumberOfNulls": "nulls",
    "NumberOfDistinctValues": "distinct",
    "AverageLength": "average_length",
    "MaximumLength": "maximum_length",
    "NumberOfTrues": "trues",
    "NumberOfFalses": "falses",
}


@glue.operation
def delete_column_statistics_for_partition(
    call: Call, request: "shapes.DeleteColumnStatisticsForPartitionRequestTypeDef"
) -> dict[str, Any]:
    return _delete(call, request, request["PartitionValues"])


@glue.operation
def delete_column_statistics_for_table(
    call: Call, request: "shapes.DeleteColumnStatisticsForTableRequestTypeDef"
) -> dict[str, Any]:
    return _delete(call, request, None)


@glue.operation
def get_column_statistics_for_partition(
    call: Call, request: "shapes.GetColumnStatisticsForPartitionRequestTypeDef"
) -> dict[str, Any]:
    return _get(call, request, request["PartitionValues"])


@glue.operation
def get_column_statistics_for_table(
    call: Call, request: "shapes.GetColumnStatisticsForTableRequestTypeDef"
) -> dict[str, Any]:
    return _get(call, request, None)


@glue.operation
def update_column_statistics_for_partition(
    call: Call, request: "shapes.UpdateColumnStatisticsForPartitionRequestTypeDef"
) -> dict[str, Any]:
    return _update(call, request, request["PartitionValues"])


@glue.operation
def update_column_statistics_for_table(
    call: Call, request: "shapes.UpdateColumnStatisticsForTableRequestTypeDef"
) -> dict[str, Any]:
    return _update(call, request, None)


def _delete(call: Call, request: Mapping[str, Any], values: Sequence[str] | None) -> dict[str, Any]:
    call.catalog.delete_column_statistics(
        scope_of(call, request), request["DatabaseName"], request["TableName"], request["ColumnName"], values
    )
    return {}


def _get(call: Call, request: Mapping[str, Any], values: Sequence[str] | None) -> dict[str, Any]:
    known = call.catalog.column_statistics(
        scope_of(call, request), request["DatabaseName"], request["TableName"], request["ColumnNames"], values
    )
    there = {each.column.lower() for each in known}
    errors = [
        {"ColumnName": name, "Error": error_detail(NotFound("Statistics do not exist for this column"))}
        for name in request["ColumnNames"]
        if name.lower() not in there
    ]
    return {"ColumnStatisticsList": [as_statistics(each) for each in known], "Errors": errors}


def _update(call: Call, request: Mapping[str, Any], values: Sequence[str] | None) -> dict[str, Any]:
    sound: list[ColumnStatistics] = []
    errors: list[dict[str, Any]] = []
    for asked in request["ColumnStatisticsList"]:
        try:
            sound.append(to_statistics(asked))
        except Invalid as error:
            errors.append(_as_error(asked, error))
    failures = call.catalog.set_column_statistics(
        scope_of(call, request), request["DatabaseName"], request["TableName"], sound, values
    )
    errors += [_as_error(as_statistics(each), error) for each, error in failures]
    return {"Errors": errors}


def _as_error(statistics: Mapping[str, Any], error: DomainError) -> dict[str, Any]:
    return {"ColumnStatistics": statistics, "Error": error_detail(error)}


def to_statistics(asked: Mapping[str, Any]) -> ColumnStatistics:
    """Raises Invalid where the data are not those of their type."""
    data = asked["StatisticsData"]
    kind = data["Type"]
    own = data.get(_member(kind))
    if own is None:
        raise Invalid(
            f"The statistics of column {asked['ColumnName']} are of the type {kind} and need {_member(kind)}."
        )
    limits: dict[str, Any] = {
        name: _to_text(own[member])
        for member, name in (("MinimumValue", "minimum"), ("MaximumValue", "maximum"))
        if own.get(member) is not None
    }
    counts: dict[str, Any] = {name: own[member] for member, name in COUNTS.items() if own.get(member) is not None}
    return ColumnStatistics(
        column=asked["ColumnName"],
        type=asked["ColumnType"],
        kind=kind,
        analyzed=asked.get("AnalyzedTime"),
        **limits,
        **counts,
    )


def as_statistics(known: ColumnStatistics) -> dict[str, Any]:
    read = _READERS.get(known.kind, str)
    own: dict[str, Any] = {
        "MinimumValue": None if known.minimum is None else read(known.minimum),
        "MaximumValue": None if known.maximum is None else read(known.maximum),
        **{member: getattr(known, name) for member, name in COUNTS.items()},
    }
    shown = {
        "ColumnName": known.column,
        "ColumnType": known.type,
        "AnalyzedTime": known.analyzed,
        "StatisticsData": {"Type": known.kind, _member(known.kind): given(own)},
    }
    return given(shown)


def _member(kind: str) -> str:
    return f"{kind.capitalize()}ColumnStatisticsData"


def _to_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return from_unscaled(value["UnscaledValue"], value["Scale"])
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _as_decimal(text: str) -> dict[str, Any]:
    unscaled, scale = as_unscaled(text)
    return {"UnscaledValue": unscaled, "Scale": scale}


_READERS: Mapping[str, Callable[[str], Any]] = {
    "LONG": int,
    "DOUBLE": float,
    "DATE": datetime.fromisoformat,
    "DECIMAL": _as_decimal,
}
