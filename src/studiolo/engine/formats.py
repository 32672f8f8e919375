"""What table formats need of Spark's settings beyond what their users set."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from studiolo.domain import Invalid
from studiolo.runtimes import Runtime

CATALOG = "spark.sql.catalog."
ICEBERG = "org.apache.iceberg.spark."
JARS, PYTHON_FILES = "spark.jars", "spark.submit.pyFiles"

AT_EMR = re.compile(
    r"((file|local)://|hdfs://[^/,]*)?/(usr/share/aws/(?P<aws>delta|iceberg)|usr/lib/(?P<usr>hudi)|apps/(?P<apps>hudi))/"
    r"(lib/)?[^/,]+\.jar"
)
"""Where jars of table formats are on EMR, and where its guide has those of Hudi copied to."""


def format_at_emr(jar: str) -> str | None:
    """The table format whose jar is at that place on EMR."""
    found = AT_EMR.fullmatch(jar)
    return None if found is None else found["aws"] or found["usr"] or found["apps"]


def with_formats(
    runtime: Runtime, formats: Sequence[str], conf: Mapping[str, str]
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The table formats, with those whose jars the settings have from their places on EMR, and the settings without these.

    Raises Invalid for a format that the runtime does not have.
    """
    kept, named = dict(conf), set[str]()
    for name in (JARS, PYTHON_FILES):
        files = [file.strip() for file in conf.get(name, "").split(",") if file.strip()]
        rest = [file for file in files if format_at_emr(file) is None]
        named |= {found for file in files if (found := format_at_emr(file)) is not None}
        if rest != files:
            kept |= {name: ",".join(rest)}
    together = tuple(sorted({*formats, *named}))
    if unknown := sorted(set(together) - set(runtime.formats)):
        raise Invalid(f"{', '.join(unknown)} is not available here with Spark {runtime.pyspark}.")
    return together, {name: value for name, value in kept.items() if value or name not in (JARS, PYTHON_FILES)}


def with_python(jars: Iterable[Path]) -> list[str]:
    """Of the jars those in which a table format's Python module is, too: Delta's, which Python imports from there."""
    return [str(jar) for jar in jars if jar.name.startswith("delta-spark")]


def iceberg_defaults(conf: Mapping[str, str]) -> dict[str, str]:
    """For each Iceberg catalog of the settings, that its S3 takes the bucket from the path.

    Bucket names as host names would need a domain of their own, which a server on one's own machine does not have.
    """
    return {
        f"{key}.s3.path-style-access": "true"
        for key, value in conf.items()
        if key.startswith(CATALOG) and value.startswith(ICEBERG) and "." not in key.removeprefix(CATALOG)
    }


def write_hudi_defaults(folder: Path) -> dict[str, str]:
    """Write Hudi's own file of defaults into the folder; the variable by which Hudi finds it.

    Without a mode Hudi syncs to the catalog through Hive's SQL, for which Spark lacks jars, as scripts for Glue may.
    """
    (folder / "hudi-defaults.conf").write_text("hoodie.datasource.hive_sync.mode=hms\n")
    return {"HUDI_CONF_DIR": str(folder)}
