"""GlueContext: where DynamicFrames come from and go to ("GlueContext class" of the AWS Glue Developer Guide)."""

import logging
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from pyspark import RDD, SparkContext
from pyspark.sql import DataFrame, SparkSession, SQLContext
from pyspark.sql import functions as F

from awsglue import gluetypes as glue
from awsglue import jdbc, storage
from awsglue.catalog import CatalogTable, find_table, name_in_spark, schema_of
from awsglue.collection import DynamicFrameCollection
from awsglue.data_sink import DataSink
from awsglue.data_source import DataSource
from awsglue.dynamicframe import DynamicFrame
from awsglue.errors import NotSupported
from awsglue.readers import DataFrameReader, DataFrameWriter, DynamicFrameReader, DynamicFrameWriter
from awsglue.reading import PASSED
from awsglue.stages import Data
from awsglue.tables import read_table
from awsglue.writing import as_table

Options = Mapping[str, Any]


class GlueContext(SQLContext):
    """A Spark context with Glue's sources and sinks. `transformation_ctx` arguments name bookmarks: of no effect here."""

    def __init__(self, sparkContext: SparkContext, **options: Any) -> None:
        self.spark_session = SparkSession.builder.getOrCreate()
        with warnings.catch_warnings():
            # SQLContext is what the public library's class is, whatever Spark thinks of it.
            warnings.simplefilter("ignore", FutureWarning)
            super().__init__(sparkContext, self.spark_session)
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)
        self.write_data_frame = DataFrameWriter(self)

    # -- the Data Catalog

    def glue_client(self) -> Any:
        """A boto3 client of AWS Glue, by the environment's endpoint, region and credentials."""
        import boto3

        return boto3.client("glue")

    def table(self, tableName: str) -> DataFrame:
        """A table of Spark's catalog."""
        return self.spark_session.table(tableName)

    def _table(self, database: str, table_name: str, catalog_id: str | None) -> CatalogTable:
        if not (database and table_name):
            raise ValueError("A table is named by database and table_name.")
        return find_table(self.spark_session, self.glue_client, database, table_name, catalog_id)

    def catalog_schema(self, database: str, table_name: str, catalog_id: str | None = None) -> glue.StructType:
        """The types of a table's columns. Raises the catalog's errors."""
        return schema_of(self._table(database, table_name, catalog_id))

    # -- reading

    def getSource(self, connection_type: str, transformation_ctx: str = "", **options: Any) -> DataSource:
        """A source to set a format on and to get a frame from. Raises NotSupported."""
        return DataSource(self, connection_type, options)

    def create_dynamic_frame_from_rdd(
        self,
        data: "RDD[Any]",
        name: str,
        schema: Any = None,
        sample_ratio: float | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """The records of an RDD, with a schema of Spark's or one that Spark infers."""
        dataframe: DataFrame = self.spark_session.createDataFrame(data, schema, sample_ratio)
        return DynamicFrame(dataframe, self, name)

    def create_dynamic_frame_from_catalog(
        self,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DynamicFrame:
        """A table's records; of some partitions, by a predicate or the option `catalogPartitionPredicate`."""
        options = dict(additional_options or {})
        predicates = [text for text in (push_down_predicate, options.pop("catalogPartitionPredicate", "")) if text]
        predicate = " and ".join(f"({text})" for text in predicates)
        return read_table(self, self._table(database, table_name, catalog_id), predicate, options)

    def create_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **kwargs: Any,
    ) -> DynamicFrame:
        """The records of files or of a database's table. Raises ValueError, NotSupported and Spark's errors."""
        source = DataSource(self, connection_type, connection_options or {}, transformation_ctx)
        if format:
            source.setFormat(format, **dict(format_options or {}))
        return source.getFrame(push_down_predicate)

    def create_data_frame_from_catalog(
        self,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
    ) -> DataFrame:
        """A table as a DataFrame: as Spark reads it, when Spark's catalog has it."""
        table = self._table(database, table_name, catalog_id)
        known = name_in_spark(self.spark_session, table)
        if known:
            dataframe = self.spark_session.table(known)
            return dataframe.where(push_down_predicate) if push_down_predicate else dataframe
        return read_table(self, table, push_down_predicate, additional_options or {}).toDF()

    def create_data_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
    ) -> DataFrame:
        """Files or a database's table as a DataFrame."""
        return self.create_dynamic_frame_from_options(
            connection_type, connection_options, format, format_options, transformation_ctx, push_down_predicate
        ).toDF()

    def add_ingestion_time_columns(self, dataFrame: DataFrame, timeGranularity: str = "") -> DataFrame:
        """The DataFrame with `ingest_year`, and so on to the granularity: day, hour or minute."""
        units = ("year", "month", "day", "hour", "minute")
        if timeGranularity not in units[2:]:
            raise ValueError("timeGranularity is day, hour or minute.")
        now, extended = F.current_timestamp(), dataFrame
        widths = {"year": "yyyy", "month": "MM", "day": "dd", "hour": "HH", "minute": "mm"}
        for unit in units[: units.index(timeGranularity) + 1]:
            extended = extended.withColumn(f"ingest_{unit}", F.date_format(now, widths[unit]))
        return extended

    def forEachBatch(
        self, frame: DataFrame, batch_function: Callable[..., Any], options: Options | None = None
    ) -> None:
        """Call the function with each micro-batch of a streaming DataFrame and its number, until the stream ends.

        Options: `windowSize` (the time between batches, "100 seconds" by default) and `checkpointLocation`.
        """
        given = dict(options or {})
        writer = frame.writeStream.foreachBatch(batch_function).trigger(
            processingTime=str(given.get("windowSize", "100 seconds"))
        )
        if "checkpointLocation" in given:
            writer = writer.option("checkpointLocation", str(given["checkpointLocation"]))
        writer.start().awaitTermination()

    # -- writing

    def getSink(
        self, connection_type: str, format: str | None = None, transformation_ctx: str = "", **options: Any
    ) -> DataSink:
        """A sink to set a format and a table on and to write frames to. Raises NotSupported."""
        sink = DataSink(self, connection_type, options)
        if format:
            sink.setFormat(format)
        return sink

    def write_dynamic_frame_from_options(
        self,
        frame: DynamicFrame,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """Add the records to files or to a database's table; the frame again."""
        self.write_from_options(frame, connection_type, connection_options, format, format_options, transformation_ctx)
        return frame

    def write_from_options(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection,
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
    ) -> Any:
        """The same for a frame or for a collection of frames."""
        sink = DataSink(self, connection_type, connection_options or {})
        if format:
            sink.setFormat(format, **dict(format_options or {}))
        return sink.write(frame_or_dfc)

    def write_dynamic_frame_from_catalog(
        self,
        frame: DynamicFrame,
        database: str,
        table_name: str,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
    ) -> DynamicFrame:
        """Add the records to a table's files, in its format; its partitions are kept up to date."""
        table = self._table(database, table_name, catalog_id)
        options = dict(additional_options or {})
        known = name_in_spark(self.spark_session, table) if table.format in PASSED else None
        if known:
            if table.format == "iceberg":
                frame.toDF().writeTo(known).append()
            else:
                frame.toDF().write.format(table.format).mode("append").saveAsTable(known)
            return frame
        keys = options.get("partitionKeys") or list(table.partition_keys)
        place = {"enableUpdateCatalog": bool(keys), "updateBehavior": "LOG", "partitionKeys": keys}
        sink = DataSink(self, "s3", {**place, **options, "path": table.location})
        format_options = table.csv_options if table.format == "csv" else {}
        header = {"writeHeader": format_options["withHeader"]} if format_options else {}
        sink.setFormat(table.format, **format_options, **header)
        sink.setCatalogInfo(database, table_name, catalog_id)
        typed = as_table(Data(frame.toDF(), frame.schema()), schema_of(table))
        sink.writeFrame(DynamicFrame.of(typed, self, frame.name))
        return frame

    def write_from_catalog(
        self, frame_or_dfc: DynamicFrame, database: str, table_name: str, **kwargs: Any
    ) -> DynamicFrame:
        """The same as `write_dynamic_frame_from_catalog`."""
        return self.write_dynamic_frame_from_catalog(frame_or_dfc, database, table_name, **kwargs)

    def write_from_jdbc_conf(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection,
        catalog_connection: str,
        connection_options: Options | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """Add the records to a database's table by a connection of the Data Catalog."""
        known = self.extract_jdbc_conf(catalog_connection, catalog_id)
        url = known["url" if "database" in (connection_options or {}) else "fullUrl"]
        conf = {"url": url, "user": known["user"], "password": known["password"]}
        return DataSink(self, "jdbc", {**conf, **dict(connection_options or {})}).write(frame_or_dfc)

    def write_dynamic_frame_from_jdbc_conf(self, frame: DynamicFrame, *args: Any, **kwargs: Any) -> DynamicFrame:
        """The same as `write_from_jdbc_conf`, for a frame."""
        self.write_from_jdbc_conf(frame, *args, **kwargs)
        return frame

    def write_data_frame_from_catalog(self, frame: DataFrame, database: str, table_name: str, *args: Any) -> DataFrame:
        """Add a DataFrame's records to a table."""
        self.write_dynamic_frame_from_catalog(DynamicFrame(frame, self), database, table_name, *args)
        return frame

    def write_data_frame_from_options(self, frame: DataFrame, connection_type: str, *args: Any) -> DataFrame:
        """Add a DataFrame's records to files or to a database's table."""
        self.write_dynamic_frame_from_options(DynamicFrame(frame, self), connection_type, *args)
        return frame

    # -- connections

    def extract_jdbc_conf(self, connection_name: str, catalog_id: str | None = None) -> dict[str, str]:
        """`user`, `password`, `vendor`, `url` (without the database) and `fullUrl` of a connection. Glue's errors."""
        request = {"Name": connection_name, **({"CatalogId": catalog_id} if catalog_id else {})}
        return jdbc.connection_conf(self.glue_client().get_connection(**request)["Connection"])

    def connection_options(self, options: Options) -> dict[str, Any]:
        """JDBC options with those of the connection that `connectionName` names filled in."""
        if not options.get("connectionName"):
            return dict(options)
        conf = self.extract_jdbc_conf(str(options["connectionName"]))
        return {"url": conf["fullUrl"], "user": conf["user"], "password": conf["password"], **options}

    # -- files in S3

    def purge_s3_path(self, s3_path: str, options: Options | None = None, transformation_ctx: str = "") -> None:
        """Delete the files below a path that are older than `retentionPeriod` hours (168)."""
        storage.purge(self.spark_session, s3_path, options or {})

    def purge_table(
        self,
        database: str,
        table_name: str,
        options: Options | None = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> None:
        """Delete a table's files that are older than `retentionPeriod` hours (168). Its partitions stay."""
        if (options or {}).get("partitionPredicate"):
            raise NotSupported("purge_table with a partitionPredicate is not supported: purge the partitions' paths.")
        storage.purge(self.spark_session, self._table(database, table_name, catalog_id).location, options or {})

    def transition_table(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported: the object store has one storage class."""
        raise NotSupported("transition_table is not supported: the object store has one storage class.")

    def transition_s3_path(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported: the object store has one storage class."""
        raise NotSupported("transition_s3_path is not supported: the object store has one storage class.")

    # -- governed tables

    def start_transaction(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported: governed tables are no more."""
        raise NotSupported(NO_TRANSACTIONS)

    def begin_transaction(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported."""
        raise NotSupported(NO_TRANSACTIONS)

    def commit_transaction(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported."""
        raise NotSupported(NO_TRANSACTIONS)

    def cancel_transaction(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported."""
        raise NotSupported(NO_TRANSACTIONS)

    def abort_transaction(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported."""
        raise NotSupported(NO_TRANSACTIONS)

    def get_logger(self) -> logging.Logger:
        """The logger of scripts."""
        return logging.getLogger("GlueLogger")


NO_TRANSACTIONS = "Transactions of governed tables are not supported: use an Iceberg, Delta or Hudi table."
