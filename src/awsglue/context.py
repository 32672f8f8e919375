"""GlueContext: where DynamicFrames come from and go to ("GlueContext class" of the AWS Glue Developer Guide)."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from pyspark import RDD, SparkContext
from pyspark.sql import DataFrame, SparkSession, SQLContext
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from awsglue import gluetypes as glue
from awsglue import jdbc, storage
from awsglue.catalog import CatalogTable, find_table, schema_of
from awsglue.collection import DynamicFrameCollection
from awsglue.data_sink import DataSink
from awsglue.data_source import DataSource
from awsglue.dynamicframe import DynamicFrame
from awsglue.errors import NotSupported
from awsglue.formats import Options as Known
from awsglue.partitions import partitions_of
from awsglue.readers import DataFrameReader, DataFrameWriter, DynamicFrameReader, DynamicFrameWriter
from awsglue.streaming import for_each_batch
from awsglue.tables import read_dataframe, read_table, write_table

Options = Mapping[str, Any]
SAMPLE = Known("a sample", hints=("maxSamplePartitions", "maxSampleFilesPerPartition"))


class GlueContext(SQLContext):
    """A Spark context with Glue's sources and sinks. `transformation_ctx` arguments name bookmarks: of no effect here.

    A table is named by `database` (or `name_space`) and `table_name`; without one of them its methods raise ValueError.
    """

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

    def empty_frame(self, name: str) -> DynamicFrame:
        """A frame without records and fields."""
        return DynamicFrame(self.spark_session.createDataFrame([], StructType()), self, name)

    # -- the Data Catalog

    def glue_client(self) -> Any:
        """A boto3 client of AWS Glue, by the environment's endpoint, region and credentials."""
        import boto3

        return boto3.client("glue")

    def table(self, tableName: str) -> DataFrame:
        """A table of Spark's catalog."""
        return self.spark_session.table(tableName)

    def _table(
        self, database: str | None, table_name: str | None, catalog_id: str | None = None, **named: Any
    ) -> CatalogTable:
        database = database or named.get("name_space")
        if not (database and table_name):
            raise ValueError("A table is named by database and table_name.")
        return find_table(self.spark_session, self.glue_client, database, table_name, catalog_id)

    def catalog_schema(self, database: str, table_name: str, catalog_id: str | None = None) -> glue.StructType:
        """The types of a table's columns. Raises the catalog's errors."""
        return schema_of(self._table(database, table_name, catalog_id))

    def get_catalog_schema_as_spark_schema(
        self, database: str | None = None, table_name: str | None = None, catalog_id: str | None = None
    ) -> StructType:
        """The same as Spark has it."""
        return self._table(database, table_name, catalog_id).schema

    # -- reading

    def getSource(
        self,
        connection_type: str,
        format: str | None = None,
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        **options: Any,
    ) -> DataSource:
        """A source to set a format on and to get a frame from. Raises NotSupported."""
        source = DataSource(self, connection_type, options, push_down_predicate, transformation_ctx)
        if format:
            source.setFormat(format)
        return source

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
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DynamicFrame:
        """A table's records; of some partitions, by a predicate or the option `catalogPartitionPredicate`."""
        table = self._table(database, table_name, catalog_id, **kwargs)
        return read_table(self, table, push_down_predicate, additional_options or {})

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
        source = DataSource(self, connection_type, connection_options or {}, push_down_predicate, transformation_ctx)
        if format:
            source.setFormat(format, **dict(format_options or {}))
        return source.getFrame()

    def create_sample_dynamic_frame_from_catalog(
        self, database: str, table_name: str, num: int, *args: Any, sample_options: Options | None = None, **kwargs: Any
    ) -> DynamicFrame:
        """At most `num` records of what `create_dynamic_frame_from_catalog` gives; `sample_options` are hints."""
        SAMPLE.check(sample_options or {})
        return self.create_dynamic_frame_from_catalog(database, table_name, *args, **kwargs).limited(num)

    def create_sample_dynamic_frame_from_options(
        self,
        connection_type: str,
        connection_options: Options | None = None,
        num: int = 0,
        sample_options: Options | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> DynamicFrame:
        """At most `num` records of what `create_dynamic_frame_from_options` gives; `sample_options` are hints."""
        SAMPLE.check(sample_options or {})
        return self.create_dynamic_frame_from_options(connection_type, connection_options, *args, **kwargs).limited(num)

    def create_data_frame_from_catalog(
        self,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        push_down_predicate: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DataFrame:
        """A table as a DataFrame: as Spark reads it, when Spark's catalog has it, with `additional_options` of Spark's."""
        table = self._table(database, table_name, catalog_id, **kwargs)
        return read_dataframe(self, table, push_down_predicate, additional_options or {})

    def create_data_frame_from_options(self, *args: Any, **kwargs: Any) -> DataFrame:
        """What `create_dynamic_frame_from_options` gives as a DataFrame."""
        return self.create_dynamic_frame_from_options(*args, **kwargs).toDF()

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
        self, frame: DataFrame, batch_function: Callable[[DataFrame, int], Any], options: Options | None = None
    ) -> None:
        """Call the function with each batch of a streaming DataFrame that has records, and its number.

        Options: `windowSize` (the time between batches), `checkpointLocation`, and `batchMaxRetries` (3).
        """
        for_each_batch(frame, batch_function, options or {})

    # -- writing

    def getSink(
        self, connection_type: str, format: str | None = None, transformation_ctx: str = "", **options: Any
    ) -> DataSink:
        """A sink to set a format and a table on and to write frames to. Raises NotSupported."""
        sink = DataSink(self, connection_type, options)
        if format:
            sink.setFormat(format)
        return sink

    def write_from_options(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection[DynamicFrame],
        connection_type: str,
        connection_options: Options | None = None,
        format: str | None = None,
        format_options: Options | None = None,
        transformation_ctx: str = "",
        **kwargs: Any,
    ) -> Any:
        """Add the records of a frame, or of a collection's frames, to files or to a database's table; the frame again."""
        sink = DataSink(self, connection_type, connection_options or {})
        if format:
            sink.setFormat(format, **dict(format_options or {}))
        return sink.write(frame_or_dfc)

    def write_dynamic_frame_from_options(self, frame: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as `write_from_options`."""
        return self.write_from_options(frame, *args, **kwargs)

    def write_dynamic_frame_from_catalog(
        self,
        frame: DynamicFrame,
        database: str | None = None,
        table_name: str | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        additional_options: Options | None = None,
        catalog_id: str | None = None,
        **kwargs: Any,
    ) -> DynamicFrame:
        """Add the records to a table, in its format; its partitions are kept up to date."""
        write_table(self, self._table(database, table_name, catalog_id, **kwargs), frame, additional_options or {})
        return frame

    def write_from_jdbc_conf(
        self,
        frame_or_dfc: DynamicFrame | DynamicFrameCollection[DynamicFrame],
        catalog_connection: str,
        connection_options: Options | None = None,
        redshift_tmp_dir: str = "",
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> Any:
        """Add the records to a database's table by a connection of the Data Catalog."""
        options = {**(connection_options or {}), "connectionName": catalog_connection, "catalogId": catalog_id}
        return DataSink(self, "jdbc", options).write(frame_or_dfc)

    def write_dynamic_frame_from_jdbc_conf(self, frame: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as `write_from_jdbc_conf`."""
        return self.write_from_jdbc_conf(frame, *args, **kwargs)

    def write_data_frame_from_catalog(self, frame: DataFrame, *args: Any, **kwargs: Any) -> DataFrame:
        """Add a DataFrame's records to a table, with the arguments of `write_dynamic_frame_from_catalog`."""
        self.write_dynamic_frame_from_catalog(DynamicFrame(frame, self), *args, **kwargs)
        return frame

    def write_data_frame_from_options(self, frame: DataFrame, *args: Any, **kwargs: Any) -> DataFrame:
        """Add a DataFrame's records to files or a database, with the arguments of `write_from_options`."""
        self.write_from_options(DynamicFrame(frame, self), *args, **kwargs)
        return frame

    # -- connections

    def extract_jdbc_conf(self, connection_name: str, catalog_id: str | None = None) -> dict[str, str]:
        """`user`, `password`, `vendor`, `url` (without the database), `fullUrl` and what else of a connection.

        Raises Glue's errors, and ValueError for a connection to something else.
        """
        request = {"Name": connection_name, **({"CatalogId": catalog_id} if catalog_id else {})}
        return jdbc.connection_conf(self.glue_client().get_connection(**request)["Connection"])

    def connection_options(self, options: Options) -> dict[str, Any]:
        """JDBC options with those of the connection that `connectionName` names filled in."""
        if not options.get("connectionName"):
            return dict(options)
        conf = self.extract_jdbc_conf(str(options["connectionName"]), options.get("catalogId"))
        # The database of the options, where there is one, is the one that is meant.
        url = conf["url" if options.get("database") else "fullUrl"]
        return {"url": url, "user": conf["user"], "password": conf["password"], **options}

    # -- files in S3

    def purge_s3_path(self, s3_path: str, options: Options | None = None, transformation_ctx: str = "") -> None:
        """Delete the files below a path that are older than `retentionPeriod` hours (168)."""
        storage.purge_path(self.spark_session, s3_path, options or {})

    def purge_table(
        self,
        database: str = "",
        table_name: str = "",
        options: Options | None = None,
        transformation_ctx: str = "",
        catalog_id: str | None = None,
    ) -> None:
        """Delete a table's files that are older than `retentionPeriod` hours (168), and partitions without files.

        `partitionPredicate` chooses partitions. Raises ValueError for one that is none, and Glue's errors.
        """
        table, client = self._table(database, table_name, catalog_id), self.glue_client()
        partitions = partitions_of(self.spark_session, client, table) if table.partition_keys else []
        storage.purge_table(self.spark_session, client, table, partitions, options or {})

    def transition_table(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported: the object store has one storage class."""
        raise NotSupported("Transitions are not supported: the object store has one storage class.")

    transition_s3_path = transition_table

    # -- governed tables

    def start_transaction(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises NotSupported: governed tables are no more."""
        raise NotSupported("Transactions of governed tables are not supported: use an Iceberg, Delta or Hudi table.")

    begin_transaction = commit_transaction = cancel_transaction = abort_transaction = start_transaction

    def get_logger(self) -> Any:
        """A logger of scripts, with `info`, `warn`, `error` and `debug`; it writes into Spark's own log."""
        log4j = self.spark_session._jvm.org.apache.logging.log4j  # type: ignore[union-attr]
        log4j.core.config.Configurator.setLevel("GlueLogger", log4j.Level.INFO)
        return log4j.LogManager.getLogger("GlueLogger")
