"""Glue's transforms as classes: `ApplyMapping.apply(frame = …, mappings = …)` ("PySpark transforms reference")."""

from awsglue.transforms.base import GlueTransform
from awsglue.transforms.collections import (
    FlatMap,
    MapToCollection,
    Relationalize,
    SelectFromCollection,
    SplitFields,
    SplitRows,
)
from awsglue.transforms.fields import (
    ApplyMapping,
    DropFields,
    DropNullFields,
    RenameField,
    ResolveChoice,
    SelectFields,
    Unbox,
    UnnestFrame,
)
from awsglue.transforms.rows import (
    DropDuplicates,
    ErrorsAsDynamicFrame,
    Filter,
    Join,
    Map,
    Spigot,
    Union,
    mergeDynamicFrame,
)
from awsglue.transforms.unsupported import (
    EvaluateDataQuality,
    FillMissingValues,
    FindIncrementalMatches,
    FindMatches,
)

__all__ = [
    "ApplyMapping",
    "DropDuplicates",
    "DropFields",
    "DropNullFields",
    "ErrorsAsDynamicFrame",
    "EvaluateDataQuality",
    "FillMissingValues",
    "Filter",
    "FindIncrementalMatches",
    "FindMatches",
    "FlatMap",
    "GlueTransform",
    "Join",
    "Map",
    "MapToCollection",
    "Relationalize",
    "RenameField",
    "ResolveChoice",
    "SelectFields",
    "SelectFromCollection",
    "Spigot",
    "SplitFields",
    "SplitRows",
    "Unbox",
    "Union",
    "UnnestFrame",
    "mergeDynamicFrame",
]
