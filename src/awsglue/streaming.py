"""Streams of Spark, batch by batch."""

from collections.abc import Callable, Mapping
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame

from awsglue.formats import Options

OPTIONS = Options("forEachBatch", honored=("windowSize", "checkpointLocation", "batchMaxRetries"))
RETRIES = 3
"""How often a stream whose batch failed begins again, when nothing else is said ("GlueContext class", forEachBatch)."""


def for_each_batch(frame: DataFrame, function: Callable[[DataFrame, int], Any], options: Mapping[str, Any]) -> None:
    """Call the function with each batch that has records, and its number, until the stream ends.

    Raises ValueError without `windowSize` and `checkpointLocation`, and the function's error when `batchMaxRetries`
    new beginnings from the checkpoint have not helped.
    """
    OPTIONS.check(options)
    for name in ("windowSize", "checkpointLocation"):
        if name not in options:
            raise ValueError(f"forEachBatch needs the option {name}.")

    def batch(records: DataFrame, number: int) -> None:
        records.persist()
        try:
            if not records.isEmpty():
                function(records, number)
        finally:
            records.unpersist()

    writer = frame.writeStream.foreachBatch(batch).trigger(processingTime=str(options["windowSize"]))
    writer = writer.option("checkpointLocation", str(options["checkpointLocation"]))
    for left in range(int(options.get("batchMaxRetries", RETRIES)), -1, -1):
        try:
            writer.start().awaitTermination()
            break
        except StreamingQueryException:
            if not left:
                raise
