"""A source of DynamicFrames, as `GlueContext.getSource` gives it."""

from collections.abc import Mapping
from typing import Any

from awsglue import jdbc, reading
from awsglue.dynamicframe import DynamicFrame
from awsglue.errors import NotSupported
from awsglue.files import Files, compression_of
from awsglue.formats import JDBC, PASSED, READ, S3_READ, Options, parted, read_format
from awsglue.host import Host
from awsglue.options import names_of, paths_of, truth

FILES = {"s3", "file", "hdfs", "parquet", "orc"}
FRAME = Options("getFrame", hints=("minPartitions", "targetPartitions"))


class DataSource:
    """A connection type with its options. Raises NotSupported for a type that is not carried out."""

    def __init__(
        self,
        context: Host,
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
        if self._type not in FILES | jdbc.KINDS | PASSED:
            raise NotSupported(unsupported(connection_type))

    def setFormat(self, format: str, **options: Any) -> None:
        """The files' format and its options. Raises ValueError and NotSupported as reading does."""
        self._format, self._format_options = read_format(format), options

    def getFrame(self, **options: Any) -> DynamicFrame:
        """The records. `minPartitions` and `targetPartitions` are of no effect."""
        FRAME.check(options)
        session = self._context.spark_session
        if self._type in jdbc.KINDS:
            JDBC.check(self._options)
            given = self._context.connection_options(self._options)
            return DynamicFrame(jdbc.read(session, given, self._predicate), self._context, self.name)
        return frame_of(self._context, reading.read(session, self._files()), self.name)

    def _files(self) -> Files:
        name = read_format(self._format or (self._type if self._type in PASSED else None))
        options, of_format = parted(S3_READ, name, READ, self._options)
        format_options = {**of_format, **self._format_options}
        check_classes(options)
        return Files(
            paths=paths_of(options),
            format=name,
            options=format_options,
            recurse=truth(options.get("recurse", False)),
            exclusions=names_of(options.get("exclusions")),
            predicate=self._predicate,
            # Sources of other packages know their own options.
            passed={} if name in READ else {key: value for key, value in options.items() if key not in S3_READ.honored},
            compression=compression_of(options.get("compressionType")) if name in ("csv", "json") else "",
            fail_fast=truth(options.get("isFailFast", False)),
        )


def check_classes(options: Mapping[str, Any]) -> None:
    """Raises ValueError where the one storage class that there is, STANDARD, is excluded."""
    if "STANDARD" in names_of(options.get("excludeStorageClasses")):
        raise ValueError("No files are left: STANDARD, which excludeStorageClasses names, is the only class here.")


def frame_of(context: Host, found: reading.Read, name: str = "") -> DynamicFrame:
    """What was read as a frame, with the error records."""
    return DynamicFrame.of(found.data, context, name).with_errors([], found.failed, (0, 0))


def unsupported(connection_type: str) -> str:
    """Why a connection type is refused."""
    return (
        f"The connection type {connection_type} is not supported: use s3, or jdbc, mysql, postgresql, oracle or "
        "sqlserver with the database's driver in --extra-jars."
    )
