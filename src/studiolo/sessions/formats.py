"""What table formats need of Spark's settings beyond what their users set."""

from collections.abc import Mapping

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
