"""The rule types of DQDL: what each is written with, and those that are not here."""

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """How a rule type is written: how many texts come after its name, whether a condition does, and with which tags.

    Some are analyzers only: not `rule`. These may be of all columns.
    """

    fewest: int
    most: int
    condition: str = "needed"  # or: none, optional
    analyzer: bool = False
    threshold: bool = False
    tags: tuple[str, ...] = ()
    rule: bool = True


MANY = 100
ALL_COLUMNS = "AllColumns"
FILTERS = ("recentFiles", "uriRegex")
"""The tags that choose among files."""
CHOOSING = (*FILTERS, "filterOrder")
KINDS = {
    "AggregateMatch": Kind(2, 2),
    "AllStatistics": Kind(1, 1, "none", analyzer=True, rule=False),
    "ColumnCorrelation": Kind(2, 2, analyzer=True),
    "ColumnCount": Kind(0, 0, analyzer=True),
    "ColumnDataType": Kind(1, 1, threshold=True, tags=("format",)),
    "ColumnExists": Kind(1, 1, "none"),
    "ColumnLength": Kind(1, 1, analyzer=True, threshold=True),
    "ColumnNamesMatchPattern": Kind(1, 1, "none"),
    "ColumnValues": Kind(1, 1, analyzer=True, threshold=True),
    "Completeness": Kind(1, 1, analyzer=True),
    "CustomSql": Kind(1, 1, "optional", analyzer=True, threshold=True),
    "DataFreshness": Kind(1, 1),
    "DatasetMatch": Kind(2, 3),
    "DistinctValuesCount": Kind(1, 1, analyzer=True),
    "Distribution": Kind(1, 1, "none", analyzer=True, tags=("bins", "rebin"), rule=False),
    "Entropy": Kind(1, 1, analyzer=True),
    "FileFreshness": Kind(0, 1, threshold=True, tags=(*CHOOSING, "failFast", "timeZone")),
    "FileMatch": Kind(0, 2, "optional", tags=(*CHOOSING, "hashAlgorithm", "matchFileName")),
    "FileSize": Kind(0, 1, threshold=True, tags=(*CHOOSING, "failFast")),
    "FileUniqueness": Kind(0, 1, tags=(*CHOOSING, "matchFileName")),
    "IsComplete": Kind(1, 1, "none"),
    "IsPrimaryKey": Kind(1, MANY, "none"),
    "IsUnique": Kind(1, MANY, "none"),
    "Mean": Kind(1, 1, analyzer=True),
    "ReferentialIntegrity": Kind(2, 2),
    "RowCount": Kind(0, 0, analyzer=True),
    "RowCountMatch": Kind(1, 1),
    "SchemaMatch": Kind(1, 1),
    "StandardDeviation": Kind(1, 1, analyzer=True),
    "Sum": Kind(1, 1, analyzer=True),
    "UniqueValueRatio": Kind(1, 1, analyzer=True),
    "Uniqueness": Kind(1, MANY, analyzer=True),
}
NOT_HERE = {
    "DetectAnomalies": "it is a model of AWS's own; compare with avg(last(10)) and its like",
}
"""Rule types that AWS has, and what to do instead."""


def unknown(name: str) -> str:
    """What to say of a rule type that is not here."""
    if name in NOT_HERE:
        return f"{name} is not supported here: {NOT_HERE[name]}."
    alike = difflib.get_close_matches(name, [*KINDS, *NOT_HERE], 1)
    return f"There is no rule type {name}." + (f" Is it {alike[0]}?" if alike else "")
