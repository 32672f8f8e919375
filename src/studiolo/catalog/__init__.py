"""The Data Catalog: databases, tables, partitions, and what every engine needs to know of them."""

from studiolo.catalog.catalog import Catalog
from studiolo.catalog.decimals import as_unscaled, from_unscaled
from studiolo.catalog.errors import ConcurrentModification, ConditionFailed, require_version
from studiolo.catalog.filters import Among, And, Compare, Filter, IsNull, Keys, Matches, Or, evaluator, like, negate
from studiolo.catalog.model import (
    HIVE_NULL,
    ChildCatalog,
    Classifier,
    Column,
    ColumnStatistics,
    Connection,
    Database,
    Function,
    Order,
    Partition,
    PartitionIndex,
    Policy,
    Resource,
    Segment,
    SerDe,
    SkewedInfo,
    StorageDescriptor,
    Table,
)
from studiolo.catalog.partition_names import partition_name, partition_values, split_name
from studiolo.catalog.partitions import Failure
from studiolo.catalog.patterns import fitting
from studiolo.catalog.search import Property

__all__ = [
    "HIVE_NULL",
    "Among",
    "And",
    "Catalog",
    "ChildCatalog",
    "Classifier",
    "Column",
    "ColumnStatistics",
    "Compare",
    "ConcurrentModification",
    "ConditionFailed",
    "Connection",
    "Database",
    "Failure",
    "Filter",
    "Function",
    "IsNull",
    "Keys",
    "Matches",
    "Or",
    "Order",
    "Partition",
    "PartitionIndex",
    "Policy",
    "Property",
    "Resource",
    "Segment",
    "SerDe",
    "SkewedInfo",
    "StorageDescriptor",
    "Table",
    "as_unscaled",
    "evaluator",
    "fitting",
    "from_unscaled",
    "like",
    "negate",
    "partition_name",
    "partition_values",
    "require_version",
    "split_name",
]
