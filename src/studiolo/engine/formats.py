"""What table formats need of Spark's settings beyond what their users set."""

from collections.abc import Mapping
from pathlib import Path

CATALOG = "spark.sql.catalog."
ICEBERG = "org.apache.iceberg.spark."


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
