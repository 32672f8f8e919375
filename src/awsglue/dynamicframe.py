"""DynamicFrame: records whose fields may have values of several types, and those that failed on the way.

After the "DynamicFrame class" of the AWS Glue Developer Guide. Arguments that are common to all transforms:
`transformation_ctx` (a name for job bookmarks), `info` (a remark that goes into error records), `stageThreshold`
and `totalThreshold` (how many records may fail in this transform and up to it before using the frame raises
ErrorThresholdExceeded; 0: any number).
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pyspark import RDD
from pyspark.sql import functions as F
from pyspark.sql import types as spark

from awsglue import combining, reshaping
from awsglue.collection import DynamicFrameCollection
from awsglue.columns import top
from awsglue.formats import Options
from awsglue.frame import ErrorThresholdExceeded, Frame
from awsglue.readers import DynamicFrameReader, DynamicFrameWriter
from awsglue.records import Outcome, mapped, partition_mapped, records, verdict
from awsglue.relational import relationalize, simplify_dynamodb, unnest_dynamodb
from awsglue.resolution import ResolveOption, match, resolve_all, resolve_paths
from awsglue.shapes import shape_of_type
from awsglue.stages import ERROR, Data, Errors, Records, as_json
from awsglue.unboxing import unbox

__all__ = [
    "DynamicFrame",
    "DynamicFrameCollection",
    "DynamicFrameReader",
    "DynamicFrameWriter",
    "ErrorThresholdExceeded",
    "ResolveOption",
]


SPIGOT = Options("spigot", honored=("topk", "prob"))
RELATIONALIZE = Options("relationalize")
VERDICT = " verdict"
"""The column of what a filter said. No field that people name is called so."""


class DynamicFrame(Frame):
    """A distributed collection of records. Every transform gives a new one."""

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

        A source is found whatever its case, unless `case_sensitive`. A value that cannot be cast is null.
        Raises ValueError for a mapping or a type that is none.
        """
        nodes = reshaping.apply_mapping(self._nodes, reshaping.as_tuples(mappings), case_sensitive=case_sensitive)
        return self._reshaped(nodes, (stageThreshold, totalThreshold))

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
        specs: Iterable[tuple[str, str]] | tuple[str, str] | None = None,
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
            nodes = resolve_paths(self._nodes, reshaping.as_tuples(specs))
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
        """The records for which the function is true; those it fails on are error records.

        Not so with KeyError, TypeError and ValueError: a record without the field is one that is not kept.
        """
        data = self._data
        outcome = spark.StructType([spark.StructField("keep", spark.BooleanType()), spark.StructField("error", ERROR)])
        judge = F.udf(partial(verdict, f, shape_of_type(data.schema)), outcome)
        judged = data.dataframe.withColumn(VERDICT, judge(F.struct("*")))
        kept = judged.where(top(VERDICT).getField("keep")).drop(VERDICT)
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
        outcomes = self._records().outcomes.mapPartitions(partial(mapped, function=f))
        return self._made(outcomes, info, (stageThreshold, totalThreshold))

    def mapPartitions(
        self,
        f: Callable[[Iterator[Any]], Iterable[Any]],
        preservesPartitioning: bool = True,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """What the function makes of the records of each partition, as `mapPartitionsWithIndex` has them."""
        outcomes = self._records().outcomes.mapPartitionsWithIndex(
            partial(partition_mapped, function=lambda _index, given: f(given))
        )
        return self._made(outcomes, info, (stageThreshold, totalThreshold))

    def mapPartitionsWithIndex(
        self,
        f: Callable[[int, Iterator[Any]], Iterable[Any]],
        preservesPartitioning: bool = False,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrame":
        """What the function makes of each partition's number and records.

        It gets and gives dicts `{"record": …}`; one with `isError` and an `errorMessage` is an error record.
        """
        outcomes = self._records().outcomes.mapPartitionsWithIndex(partial(partition_mapped, function=f))
        return self._made(outcomes, info, (stageThreshold, totalThreshold))

    def _made(self, outcomes: "RDD[Outcome]", info: str, thresholds: tuple[int, int]) -> "DynamicFrame":
        """The frame of what a function made of this one's records."""
        made = Records(self.glue_ctx.spark_session, outcomes, self._records().hint)
        return self._after(made, Errors(made.failed, info), thresholds)

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
    ) -> "DynamicFrameCollection[DynamicFrame]":
        """Two frames: one with the fields at the paths, one with the others."""
        frames = {
            name1: self.select_fields(paths, stageThreshold=stageThreshold, totalThreshold=totalThreshold),
            name2: self.drop_fields(paths, stageThreshold=stageThreshold, totalThreshold=totalThreshold),
        }
        return self._collected(frames)

    def split_rows(
        self,
        comparison_dict: dict[str, dict[str, object]],
        name1: str,
        name2: str,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrameCollection[DynamicFrame]":
        """Two frames: one with the records that meet all comparisons, `{"age": {">": 10}}`, one with the others."""
        condition = reshaping.conjunction(self._nodes, comparison_dict)
        frames = {}
        for name, part in ((name1, condition), (name2, ~condition)):
            data = Data(self._data.dataframe.where(part), self._data.schema)
            frames[name] = self._after(data, thresholds=(stageThreshold, totalThreshold))
        return self._collected(frames)

    def relationalize(
        self,
        root_table_name: str,
        staging_path: str | None = None,
        options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
        info: str = "",
        stageThreshold: int = 0,
        totalThreshold: int = 0,
    ) -> "DynamicFrameCollection[DynamicFrame]":
        """Flat tables: the root, and one for each array, joined by the root's column of its name to its `id`."""
        RELATIONALIZE.check(options or {})
        self.assertErrorThreshold()
        tables = relationalize(self._data, root_table_name, staging_path)
        thresholds = (stageThreshold, totalThreshold)
        frames = {name: self._after(data, thresholds=thresholds) for name, data in tables.items()}
        return self._collected(frames)

    def _collected(self, frames: "dict[str, DynamicFrame]") -> "DynamicFrameCollection[DynamicFrame]":
        """The frames as a collection, each with the name it has there."""
        for name, frame in frames.items():
            frame.name = name
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
        SPIGOT.check(chosen)
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
        self.glue_ctx.write_from_options(self, connection_type, connection_options, format, format_options)
        return self
