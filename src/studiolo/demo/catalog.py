"""Chapter 4: the Data Catalog. A database, and in it the raw files as a table that every engine finds by its name."""

from contextlib import suppress
from typing import Any

import sagemaker

RAW = "raw"
COLUMNS = [
    *("no", "year", "month", "day", "hour"),
    *("pm2_5", "pm10", "so2", "no2", "co", "o3"),
    *("temp", "pres", "dewp", "rain", "wd", "wspm", "station"),
]  # the files' own, as Hive can name them


def ensure_database(sdk: sagemaker.Session, name: str, prepared: str) -> None:
    """Make the database, or bring it up to date. Tables that Spark makes in it get their files under `prepared`."""
    glue = sdk.boto_session.client("glue")
    database = {"Name": name, "Description": "Nitrogen dioxide and the weather in Beijing", "LocationUri": prepared}
    try:
        glue.create_database(DatabaseInput=database)
    except glue.exceptions.AlreadyExistsException:
        glue.update_database(Name=name, DatabaseInput=database)


def register(sdk: sagemaker.Session, database: str, raw: str) -> str:
    """Make the table of raw readings anew; answers its name."""
    glue = sdk.boto_session.client("glue")
    with suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_table(DatabaseName=database, Name=RAW)
    glue.create_table(DatabaseName=database, TableInput=_readings(raw))
    return f"{database}.{RAW}"


def _readings(raw: str) -> dict[str, Any]:
    """The table of the raw CSV files. They quote their texts, which OpenCSVSerde reads; to it all columns are texts."""
    return {
        "Name": RAW,
        "Description": "Hourly readings, one file a station",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "csv", "skip.header.line.count": "1"},
        "StorageDescriptor": {
            "Columns": [{"Name": name, "Type": "string"} for name in COLUMNS],
            "Location": raw,
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
                "Parameters": {"separatorChar": ",", "quoteChar": '"'},
            },
        },
    }
