"""Where DynamicFrames are written to, as `GlueContext.getSink` gives it."""

from collections.abc import Mapping
from typing import Any

from awsglue import jdbc, writing
from awsglue.catalog import Update, update_catalog
from awsglue.collection import DynamicFrameCollection
from awsglue.data_source import unsupported
from awsglue.dynamicframe import DynamicFrame
from awsglue.errors import NotSupported
from awsglue.formats import JDBC, PASSED, S3_WRITE, WRITE, parted, write_format
from awsglue.host import Host
from awsglue.options import names_of, truth
from awsglue.stages import Data
from awsglue.textlines import Lines

FILES = {"s3", "file", "hdfs"}


class DataSink:
    """A connection type with its options. Raises NotSupported for a type that is not carried out."""

    def __init__(self, context: Host, connection_type: str, options: Mapping[str, Any]) -> None:
        self._context = context
        self._type = connection_type.lower()
        self._options = dict(options)
        self._format: str | None = None
        self._format_options: dict[str, Any] = {}
        self._table: tuple[str, str, str | None] | None = None
        self._lines: Lines | None = None
        if self._type not in FILES | jdbc.KINDS | PASSED:
            raise NotSupported(unsupported(connection_type))

    def setFormat(self, format: str, **options: Any) -> None:
        """The files' format and its options. Raises ValueError and NotSupported."""
        self._format, self._format_options = write_format(format), options

    def setLines(self, lines: Lines) -> None:
        """The files are lines of text of a table's own dialect."""
        self._format, self._lines = "csv", lines

    def setCatalogInfo(self, catalogDatabase: str, catalogTableName: str, catalogId: str | None = None) -> None:
        """The table that is to be made or changed with what is written."""
        self._table = (catalogDatabase.lower(), catalogTableName.lower(), catalogId)

    def setAccumulableSize(self, size: int) -> None:
        """Of no effect here."""

    def writeFrame(self, dynamic_frame: DynamicFrame, info: str = "") -> DynamicFrame:
        """Write the records; the frame again. Spark's, the database's and the catalog's errors come as they are."""
        data = Data(dynamic_frame.toDF(), dynamic_frame.schema())
        if self._type in jdbc.KINDS:
            JDBC.check(self._options)
            jdbc.write(writing.writable(data, "jdbc").dataframe, self._context.connection_options(self._options))
        else:
            self._write_files(data)
        return dynamic_frame

    def write(self, dynamic_frame_or_dfc: DynamicFrame | DynamicFrameCollection[DynamicFrame], info: str = "") -> Any:
        """Write a frame, or each frame of a collection into a folder (a table) of its name."""
        if not isinstance(dynamic_frame_or_dfc, DynamicFrameCollection):
            return self.writeFrame(dynamic_frame_or_dfc, info)
        for name in dynamic_frame_or_dfc:
            self._named(name).writeFrame(dynamic_frame_or_dfc[name], info)
        return dynamic_frame_or_dfc

    def _named(self, name: str) -> "DataSink":
        place = {"dbtable": name} if self._type in jdbc.KINDS else {"path": f"{self._path().rstrip('/')}/{name}"}
        sink = DataSink(self._context, self._type, {**self._options, **place})
        sink._format, sink._format_options, sink._lines = self._format, self._format_options, self._lines
        return sink

    def _path(self) -> str:
        path = self._options.get("path")
        if not path:
            raise ValueError('The connection options name no place: give {"path": "s3://bucket/folder/"}.')
        return str(path)

    def _write_files(self, data: Data) -> None:
        name = write_format(self._format or (self._type if self._type in PASSED else None))
        options, of_format = parted(S3_WRITE, name, WRITE, self._options)
        keys = names_of(options.get("partitionKeys"))
        format_options = {**of_format, **self._format_options}
        known = {*S3_WRITE.honored, *S3_WRITE.hints}
        passed = {key: value for key, value in options.items() if key not in known and value is not None}
        target = writing.Target(self._path(), name, format_options, keys, options, passed, self._lines)
        updating = truth(self._options.get("enableUpdateCatalog", False))
        if updating and self._table is None:
            raise ValueError("enableUpdateCatalog needs a table: call setCatalogInfo with its database and name.")
        written = writing.write(data, target)
        if not updating or self._table is None:
            return
        database, table, catalog_id = self._table
        change = str(self._options.get("updateBehavior", "UPDATE_IN_DATABASE")).upper() == "UPDATE_IN_DATABASE"
        update = Update(database, table, name, target.path, format_options, keys, change, catalog_id)
        session = self._context.spark_session
        update_catalog(session, self._context.glue_client(), written.dataframe, written.schema, update)
