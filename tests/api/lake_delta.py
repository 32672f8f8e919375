"""What Spark sees of the lake's tables of Delta."""

import uuid

import pytest

from tests.api.clusters import (
    run,
    step,
)
from tests.api.lake_clusters import logs_of
from tests.api.lake_house import DeltaLog
from tests.api.lake_world import BY_SPARK, SUBMITTED, Answer, World, said
from tests.api.spark_code import Spark, conf

AS_DELTA = (
    "create table delta.`{place}` (id bigint, name string, ssn string, city string) using delta "
    "partitioned by (city) tblproperties ('delta.checkpointInterval' = '2')",
    "insert into delta.`{place}` select id, 'name ' || id, 'secret-' || id, if(id % 3 = 0, 'paris', 'rome') "
    "from range(0, 13, 1, 2)",
    "delete from delta.`{place}` where id = 4",
    "delete from delta.`{place}` where id = 9",
)
"""Thirteen people, two of whom are no more; the log has checkpoints."""

DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}

LATER = (
    "delete from delta.`{place}` where id = 12",
    "insert into delta.`{place}` values (9, 'name 9', 'secret-9', 'paris')",
)


def delta_session(world: World, request: pytest.FixtureRequest) -> Answer:
    """A table that Spark writes as Delta, with checkpoints and deletes, by its name in a session with Delta."""
    house, glue = world.house, world.server.client("glue")
    table = f"delta_{uuid.uuid4().hex[:6]}"
    place = f"s3://{house.bucket}/wh/{table}"
    settings = {"spark.databricks.delta.snapshotPartitions": "1", "spark.sql.shuffle.partitions": "2", **DELTA}
    asked = {"--datalake-formats": "delta", "--conf": conf(settings)}
    writer = Spark(glue, request.getfixturevalue("role"), asked, 240)
    for statement in AS_DELTA:
        writer.sql(statement.format(place=place))
    house.describe_as_delta(table)
    house.grant(world.who, house.filter(table, "paris", "city = 'paris'", "id", "name"))
    reader = Spark(glue, world.who.arn, asked, 240)
    known = f"database, raw = {house.name!r}, {place!r}\n"
    again = known + BY_SPARK.replace("for table in tables", f"for table in [{table!r}]")
    again = again.replace("spark.read.parquet(raw)", "spark.read.format('delta').load(raw)")
    rows, refusals = said(reader.run(again))
    assert [number for number, _ in rows[table]] == ["0", "12", "3", "6"]
    # What is written, and taken away, is seen by the session that has read the table before.
    for statement in LATER:
        writer.sql(statement.format(place=place))
    rows, more = said(reader.run(again))
    named = [_of_features(world, writer, reader, f"{table}_{name}", told) for name, told in FEATURES.items()]
    writer.stop()
    reader.stop()
    return rows, [*refusals, *more, *named]


FEATURES = {
    "vectors": ("'delta.enableDeletionVectors' = 'true'", "deletion vectors"),
    "mapped": ("'delta.columnMapping.mode' = 'name'", "mapped columns"),
}
"""What Delta tables can have that is not read here: the property, and how it is called."""


def _of_features(world: World, writer: Spark, reader: Spark, table: str, told: tuple[str, str]) -> str:
    """What who sees a part of such a table is told."""
    house, (properties, called) = world.house, told
    place = f"delta.`s3://{house.bucket}/wh/{table}`"
    writer.sql(
        f"create table {place} (id bigint, name string, ssn string, city string) using delta "
        f"tblproperties ({properties})",
        f"insert into {place} select id, 'name', 'secret-' || id, 'paris' from range(0, 8, 1, 1)",
        f"delete from {place} where id = 3",
    )
    house.describe_as_delta(table)
    house.grant(world.who, house.filter(table, "paris", "city = 'paris'", "id", "name"))
    said = reader.run(f"""
try: print("WENT THROUGH", spark.table("{house.name}.{table}").collect())
except Exception as error: print("denied", str(error)[:3000])
""")
    assert called in said
    return said


def role_delta(world: World, request: pytest.FixtureRequest) -> Answer:
    """A table of Delta, by a step with a runtime role on a cluster that has Delta."""
    cluster, emr, house = request.getfixturevalue("shared"), world.server.client("emr"), world.house
    # A name of its own each time: the test may be run again in the same house.
    table = f"people_{uuid.uuid4().hex[:6]}"
    DeltaLog(house, table).commit({"city": "paris"}, {"city": "rome"})
    house.grant(world.who, house.filter(table, "paris", "city = 'paris'", "id", "name"))
    known = {"database": house.name, "tables": [table], "raw": f"s3://{house.bucket}/wh/{table}"}
    code = SUBMITTED + "".join(f"{name} = {value!r}\n" for name, value in known.items()) + BY_SPARK
    program = world.script(code.replace("spark.read.parquet(raw)", "spark.read.format('delta').load(raw)"))
    settings = [word for name, value in DELTA.items() for word in ("--conf", f"{name}={value}")]
    (done,) = run(emr, cluster, step("spark-submit", *settings, program), role=world.who.arn)
    return said(logs_of(world, cluster, done))
