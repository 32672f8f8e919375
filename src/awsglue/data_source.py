"""A source of DynamicFrames, as `GlueContext.getSource` gives it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from awsglue import jdbc, reading
from awsglue.errors import NotSupported
from awsglue.options import names_of, paths_of, truth

if TYPE_CHECKING:
    from awsglue.context import GlueContext
    from awsglue.dynamicframe import DynamicFrame

FILES = {"s3", "file", "hdfs", "parquet", "orc"}


class DataSource:
    """A connection type with its options. Raises NotSupported for a type that is not carried out."""

    def __init__(
        self,
        context: "GlueContext",
        connection_type: str,
        options: Mapping[str, Any],
        predicate: str = "",
        name: str = "",
    ) -> None:
        self._context = context
        self._type = connection_type.lower()
        self._options = dict(options)
        self._format: str | None = self._type if self._type in ("parquet", "orc") else None
        self._format_options: dict[str, Any] = {}
        self._predicate = predicate
        self.name = name
        if self._type not in FILES | jdbc.KINDS | reading.PASSED:
            raise NotSupported(unsupported(connection_type))

    def setFormat(self, format: str, **options: Any) -> None:
        """The files' format and its options. Raises ValueError and NotSupported as reading does."""
        self._format, self._format_options = reading.check_format(format), options

    def getFrame(self, **options: Any) -> "DynamicFrame":
        """The records. `minPartitions` and `targetPartitions` are of no effect."""
        from awsglue.dynamicframe import DynamicFrame

        if self._type in jdbc.KINDS:
            options = self._context.connection_options(self._options)
            dataframe = jdbc.read(self._context.spark_session, options, self._predicate)
            return DynamicFrame(dataframe, self._context, self.name)
        options = self._options
        files = reading.Files(
            paths=paths_of(options),
            format=reading.check_format(self._format or (self._type if self._type in reading.PASSED else None)),
            options=self._format_options,
            recurse=truth(options.get("recurse", False)),
            exclusions=names_of(options.get("exclusions")),
            predicate=self._predicate,
            passed={key: value for key, value in options.items() if key not in OWN},
        )
        frame = reading.read(self._context, files)
        frame.name = self.name
        return frame


OWN = {"path", "paths", "recurse", "exclusions", "groupFiles", "groupSize", "boundedFiles", "boundedSize", "maxBand",
       "maxFilesInBand", "useS3ListImplementation", "compressionType", "isFailFast", "jobBookmarkKeys",
       "jobBookmarkKeysSortOrder"}  # fmt: skip
"""Options of S3 connections that are not for Spark's reader."""


def unsupported(connection_type: str) -> str:
    """Why a connection type is refused."""
    return (
        f"The connection type {connection_type} is not supported: use s3, or jdbc, mysql, postgresql, oracle or "
        "sqlserver with the database's driver in --extra-jars."
    )
