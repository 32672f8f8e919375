"""What frames, sources and sinks ask of the context that they belong to, so that they need not know it."""

from collections.abc import Mapping
from typing import Any, Protocol

from pyspark.sql import SparkSession

from awsglue import gluetypes as glue


class Host(Protocol):
    """A GlueContext, as seen from below."""

    @property
    def spark_session(self) -> SparkSession:
        """Spark."""
        ...

    def glue_client(self) -> Any:
        """A client of AWS Glue."""
        ...

    def catalog_schema(self, database: str, table_name: str, catalog_id: str | None = None) -> glue.StructType:
        """The types of a table's columns."""
        ...

    def connection_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """JDBC options with those of the connection that they name."""
        ...

    def empty_frame(self, name: str) -> Any:
        """A DynamicFrame without records and fields."""
        ...

    def write_from_options(
        self,
        frame_or_dfc: Any,
        connection_type: str,
        connection_options: Mapping[str, Any] | None = None,
        format: str | None = None,
        format_options: Mapping[str, Any] | None = None,
    ) -> Any:
        """Write a frame."""
        ...
