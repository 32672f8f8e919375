"""What a DynamicFrame is: records with a Glue schema, what is known of them, and those that failed on the way."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from awsglue import combining
from awsglue import gluetypes as glue
from awsglue.columns import Node, nodes_of
from awsglue.host import Host
from awsglue.records import records
from awsglue.resolution import ResolveOption, resolve_paths
from awsglue.schema import struct_from_spark, tree
from awsglue.shapes import shape_of_type
from awsglue.stages import Data, Errors, Records, as_json

if TYPE_CHECKING:
    from typing_extensions import Self

ERRORS = (
    "error struct<callsite: struct<site: string, info: string>, msg: string, stackTrace: string, input: string, "
    "bytesread: bigint, source: string, dynamicRecord: string>"
)
"""The schema of `errorsAsDynamicFrame`."""


class ErrorThresholdExceeded(Exception):
    """More records failed than a transform allows."""


class Frame:
    """A distributed collection of records: what a DynamicFrame has besides its transforms."""

    def __init__(self, jdf: DataFrame, glue_ctx: Host, name: str = "") -> None:
        self._source: Data | Records = Data(jdf, struct_from_spark(jdf.schema))
        self.glue_ctx = glue_ctx
        self.name = name
        self._errors: tuple[Errors, ...] = ()
        self._stage: Errors | None = None
        self._thresholds = (0, 0)

    @classmethod
    def of(cls, source: Data | Records, glue_ctx: Host, name: str = "") -> "Self":
        """A frame of records with a schema of their own."""
        frame = cls.__new__(cls)
        frame._source, frame.glue_ctx, frame.name = source, glue_ctx, name
        frame._errors, frame._stage, frame._thresholds = (), None, (0, 0)
        return frame

    def with_errors(self, errors: Sequence[Errors], stage: Errors | None, thresholds: tuple[int, int]) -> "Self":
        """The same frame, with what failed before it, what failed in making it, and how many may."""
        frame = type(self).of(self._source, self.glue_ctx, self.name)
        frame._errors, frame._stage, frame._thresholds = tuple(errors), stage, thresholds
        return frame

    def _after(
        self,
        source: Data | Records,
        stage: Errors | None = None,
        thresholds: tuple[int, int] = (0, 0),
        others: "Iterable[Frame]" = (),
    ) -> "Self":
        """The frame that a transform makes of this one (and of others)."""
        frames: list[Frame] = [self, *others]
        errors = [error for frame in frames for error in frame.all_errors()]
        made = type(self).of(source, self.glue_ctx, self.name)
        return made.with_errors(list(dict.fromkeys(errors)), stage, thresholds)

    def _reshaped(self, nodes: Sequence[Node], thresholds: tuple[int, int]) -> "Self":
        return self._after(combining.selected(self._data.dataframe, nodes), thresholds=thresholds)

    @property
    def _data(self) -> Data:
        return self._source.data if isinstance(self._source, Records) else self._source

    @property
    def _nodes(self) -> list[Node]:
        return nodes_of(self._data.schema)

    # -- construction and information

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: Host, name: str = "") -> "Self":
        """The records of a DataFrame. Raises ValueError for a column of a type that Glue does not have."""
        return cls(dataframe, glue_ctx, name)

    def toDF(self, options: Iterable[ResolveOption] | None = None) -> DataFrame:
        """The records as a DataFrame; a choice that no option resolves is a struct with one member a type."""
        self.assertErrorThreshold()
        if not options:
            return self._data.dataframe
        nodes = resolve_paths(self._nodes, [option.as_spec() for option in options])
        return combining.selected(self._data.dataframe, nodes).dataframe

    def schema(self) -> glue.StructType:
        """The types of the fields, choices among them."""
        return self._data.schema

    def printSchema(self) -> None:
        """Print the schema as a tree."""
        print(tree(self.schema()))

    def show(self, num_rows: int = 20) -> None:
        """Print records as JSON, one a line."""
        for line in as_json(self._data, self.toDF().limit(num_rows)).collect():
            print(line)

    def count(self) -> int:
        """How many records there are, without those that failed."""
        return self.toDF().count()

    def limited(self, number: int) -> "Self":
        """At most so many of the records."""
        return self._after(Data(self._data.dataframe.limit(number), self._data.schema))

    def with_frame_schema(self, schema: glue.StructType) -> "Self":
        """The records under a schema that is known: fields it lacks are dropped, those it adds are null."""
        return self._after(Data(combining.conformed(self._data, schema), schema))

    def recomputeSchema(self) -> glue.StructType:
        """The schema as the records have it now: what it says of choices that no record has any more is dropped."""
        hint = shape_of_type(self.schema())
        rows = self._data.dataframe.rdd.mapPartitions(partial(records, shape=hint))
        self._source = Records(self.glue_ctx.spark_session, rows, hint)
        return self.schema()

    def getNumPartitions(self) -> int:
        """How many partitions the records are in."""
        return self._data.dataframe.rdd.getNumPartitions()

    def repartition(
        self,
        num_partitions: int,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "Self":
        """The records in so many partitions."""
        data = Data(self._data.dataframe.repartition(num_partitions), self._data.schema)
        return self._after(data, thresholds=(stageThreshold, totalThreshold))

    def coalesce(
        self,
        num_partitions: int,
        shuffle: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "Self":
        """The records in at most so many partitions."""
        if shuffle:
            return self.repartition(num_partitions, stageThreshold=stageThreshold, totalThreshold=totalThreshold)
        data = Data(self._data.dataframe.coalesce(num_partitions), self._data.schema)
        return self._after(data, thresholds=(stageThreshold, totalThreshold))

    # -- errors

    def all_errors(self) -> list[Errors]:
        """What failed in each transform up to this frame."""
        return [*self._errors, *([self._stage] if self._stage else [])]

    def errorsCount(self) -> int:
        """How many records failed, in this transform and in those before it."""
        return sum(errors.count for errors in self.all_errors())

    def stageErrorsCount(self) -> int:
        """How many records failed in the transform that made this frame."""
        return self._stage.count if self._stage else 0

    def errorsAsDynamicFrame(self) -> "Self":
        """The failed records: a field `error` with what was wrong (`msg`), where (`callsite`), and the record."""
        spark_session = self.glue_ctx.spark_session
        failed = spark_session.createDataFrame([], ERRORS)
        for errors in self.all_errors():
            site = F.struct(F.lit("").alias("site"), F.lit(errors.info).alias("info")).alias("callsite")
            parts = [F.col(name) for name in ("msg", "stackTrace", "input")]
            rest = [
                F.length("input").cast("long").alias("bytesread"),
                F.lit("").alias("source"),
                F.col("dynamicRecord"),
            ]
            failed = failed.unionAll(errors.records().select(F.struct(site, *parts, *rest).alias("error")))
        return type(self)(failed, self.glue_ctx, self.name)

    def assertErrorThreshold(self) -> None:
        """Raises ErrorThresholdExceeded when more records failed than this frame's thresholds allow."""
        stage, total = self._thresholds
        if stage and self.stageErrorsCount() > stage:
            raise ErrorThresholdExceeded(f"{self.stageErrorsCount()} records failed in {self._title()}; {stage} may.")
        if total and self.errorsCount() > total:
            raise ErrorThresholdExceeded(f"{self.errorsCount()} records failed up to {self._title()}; {total} may.")

    def _title(self) -> str:
        return f"the frame {self.name}" if self.name else "the frame"
