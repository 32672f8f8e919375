"""Databases by JDBC, with the drivers that the session has."""

import re
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

KINDS = {"jdbc", "mysql", "postgresql", "oracle", "sqlserver"}
PASSED = ("partitionColumn", "lowerBound", "upperBound", "numPartitions", "fetchsize", "batchsize", "driver")


def options_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Spark's JDBC options for a connection's. Raises ValueError when the URL is missing."""
    url = options.get("url")
    if not url:
        raise ValueError('The connection options name no database: give "url", "dbtable", "user" and "password".')
    database = options.get("database")
    if database and not re.search(r"//[^/]+/.", str(url)) and "sqlserver" not in str(url):
        url = f"{str(url).rstrip('/')}/{database}"
    given = {"url": str(url), **{key: str(options[key]) for key in ("user", "password", *PASSED) if key in options}}
    if "customJdbcDriverClassName" in options:
        given["driver"] = str(options["customJdbcDriverClassName"])
    return given


def read(session: SparkSession, options: Mapping[str, Any], predicate: str) -> DataFrame:
    """A table or a query. Raises ValueError when the options name neither."""
    given = options_of(options)
    query = options.get("query") or options.get("sampleQuery")
    if query:
        given["query"] = str(query)
    elif options.get("dbtable"):
        given["dbtable"] = str(options["dbtable"])
    else:
        raise ValueError('The connection options name no table: give "dbtable" or "query".')
    dataframe = session.read.format("jdbc").options(**given).load()
    return dataframe.where(predicate) if predicate else dataframe


def write(dataframe: DataFrame, options: Mapping[str, Any]) -> None:
    """Add the records to a table, which is made when it is not there. Raises ValueError when none is named."""
    if not options.get("dbtable"):
        raise ValueError('The connection options name no table: give "dbtable".')
    given = {**options_of(options), "dbtable": str(options["dbtable"])}
    dataframe.write.format("jdbc").options(**given).mode("append").save()


def connection_conf(connection: Mapping[str, Any]) -> dict[str, str]:
    """A Data Catalog connection as `user`, `password`, `vendor`, `url` and `fullUrl`."""
    known = connection.get("ConnectionProperties", {})
    full = known.get("JDBC_CONNECTION_URL", "")
    server = re.match(r"^(jdbc:[^/]*//[^/;]+)", full)
    return {
        "user": known.get("USERNAME", ""),
        "password": known.get("PASSWORD", ""),
        "vendor": full.split(":")[1] if full.startswith("jdbc:") else "",
        "url": server.group(1) if server else full,
        "fullUrl": full,
        "enforceSSL": known.get("JDBC_ENFORCE_SSL", "false"),
    }
