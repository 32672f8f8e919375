"""Databases by JDBC, with the drivers that the session has."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from awsglue.errors import NotSupported
from awsglue.formats import JDBC
from awsglue.options import truth

KINDS = {"jdbc", "mysql", "postgresql", "oracle", "sqlserver"}
DRIVERS = {
    "mysql": "com.mysql.cj.jdbc.Driver",
    "oracle": "oracle.jdbc.OracleDriver",
    "postgresql": "org.postgresql.Driver",
    "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
}
"""Drivers by the vendor that a URL names. Spark finds one that came with `--extra-jars` only by its class."""
HASHES = {
    "mysql": "crc32({})",
    "oracle": "ora_hash({})",
    "postgresql": "hashtext(cast({} as text))",
    "sqlserver": "checksum({})",
}
"""A number of a column of any type, in the words of each database."""
HASH_PARTITIONS = 7
"""Parallel reads when nothing else is said ("Reading from JDBC tables in parallel")."""
DANGLING = re.compile(r"\s+(?:where|and)\s*$", re.IGNORECASE)


def options_of(options: Mapping[str, Any]) -> dict[str, str]:
    """Spark's JDBC options for a connection's. Raises ValueError when the URL is missing."""
    url = str(options.get("url") or "")
    if not url:
        raise ValueError('The connection options name no database: give "url", "dbtable", "user" and "password".')
    database = options.get("database")
    if database and vendor_of(url) == "sqlserver":
        url = url if "databasename" in url.lower() else f"{url.rstrip(';')};databaseName={database}"
    elif database and not re.search(r"//[^/]+/.", url):
        url = f"{url.rstrip('/')}/{database}"
    given = {"url": url, **{key: str(options[key]) for key in ("user", "password", *JDBC.spark) if key in options}}
    driver = options.get("customJdbcDriverClassName") or DRIVERS.get(vendor_of(url))
    return {**({"driver": str(driver)} if driver else {}), **given}


def vendor_of(url: str) -> str:
    """The database engine that a JDBC URL names, e.g. `postgresql`."""
    return url.split(":")[1] if url.startswith("jdbc:") else ""


def read(session: SparkSession, options: Mapping[str, Any], predicate: str) -> DataFrame:
    """A table or a query, in parallel by `hashfield` or `hashexpression`. Raises ValueError when neither is named."""
    given = options_of(options)
    conditions = _conditions(options, vendor_of(given["url"]))
    query = str(options.get("query") or options.get("sampleQuery") or "")
    if query and conditions and truth(options.get("enablePartitioningForSampleQuery", False)):
        joint = query if DANGLING.search(query) else f"{query} where"
        parts = [_loaded(session, {**given, "query": f"{joint} {condition}"}) for condition in conditions]
        dataframe = reduce(DataFrame.unionAll, parts)
        if "sampleSize" in options:
            dataframe = dataframe.limit(int(options["sampleSize"]))
    elif query:
        dataframe = _loaded(session, {**given, "query": query})
    elif not options.get("dbtable"):
        raise ValueError('The connection options name no table: give "dbtable" or "query".')
    else:
        dataframe = _loaded(session, {**given, "dbtable": str(options["dbtable"])}, conditions)
    return dataframe.where(predicate) if predicate else dataframe


def _conditions(options: Mapping[str, Any], vendor: str) -> list[str]:
    """SQL conditions that part a table's records, one a parallel read; none unless they are asked for."""
    field, expression = options.get("hashfield"), options.get("hashexpression")
    if not (field or expression):
        return []
    if not expression:
        if vendor not in HASHES:
            raise NotSupported(f"hashfield is not supported for {vendor or 'this database'}: give hashexpression.")
        expression = HASHES[vendor].format(field)
    number = int(options.get("hashpartitions", HASH_PARTITIONS))
    rest = f"abs(mod({expression}, {number}))" if vendor == "oracle" else f"abs(({expression}) % {number})"
    # What has no number is read too.
    return [f"({rest} = 0 or ({expression}) is null)", *[f"{rest} = {part}" for part in range(1, number)]]


def _loaded(session: SparkSession, given: Mapping[str, str], conditions: list[str] | None = None) -> DataFrame:
    """What Spark reads with these options. Raises NotSupported without the driver, and the database's errors."""
    with _driver_named(given):
        if conditions:
            others = {key: value for key, value in given.items() if key not in ("url", "dbtable")}
            return session.read.jdbc(given["url"], given["dbtable"], predicates=conditions, properties=others)
        return session.read.format("jdbc").options(**given).load()


@contextmanager
def _driver_named(given: Mapping[str, str]) -> Iterator[None]:
    """Raises NotSupported in place of Spark's error that there is no driver."""
    try:
        yield
    except Exception as error:
        if "ClassNotFoundException" not in str(error):
            raise
        driver = given.get("driver")
        raise NotSupported(f"The session has no driver {driver}: give its jar by --extra-jars.") from error


def write(dataframe: DataFrame, options: Mapping[str, Any]) -> None:
    """Add the records to a table, which is made when it is not there. Raises ValueError when none is named."""
    if not options.get("dbtable"):
        raise ValueError('The connection options name no table: give "dbtable".')
    given = {**options_of(options), "dbtable": str(options["dbtable"])}
    with _driver_named(given):
        dataframe.write.format("jdbc").options(**given).mode("append").save()


def connection_conf(connection: Mapping[str, Any]) -> dict[str, str]:
    """A Data Catalog connection as `extract_jdbc_conf` gives it.

    Raises ValueError for one that names no database, NotSupported for one whose password is elsewhere.
    """
    known = connection.get("ConnectionProperties", {})
    kind = str(connection.get("ConnectionType", "")).lower()
    full = known.get("JDBC_CONNECTION_URL", "")
    if not full and kind in DRIVERS and "HOST" in known:
        port = f":{known['PORT']}" if "PORT" in known else ""
        full = f"jdbc:{kind}://{known['HOST']}{port}/{known.get('DATABASE', '')}"
    if not full:
        raise ValueError(
            f"The connection {connection.get('Name')} is none to a database: it has no JDBC_CONNECTION_URL."
        )
    if "SECRET_ID" in known and "PASSWORD" not in known:
        raise NotSupported(
            f"The connection {connection.get('Name')} keeps its password in Secrets Manager, which is not supported: "
            "give it USERNAME and PASSWORD."
        )
    server = re.match(r"^(jdbc:[^/]*//[^/;]+)", full)
    return {
        "user": known.get("USERNAME", ""),
        "password": known.get("PASSWORD", ""),
        "vendor": vendor_of(full),
        "url": server.group(1) if server else full,
        "fullUrl": full,
        "enforceSSL": known.get("JDBC_ENFORCE_SSL", "false"),
        "customJDBCCert": known.get("CUSTOM_JDBC_CERT", ""),
        "skipCustomJDBCCertValidation": known.get("SKIP_CUSTOM_JDBC_CERT_VALIDATION", "false"),
        "customJDBCCertString": known.get("CUSTOM_JDBC_CERT_STRING", ""),
    }


def table_options(location: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """The connection options of a catalog's table that is a database's, as crawlers make them.

    Its location is `database.schema.table` or `database.table`.
    """
    database, _, table = location.rpartition("/")[2].partition(".")
    named = {"database": database, "dbtable": table} if table else {"dbtable": database}
    hashes = ("hashfield", "hashexpression", "hashpartitions")
    return {**named, **{key: parameters[key] for key in ("connectionName", *hashes) if key in parameters}}
