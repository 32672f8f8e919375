"""Files found and opened with Spark: which of them are meant, and what their folders' names say."""

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, DataFrameReader, SparkSession
from pyspark.sql import functions as F

PARTITION_TYPES = "spark.sql.sources.partitionColumnTypeInference.enabled"
CODECS = {"gzip": ".gz", "bzip2": ".bz2", "bzip": ".bz2"}
"""Values of `compressionType`, and the extensions by which Spark knows them itself."""


@dataclass(frozen=True)
class Files:
    """What is to be read: where, of which format, with which options, and which partitions of it."""

    paths: Sequence[str]
    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    recurse: bool = False
    exclusions: Sequence[str] = ()
    predicate: str = ""
    passed: Mapping[str, Any] = field(default_factory=dict)
    """Options of Spark's reader."""
    base: str = ""
    """The folder below which the names of folders are partition columns; the path when there is but one."""
    elsewhere: Sequence[tuple[str, Mapping[str, str]]] = ()
    """Partitions in folders that are not named by their values: a path, and the partition columns."""
    header: int = 0
    """Lines to leave out at the begin of each file of text."""
    footer: int = 0
    encoding: str = "UTF-8"
    compression: str = ""
    """How the files are compressed, whatever their names: `gzip` or `bzip2`."""
    fail_fast: bool = False
    """Whether a record that cannot be read is the end, and no error record."""
    one_case: bool = False
    """Whether names of JSON that differ in case alone are one, in lower case, as the columns of a table are."""


def compression_of(given: Any) -> str:
    """The value of `compressionType`. Raises ValueError for one that is none."""
    name = str(given or "").lower()
    if name in ("", "none", "uncompressed"):
        return ""
    if name not in CODECS:
        raise ValueError(f"{given} is not a compressionType that is read: use gzip or bzip2.")
    return "bzip2" if name == "bzip" else name


ATTACHED = {"attachFilename": "_metadata.file_path", "attachTimestamp": "_metadata.file_modification_time"}
"""Options that name a column for what Spark knows of a record's file."""


def loaded(session: SparkSession, files: Files, load: Callable[[DataFrameReader, list[str]], DataFrame]) -> DataFrame:
    """What is read of the files that are meant, with their partition columns and the file's name where it is asked for."""
    frames = []
    if files.paths:
        frames.append(_attached(load(*_opened(session, files)), files))
    for path, values in files.elsewhere:
        found = _attached(load(*_opened(session, replace(files, paths=[path], base=""))), files)
        frames.append(found.select("*", *[F.lit(value).alias(name) for name, value in values.items()]))
    dataframe = reduce(DataFrame.unionByName, frames)
    return dataframe.where(files.predicate) if files.predicate else dataframe


def _attached(dataframe: DataFrame, files: Files) -> DataFrame:
    wanted = [
        F.col(known).alias(str(files.options[name])) for name, known in ATTACHED.items() if files.options.get(name)
    ]
    return dataframe.select("*", *wanted) if wanted else dataframe


@contextmanager
def partitions_as_text(session: SparkSession) -> Iterator[None]:
    """Partition columns are text, as Glue has them: `month=01` is "01"."""
    before = session.conf.get(PARTITION_TYPES)
    session.conf.set(PARTITION_TYPES, "false")
    try:
        yield
    finally:
        session.conf.set(PARTITION_TYPES, before or "true")


def _opened(session: SparkSession, files: Files) -> tuple[DataFrameReader, list[str]]:
    """A reader that sees the files that are meant, and the paths to give it."""
    paths = list(files.paths)
    reader = session.read.options(**files.passed)
    reader = reader.option("basePath", files.base) if files.base else reader
    if files.exclusions:
        chosen = [found for path in paths for found in _listed(session, path, files) if not _excluded(found, files)]
        if not chosen:
            raise ValueError(f"No files are left under {', '.join(paths)}: all are excluded.")
        return (reader.option("basePath", paths[0]) if len(paths) == 1 and not files.base else reader), chosen
    if files.recurse and any(_has_plain_folders(session, path) for path in paths):
        reader = reader.option("recursiveFileLookup", "true")
    return reader, paths


def placed(session: SparkSession, path: str) -> tuple[Any, Any]:
    """The Hadoop file system that a path is of, and the path as that has it."""
    jvm: Any = session._jvm
    folder = jvm.org.apache.hadoop.fs.Path(path)
    return folder.getFileSystem(session._jsparkSession.sessionState().newHadoopConf()), folder


def exists(session: SparkSession, path: str) -> bool:
    """Whether there is a file or a folder at the path."""
    system, folder = placed(session, path)
    return bool(system.exists(folder))


def told_by_their_names(dataframe: DataFrame, compression: str) -> bool:
    """Whether Spark knows by the names of all of a DataFrame's files how they are compressed."""
    return all(name.endswith(CODECS[compression]) for name in dataframe.inputFiles())


def _listed(session: SparkSession, path: str, files: Files) -> list[str]:
    system, folder = placed(session, path)
    found = system.listFiles(folder, files.recurse)
    names = []
    while found.hasNext():
        status = found.next()
        if not status.getPath().getName().startswith(("_", ".")):
            names.append(str(status.getPath().toString()))
    return names


def _excluded(path: str, files: Files) -> bool:
    return any(
        fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, f"*/{pattern.lstrip('/')}")
        for pattern in files.exclusions
    )


def _has_plain_folders(session: SparkSession, path: str) -> bool:
    """Whether there are folders below that are no partitions: Spark reads into those only when told."""
    if any(mark in path for mark in "*?{["):
        return False
    if not exists(session, path):
        return False
    system, folder = placed(session, path)
    statuses = [status for status in system.listStatus(folder) if status.isDirectory()]
    names = [status.getPath().getName() for status in statuses]
    return any("=" not in name and not name.startswith(("_", ".")) for name in names)
