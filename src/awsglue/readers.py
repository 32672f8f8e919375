"""The attribute style of a GlueContext's methods: `create_dynamic_frame.from_catalog(…)` and its kin.

Each takes the arguments of the context's method that its docstring names.
"""

from typing import Any

from pyspark import RDD
from pyspark.sql import DataFrame


class DynamicFrameReader:
    """`GlueContext.create_dynamic_frame`."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_rdd(
        self,
        data: "RDD[Any]",
        name: str,
        schema: Any = None,
        sampleRatio: float | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """`GlueContext.create_dynamic_frame_from_rdd`, where `sampleRatio` has another name."""
        return self._glue_context.create_dynamic_frame_from_rdd(data, name, schema, sampleRatio, transformation_ctx)

    def from_catalog(self, *args: Any, **kwargs: Any) -> Any:
        """`GlueContext.create_dynamic_frame_from_catalog`."""
        return self._glue_context.create_dynamic_frame_from_catalog(*args, **kwargs)

    def from_options(self, *args: Any, **kwargs: Any) -> Any:
        """`GlueContext.create_dynamic_frame_from_options`."""
        return self._glue_context.create_dynamic_frame_from_options(*args, **kwargs)


class DynamicFrameWriter:
    """`GlueContext.write_dynamic_frame`."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_options(self, *args: Any, **kwargs: Any) -> Any:
        """`GlueContext.write_dynamic_frame_from_options`."""
        return self._glue_context.write_dynamic_frame_from_options(*args, **kwargs)

    def from_catalog(self, *args: Any, **kwargs: Any) -> Any:
        """`GlueContext.write_dynamic_frame_from_catalog`."""
        return self._glue_context.write_dynamic_frame_from_catalog(*args, **kwargs)

    def from_jdbc_conf(self, *args: Any, **kwargs: Any) -> Any:
        """`GlueContext.write_dynamic_frame_from_jdbc_conf`."""
        return self._glue_context.write_dynamic_frame_from_jdbc_conf(*args, **kwargs)


class DataFrameReader:
    """`GlueContext.create_data_frame`."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_catalog(self, *args: Any, **kwargs: Any) -> DataFrame:
        """`GlueContext.create_data_frame_from_catalog`."""
        frame: DataFrame = self._glue_context.create_data_frame_from_catalog(*args, **kwargs)
        return frame

    def from_options(self, *args: Any, **kwargs: Any) -> DataFrame:
        """`GlueContext.create_data_frame_from_options`."""
        frame: DataFrame = self._glue_context.create_data_frame_from_options(*args, **kwargs)
        return frame


class DataFrameWriter:
    """`GlueContext.write_data_frame`."""

    def __init__(self, glue_context: Any) -> None:
        self._glue_context = glue_context

    def from_catalog(self, *args: Any, **kwargs: Any) -> DataFrame:
        """`GlueContext.write_data_frame_from_catalog`."""
        frame: DataFrame = self._glue_context.write_data_frame_from_catalog(*args, **kwargs)
        return frame

    def from_options(self, *args: Any, **kwargs: Any) -> DataFrame:
        """`GlueContext.write_data_frame_from_options`."""
        frame: DataFrame = self._glue_context.write_data_frame_from_options(*args, **kwargs)
        return frame
