"""DynamicFrame: records whose fields may have values of several types, and those that failed on the way.

After the "DynamicFrame class" of the AWS Glue Developer Guide. Arguments that are common to all transforms:
`transformation_ctx` (a name for job bookmarks), `info` (a remark that goes into error records), `stageThreshold`
and `totalThreshold` (how many records may fail in this transform and up to it before using the frame raises
ErrorThresholdExceeded; 0: any number).
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import combining, reshaping
from awsglue import gluetypes as glue
from awsglue.collection import DynamicFrameCollection
from awsglue.columns import Node, nodes_of, top
from awsglue.readers import DynamicFrameReader, DynamicFrameWriter
from awsglue.records import mapped, records, verdict
from awsglue.relational import relationalize, simplify_dynamodb, unnest_dynamodb
from awsglue.resolution import ResolveOption, match, resolve_all, resolve_paths
from awsglue.schema import struct_from_spark, tree
from awsglue.shapes import shape_of_type
from awsglue.stages import ERROR, Data, Errors, Records, as_json
from awsglue.unboxing import unbox

if TYPE_CHECKING:
    from awsglue.context import GlueContext

__all__ = [
    "DynamicFrame",
    "DynamicFrameCollection",
    "DynamicFrameReader",
    "DynamicFrameWriter",
    "ErrorThresholdExceeded",
    "ResolveOption",
]


VERDICT = " verdict"
"""The column of what a filter said. No field that people name is called so."""
ERRORS = (
    "error struct<callsite: struct<site: string, info: string>, msg: string, stackTrace: string, input: string, "
    "bytesread: bigint, source: string, dynamicRecord: string>"
)
"""The schema of `errorsAsDynamicFrame`."""


class ErrorThresholdExceeded(Exception):
    """More records failed than a transform allows."""


class DynamicFrame:
    """A distributed collection of records. Every transform gives a new one."""

    def __init__(self, jdf: DataFrame, glue_ctx: "GlueContext", name: str = "") -> None:
        self._source: Data | Records = Data(jdf, struct_from_spark(jdf.schema))
        self.glue_ctx = glue_ctx
        self.name = name
        self._errors: tuple[Errors, ...] = ()
        self._stage: Errors | None = None
        self._thresholds = (0, 0)

    @classmethod
    def of(cls, source: Data | Records, glue_ctx: "GlueContext", name: str = "") -> "DynamicFrame":
        """A frame of records with a schema of their own."""
        frame = cls.__new__(cls)
        frame._source, frame.glue_ctx, frame.name = source, glue_ctx, name
        frame._errors, frame._stage, frame._thresholds = (), None, (0, 0)
        return frame

    def with_errors(
        self, errors: Sequence[Errors], stage: Errors | None, thresholds: tuple[int, int]
    ) -> "DynamicFrame":
        """The same frame, with what failed before it, what failed in making it, and how many may."""
        frame = type(self).of(self._source, self.glue_ctx, self.name)
        frame._errors, frame._stage, frame._thresholds = tuple(errors), stage, thresholds
        return frame

    def _after(
        self,
        source: Data | Records,
        stage: Errors | None = None,
        thresholds: tuple[int, int] = (0, 0),
        others: Iterable["DynamicFrame"] = (),
    ) -> "DynamicFrame":
        """The frame that a transform makes of this one (and of others)."""
        errors = [error for frame in (self, *others) for error in frame.all_errors()]
        made = DynamicFrame.of(source, self.glue_ctx, self.name)
        return made.with_errors(list(dict.fromkeys(errors)), stage, thresholds)

    def _reshaped(self, nodes: Sequence[Node], thresholds: tuple[int, int]) -> "DynamicFrame":
        return self._after(combining.selected(self._data.dataframe, nodes), thresholds=thresholds)

    @property
    def _data(self) -> Data:
        return self._source.data if isinstance(self._source, Records) else self._source

    @property
    def _nodes(self) -> list[Node]:
        return nodes_of(self._data.schema)

    # -- construction and information

    @classmethod
    def fromDF(cls, dataframe: DataFrame, glue_ctx: "GlueContext", name: str = "") -> "DynamicFrame":
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

    def with_frame_schema(self, schema: glue.StructType) -> "DynamicFrame":
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
    ) -> "DynamicFrame":
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
    ) -> "DynamicFrame":
        """The records in at most so many partitions."""
        if shuffle:
            return self.repartition(num_partitions, stageThreshold=stageThreshold, totalThreshold=totalThreshold)
        data = Data(self._data.dataframe.coalesce(num_partitions), self._data.schema)
        return self._after(data, thresholds=(stageThreshold, totalThreshold))

    # -- fields

    def apply_mapping(
        self,
        mappings: Iterable[Sequence[str]],
        case_sensitive: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The fields of `(source path, source type, target path, target type)`, and no others.

        A value that cannot be cast is null. Raises ValueError for a mapping or a type that is none.
        """
        return self._reshaped(reshaping.apply_mapping(self._nodes, mappings), (stageThreshold, totalThreshold))

    def applyMapping(self, *args: Any, **kwargs: Any) -> "DynamicFrame":
        """The same as `apply_mapping`."""
        return self.apply_mapping(*args, **kwargs)

    def drop_fields(
        self,
        paths: str | Iterable[str],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The records without the fields at the paths."""
        nodes = reshaping.drop(self._nodes, reshaping.as_list(paths))
        return self._reshaped(nodes, (stageThreshold, totalThreshold))

    def select_fields(
        self,
        paths: str | Iterable[str],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The records with only the fields at the paths."""
        nodes = reshaping.select(self._nodes, reshaping.as_list(paths))
        return self._reshaped(nodes, (stageThreshold, totalThreshold))

    def rename_field(
        self,
        oldName: str,
        newName: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The records with a field under another path. A name with dots stands in backticks."""
        return self._reshaped(reshaping.rename(self._nodes, oldName, newName), (stageThreshold, totalThreshold))

    def drop_null_fields(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> "DynamicFrame":
        """The records without the fields whose type is null."""
        return self._reshaped(reshaping.drop_nulls(self._nodes), (stageThreshold, totalThreshold))

    def resolveChoice(
        self,
        specs: Iterable[tuple[str, str]] | None = None,
        choice: str = "",
        database: str | None = None,
        table_name: str | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        catalog_id: str | None = None,
    ) -> "DynamicFrame":
        """The records with choices resolved: those at the paths of `specs`, or all of them by `choice`.

        Raises ValueError unless one of the two is given, and for an action that is none.
        """
        if (specs is None) == (not choice):
            raise ValueError(
                "Give resolveChoice either specs, a list of (path, action), or choice, one action for all."
            )
        if specs is not None:
            nodes = resolve_paths(self._nodes, specs)
        elif choice.lower() == "match_catalog":
            if not (database and table_name):
                raise ValueError("match_catalog needs database and table_name.")
            nodes = match(self._nodes, self.glue_ctx.catalog_schema(database, table_name, catalog_id))
        else:
            nodes = resolve_all(self._nodes, choice)
        return self._reshaped(nodes, (stageThreshold, totalThreshold))

    def unnest(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> "DynamicFrame":
        """The fields of structs as columns, named by their paths."""
        return self._reshaped(reshaping.unnest(self._nodes), (stageThreshold, totalThreshold))

    def unnest_ddb_json(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> "DynamicFrame":
        """An export of DynamoDB as columns; arrays of structs stay as they are."""
        return self._reshaped(unnest_dynamodb(self._nodes), (stageThreshold, totalThreshold))

    def simplify_ddb_json(
        self, transformation_ctx: str = "", info: str = "", stageThreshold: int = 0, totalThreshold: int = 0
    ) -> "DynamicFrame":
        """An export of DynamoDB as records nested as the items are."""
        return self._reshaped(simplify_dynamodb(self._nodes), (stageThreshold, totalThreshold))

    def unbox(
        self,
        path: str,
        format: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
        **options: Any,
    ) -> "DynamicFrame":
        """The records with a text field read as `json`, `csv` or `avro`'s JSON; unreadable texts are error records."""
        data, stage = unbox(self._data, path, format, options, info)
        return self._after(data, stage, (stageThreshold, totalThreshold))

    # -- records

    def filter(
        self,
        f: Callable[[dict[str, Any]], Any],
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The records for which the function is true; those it fails on are error records."""
        data = self._data
        outcome = spark.StructType([spark.StructField("keep", spark.BooleanType()), spark.StructField("error", ERROR)])
        judge = F.udf(partial(verdict, f, shape_of_type(data.schema)), outcome)
        everything = F.struct(*[top(name) for name in data.dataframe.columns])
        judged = data.dataframe.withColumn(VERDICT, judge(everything))
        kept = judged.where(top(VERDICT).getField("keep")).select(*[top(name) for name in data.dataframe.columns])
        stage = Errors(
            lambda: judged.where(top(VERDICT).getField("keep").isNull()).select(f"`{VERDICT}`.error.*"), info
        )
        return self._after(Data(kept, data.schema), stage, (stageThreshold, totalThreshold))

    def map(
        self,
        f: Callable[[dict[str, Any]], Mapping[str, Any]],
        preservesPartitioning: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """What the function makes of each record; the records it fails on are error records.

        The function gets a dict, may change it, and gives back a dict. It runs once for the schema and again
        for each use of the frame.
        """
        source = self._records()
        made = Records(
            self.glue_ctx.spark_session, source.outcomes.mapPartitions(partial(mapped, function=f)), source.hint
        )
        return self._after(made, Errors(made.failed, info), (stageThreshold, totalThreshold))

    def _records(self) -> Records:
        """The records as Python's."""
        if isinstance(self._source, Records):
            return self._source
        hint = shape_of_type(self._source.schema)
        rows = self._source.dataframe.rdd.mapPartitions(partial(records, shape=hint))
        return Records(self.glue_ctx.spark_session, rows, hint)

    def join(
        self,
        paths1: str | Iterable[str],
        paths2: str | Iterable[str],
        frame2: "DynamicFrame",
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The pairs of records with equal keys. Raises ValueError for keys that are not there."""
        joined = combining.join(self._data, frame2._data, reshaping.as_list(paths1), reshaping.as_list(paths2))
        return self._after(joined, thresholds=(stageThreshold, totalThreshold), others=[frame2])

    def union(
        self,
        other_frame: "DynamicFrame",
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The records of both frames."""
        data = combining.union(self._data, other_frame._data)
        return self._after(data, thresholds=(stageThreshold, totalThreshold), others=[other_frame])

    def mergeDynamicFrame(
        self,
        stage_dynamic_frame: "DynamicFrame",
        primary_keys: str | Iterable[str],
        transformation_ctx: str = "",
        options: Mapping[str, Any] | None = None,
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """The staging frame's records, and those of this one whose keys are not among them."""
        data = combining.merge(self._data, stage_dynamic_frame._data, reshaping.as_list(primary_keys))
        return self._after(data, thresholds=(stageThreshold, totalThreshold), others=[stage_dynamic_frame])

    def drop_duplicates(self, columns: Iterable[str] | None = None) -> "DynamicFrame":
        """The records without repetitions (in the columns, when they are given)."""
        data = self._data
        return self._after(Data(data.dataframe.dropDuplicates(list(columns) if columns else None), data.schema))

    def split_fields(
        self,
        paths: str | Iterable[str],
        name1: str,
        name2: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection:
        """Two frames: one with the fields at the paths, one with the others."""
        frames = {
            name1: self.select_fields(paths, stageThreshold=stageThreshold, totalThreshold=totalThreshold),
            name2: self.drop_fields(paths, stageThreshold=stageThreshold, totalThreshold=totalThreshold),
        }
        return DynamicFrameCollection(frames, self.glue_ctx)

    def split_rows(
        self,
        comparison_dict: dict[str, dict[str, object]],
        name1: str,
        name2: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection:
        """Two frames: one with the records that meet all comparisons, `{"age": {">": 10}}`, one with the others."""
        condition = reshaping.conjunction(self._nodes, comparison_dict)
        frames = {}
        for name, part in ((name1, condition), (name2, ~condition)):
            data = Data(self._data.dataframe.where(part), self._data.schema)
            frames[name] = self._after(data, thresholds=(stageThreshold, totalThreshold))
        return DynamicFrameCollection(frames, self.glue_ctx)

    def relationalize(
        self,
        root_table_name: str,
        staging_path: str | None = None,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> DynamicFrameCollection:
        """Flat tables: the root, and one for each array, joined by the root's column of its name to its `id`."""
        self.assertErrorThreshold()
        tables = relationalize(self._data, root_table_name, staging_path)
        thresholds = (stageThreshold, totalThreshold)
        frames = {name: self._after(data, thresholds=thresholds) for name, data in tables.items()}
        return DynamicFrameCollection(frames, self.glue_ctx)

    # -- writing

    def spigot(
        self,
        path: str,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """This frame, after a sample of it was written to the path as JSON.

        `topk` (the first so many records) and `prob` (the chance of each record, 0 to 1) say which; without either
        all records are written.
        """
        chosen = dict(options or {})
        sample = self.toDF()
        if "prob" in chosen:
            sample = sample.sample(fraction=float(chosen["prob"]), seed=random.getrandbits(31))
        if "topk" in chosen:
            sample = sample.limit(int(chosen["topk"]))
        as_json(self._data, sample).saveAsTextFile(path)
        return self._after(self._source, thresholds=(stageThreshold, totalThreshold))

    def write(
        self,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        format_options: Mapping[str, Any] | None = None,
        accumulator_size: int = 0,
    ) -> "DynamicFrame":
        """Write the records by a connection, as `GlueContext.write_dynamic_frame.from_options` does."""
        return self.glue_ctx.write_dynamic_frame_from_options(
            self, connection_type, connection_options, format, format_options
        )

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

    def errorsAsDynamicFrame(self) -> "DynamicFrame":
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
        return DynamicFrame(failed, self.glue_ctx, self.name)

    def assertErrorThreshold(self) -> None:
        """Raises ErrorThresholdExceeded when more records failed than this frame's thresholds allow."""
        stage, total = self._thresholds
        if stage and self.stageErrorsCount() > stage:
            raise ErrorThresholdExceeded(f"{self.stageErrorsCount()} records failed in {self._title()}; {stage} may.")
        if total and self.errorsCount() > total:
            raise ErrorThresholdExceeded(f"{self.errorsCount()} records failed up to {self._title()}; {total} may.")

    def _title(self) -> str:
        return f"the frame {self.name}" if self.name else "the frame"
