"""Glue's transforms as classes: `ApplyMapping.apply(frame = …, mappings = …)` ("PySpark transforms reference")."""

import json

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
    Coalesce,
    DropDuplicates,
    ErrorsAsDynamicFrame,
    Filter,
    Join,
    Map,
    Repartition,
    Spigot,
    Union,
    mergeDynamicFrame,
)

__all__ = [
    "ApplyMapping",
    "Coalesce",
    "DropDuplicates",
    "DropFields",
    "DropNullFields",
    "ErrorsAsDynamicFrame",
    "Filter",
    "FlatMap",
    "GlueTransform",
    "Join",
    "Map",
    "MapToCollection",
    "Relationalize",
    "RenameField",
    "Repartition",
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


def get_transforms() -> set[GlueTransform]:
    """One of each transform."""
    known = [globals()[name] for name in __all__]
    return {transform() for transform in known if transform is not GlueTransform}


def get_transform(name: str) -> GlueTransform | None:
    """The transform of this name, in whatever case; None when there is none."""
    return next((transform for transform in get_transforms() if transform.name().lower() == name.lower()), None)


def describe_transform(name: str) -> str:
    """A transform's descriptions as JSON; an empty object when there is none of this name."""
    transform = get_transform(name)
    return json.dumps(transform.describe() if transform else {}, sort_keys=True, indent=4)
