"""Files deleted from S3, or from wherever Spark finds the path."""

import time
from collections.abc import Mapping
from typing import Any

from pyspark.sql import SparkSession

DEFAULT_RETENTION = 168.0
"""Hours that files are kept for when nothing else is said ("GlueContext class", purge_s3_path)."""


def purge(session: SparkSession, path: str, options: Mapping[str, Any]) -> list[str]:
    """Delete the files below a path that are older than `retentionPeriod` hours; the files that were deleted.

    With `manifestFilePath` their names are written there as Success.csv.
    """
    jvm: Any = session._jvm
    folder = jvm.org.apache.hadoop.fs.Path(path)
    system = folder.getFileSystem(session._jsparkSession.sessionState().newHadoopConf())
    if not system.exists(folder):
        return []
    newest = (time.time() - 3600 * float(options.get("retentionPeriod", DEFAULT_RETENTION))) * 1000
    deleted = []
    found = system.listFiles(folder, True)
    while found.hasNext():
        status = found.next()
        if status.getModificationTime() <= newest and system.delete(status.getPath(), False):
            deleted.append(str(status.getPath().toString()))
    if options.get("manifestFilePath"):
        _manifest(session, f"{str(options['manifestFilePath']).rstrip('/')}/Success.csv", deleted)
    return deleted


def _manifest(session: SparkSession, path: str, names: list[str]) -> None:
    jvm: Any = session._jvm
    place = jvm.org.apache.hadoop.fs.Path(path)
    system = place.getFileSystem(session._jsparkSession.sessionState().newHadoopConf())
    stream = system.create(place, True)
    stream.write(bytearray("".join(f"{name}\n" for name in names).encode()))
    stream.close()
