"""Where a DynamicFrame's records come from, and the records that failed on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from pyspark import RDD
from pyspark.sql import DataFrame, SparkSession, types

from awsglue import gluetypes as glue
from awsglue.records import Outcome, Shape, failures, json_lines, merge, rows, shapes
from awsglue.schema import to_spark
from awsglue.shapes import settle, shape_of_type, struct_of

ERROR = types.StructType(
    [types.StructField(name, types.StringType()) for name in ("msg", "stackTrace", "input", "dynamicRecord")]
)
"""An error record."""


@dataclass(frozen=True)
class Data:
    """Records as Spark has them (a choice is a struct there), and their Glue schema."""

    dataframe: DataFrame
    schema: glue.StructType


@dataclass(eq=False)
class Errors:
    """The records that one transform failed on. They are found again each time they are asked for, and counted once."""

    records: Callable[[], DataFrame]
    info: str = ""

    @cached_property
    def count(self) -> int:
        return self.records().count()


@dataclass(eq=False)
class Records:
    """Records of Python's making. Their schema is what is seen in them, once somebody asks."""

    spark: SparkSession
    outcomes: "RDD[Outcome]"
    hint: Shape = field(default_factory=dict)

    @cached_property
    def data(self) -> Data:
        """The records as a DataFrame; reads them all for their schema."""
        seen: Shape = {"struct": {}}
        for shape, _ in self.outcomes.mapPartitions(partial(shapes, hint=self.hint)).collect():
            seen = merge(seen, shape)
        return dataframe_of(self.spark, self.outcomes, settle(seen, self.hint), self.hint)

    def failed(self) -> DataFrame:
        """The records that failed, as `ERROR`."""
        failed: Any = self.outcomes.mapPartitions(failures)
        return self.spark.createDataFrame(failed, ERROR)


def dataframe_of(spark: SparkSession, outcomes: "RDD[Outcome]", shape: Shape, hint: Shape) -> Data:
    """The good records, in a schema of this shape."""
    schema = struct_of(shape)
    # As the types have it: with fields that only the hint knows, and in the order of the schema.
    made: Any = outcomes.mapPartitions(partial(rows, shape=shape_of_type(schema), hint=hint))
    structure = to_spark(schema)
    assert isinstance(structure, types.StructType)
    return Data(spark.createDataFrame(made, structure, verifySchema=False), schema)


def as_json(data: Data, rows_of: DataFrame) -> "RDD[str]":
    """Rows of the frame as JSON, a choice as the value that it has."""
    return rows_of.rdd.mapPartitions(partial(json_lines, shape=shape_of_type(data.schema)))
