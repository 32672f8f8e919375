"""Files deleted from S3, or from wherever Spark finds the path, and the partitions of tables that were in them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import SparkSession

from awsglue.catalog import CatalogTable, full_name
from awsglue.files import placed
from awsglue.formats import Options
from awsglue.options import names_of
from awsglue.partitions import Partition, chosen, remove

DEFAULT_RETENTION = 168.0
"""Hours that files are kept for when nothing else is said ("GlueContext class", purge_s3_path)."""


PURGE_PATH = Options("purge_s3_path", honored=("retentionPeriod", "excludeStorageClasses", "manifestFilePath"))
PURGE_TABLE = Options("purge_table", honored=(*PURGE_PATH.honored, "partitionPredicate"))


def purge_path(session: SparkSession, path: str, options: Mapping[str, Any]) -> None:
    """Delete the files below a path that are older than `retentionPeriod` hours.

    With `manifestFilePath` their names are written there as Success.csv. There is one storage class, STANDARD: with it
    among `excludeStorageClasses` all files stay.
    """
    PURGE_PATH.check(options)
    _manifest(session, options, _purged(session, path, options)[0])


def purge_table(
    session: SparkSession, client: Any, table: CatalogTable, partitions: Sequence[Partition], options: Mapping[str, Any]
) -> None:
    """The same for a table; of its partitions those that `partitionPredicate` chooses, and all without one.

    A partition that has no files left is taken out of the catalog. Raises ValueError for a predicate that is none.
    """
    PURGE_TABLE.check(options)
    predicate = str(options.get("partitionPredicate", ""))
    if not table.partition_keys and not predicate:
        places = [Partition((), table.location)]
    else:
        places = chosen(session, table, partitions, predicate)
    deleted, empty = [], []
    for partition in places:
        files, left = _purged(session, partition.location, options)
        deleted += files
        empty += [partition] if partition.values and not left else []
    _manifest(session, options, deleted)
    remove(client, table, empty)
    if table.in_spark:
        # Spark remembers the files that it has read of a table.
        session.catalog.refreshTable(full_name(table.database, table.name))


def _purged(session: SparkSession, path: str, options: Mapping[str, Any]) -> tuple[list[str], int]:
    """The files that were deleted, and the number of those that are left."""
    system, folder = placed(session, path)
    if not system.exists(folder):
        return [], 0
    kept = "STANDARD" in names_of(options.get("excludeStorageClasses"))
    newest = (time.time() - 3600 * float(options.get("retentionPeriod", DEFAULT_RETENTION))) * 1000
    deleted, left = [], 0
    found = system.listFiles(folder, True)
    while found.hasNext():
        status = found.next()
        if not kept and status.getModificationTime() <= newest and system.delete(status.getPath(), False):
            deleted.append(str(status.getPath().toString()))
        else:
            left += 1
    return deleted, left


def _manifest(session: SparkSession, options: Mapping[str, Any], names: list[str]) -> None:
    if not options.get("manifestFilePath"):
        return
    system, place = placed(session, f"{str(options['manifestFilePath']).rstrip('/')}/Success.csv")
    stream = system.create(place, True)
    stream.write(bytearray("".join(f"{name}\n" for name in names).encode()))
    stream.close()
