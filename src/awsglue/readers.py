"""The attribute style of a GlueContext's methods: `create_dynamic_frame.from_catalog(…)` and its kin."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyspark import RDD
from pyspark.sql import DataFrame

if TYPE_CHECKING:
    from awsglue.collection import DynamicFrameCollection
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame

Options = Mapping[str, Any]


class DynamicFrameReader:
    """`GlueContext.create_dynamic_frame`."""

    def __init__(self, glue_context: "GlueContext") -> None:
        self._glue_context = glue_context

    def from_rdd(
        self,
        data: "RDD[Any]",
        name: str,
        schema: Any = None,
        sampleRatio: float | None = None,
        transformation_ctx: str = "",
    ) -> "DynamicFrame":
        """See `GlueContext.create_dynamic_frame_from_rdd`."""
        return self._glue_context.create_dynamic_frame_from_rdd(data, name, schema, sampleRatio, transformation_ctx)

    def from_catalog(
        self,
        database: str = "",
        table_name: str = "",
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        name_space: str = "",
        **kwargs: Any,
    ) -> "DynamicFrame":
        """See `GlueContext.create_dynamic_frame_from_catalog`."""
        return self._glue_context.create_dynamic_frame_from_catalog(
            database or name_space,
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            push_down_predicate,
            additional_options,
            catalog_id,
            **kwargs,
        )

    def from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> "DynamicFrame":
        """See `GlueContext.create_dynamic_frame_from_options`."""
        return self._glue_context.create_dynamic_frame_from_options(
            connection_type,
            connection_options,
            format,
            format_options,
            transformation_ctx,
            push_down_predicate,
            **kwargs,
        )


class DynamicFrameWriter:
    """`GlueContext.write_dynamic_frame`."""

    def __init__(self, glue_context: "GlueContext") -> None:
        self._glue_context = glue_context

    def from_options(
        self,
        frame: "DynamicFrame | DynamicFrameCollection",
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """See `GlueContext.write_from_options`."""
        return self._glue_context.write_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )

    def from_catalog(
        self,
        frame: "DynamicFrame",
        database: str = "",
        table_name: str = "",
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        name_space: str = "",
        **kwargs: Any,
    ) -> "DynamicFrame":
        """See `GlueContext.write_dynamic_frame_from_catalog`."""
        return self._glue_context.write_dynamic_frame_from_catalog(
            frame,
            database or name_space,
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            additional_options,
            catalog_id,
        )

    def from_jdbc_conf(
        self,
        frame: "DynamicFrame | DynamicFrameCollection",
        catalog_connection: str,
        connection_options: Options | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """See `GlueContext.write_from_jdbc_conf`."""
        return self._glue_context.write_from_jdbc_conf(
            frame, catalog_connection, connection_options, redshift_tmp_dir, transformation_ctx, catalog_id
        )


class DataFrameReader:
    """`GlueContext.create_data_frame`."""

    def __init__(self, glue_context: "GlueContext") -> None:
        self._glue_context = glue_context

    def from_catalog(
        self,
        database: str = "",
        table_name: str = "",
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DataFrame:
        """See `GlueContext.create_data_frame_from_catalog`."""
        return self._glue_context.create_data_frame_from_catalog(
            database,
            table_name,
            redshift_tmp_dir,
            transformation_ctx,
            push_down_predicate,
            additional_options,
            catalog_id,
        )

    def from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DataFrame:
        """See `GlueContext.create_data_frame_from_options`."""
        return self._glue_context.create_data_frame_from_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate
        )


class DataFrameWriter:
    """`GlueContext.write_data_frame`."""

    def __init__(self, glue_context: "GlueContext") -> None:
        self._glue_context = glue_context

    def from_catalog(
        self,
        frame: DataFrame,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
    ) -> DataFrame:
        """See `GlueContext.write_data_frame_from_catalog`."""
        return self._glue_context.write_data_frame_from_catalog(
            frame, database, table_name, redshift_tmp_dir, transformation_ctx, additional_options, catalog_id
        )

    def from_options(
        self,
        frame: DataFrame,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> DataFrame:
        """See `GlueContext.write_data_frame_from_options`."""
        return self._glue_context.write_data_frame_from_options(
            frame, connection_type, connection_options, format, format_options, transformation_ctx
        )
