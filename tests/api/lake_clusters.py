"""What the engines of EMR's clusters see of the lake: with the instance profile's role, and with runtime roles."""

from typing import Any

import pytest
import trino

from tests.api.clusters import (
    livy,
    livy_printed,
    run,
    step,
    text,
)
from tests.api.lake_world import BY_ITS_KEY, FORMATS, LOGS, SUBMITTED, Answer, World, said, tried


def host_of(world: World, cluster: str) -> str:
    return str(world.server.client("emr").describe_cluster(ClusterId=cluster)["Cluster"]["MasterPublicDnsName"])


def logs_of(world: World, cluster: str, done: dict[str, Any]) -> str:
    """What a step has printed that has succeeded."""
    place = f"logs/{cluster}/steps/{done['Id']}"
    printed, errors = (text(world.server.client("s3"), world.bucket, f"{place}/{name}.gz") for name in LOGS)
    assert done["Status"]["State"] == "COMPLETED", errors[-3000:]
    return printed


def cluster_step(world: World, request: pytest.FixtureRequest) -> Answer:
    """spark-submit as a step, with the role of the instance profile."""
    cluster, emr = request.getfixturevalue("cluster"), world.server.client("emr")
    (done,) = run(emr, cluster, step("spark-submit", world.script(world.by_spark(SUBMITTED, BY_ITS_KEY))))
    printed = text(world.server.client("s3"), world.bucket, f"logs/{cluster}/steps/{done['Id']}/stdout.gz")
    assert done["Status"]["State"] == "COMPLETED", done["Status"]
    return said(printed)


def cluster_livy(world: World, request: pytest.FixtureRequest) -> Answer:
    host = host_of(world, request.getfixturevalue("cluster"))
    return said(livy_printed(livy(host), world.by_spark("", BY_ITS_KEY)))


def role_step(world: World, request: pytest.FixtureRequest) -> Answer:
    """spark-submit as a step with a runtime role."""
    cluster, emr = request.getfixturevalue("shared"), world.server.client("emr")
    program = step("spark-submit", world.script(world.by_spark(SUBMITTED, BY_ITS_KEY)))
    (done,) = run(emr, cluster, program, role=world.who.arn)
    return said(logs_of(world, cluster, done))


def role_hive(world: World, request: pytest.FixtureRequest) -> Answer:
    """Hive's command line as a step with a runtime role; Hive's server, which has the instance profile's, is closed."""
    cluster, emr, name = request.getfixturevalue("shared"), world.server.client("emr"), world.house.name
    every = " union all ".join(f"select '{table}', * from {name}.{table}" for table in FORMATS)
    address = f"jdbc:hive2://{host_of(world, cluster)}:10000"
    done, *failed = run(
        emr,
        cluster,
        step("hive", "-S", "-e", every),
        step("hive", "-e", f"select ssn from {name}.parquet"),
        step("beeline", "-u", address, "-e", "select 1"),
        role=world.who.arn,
    )
    rows: dict[str, list[list[str]]] = {table: [] for table in FORMATS}
    for line in logs_of(world, cluster, done).splitlines():
        table, *values = line.split("\t")
        rows[table].append(values)
    place, s3 = f"logs/{cluster}/steps", world.server.client("s3")
    told = [text(s3, world.bucket, f"{place}/{each['Id']}/stderr.gz") for each in failed]
    assert "This cluster has runtime roles" in told[1]
    return {table: sorted(found) for table, found in rows.items()}, [told[0], "denied" if told[1] else ""]


def role_livy(world: World, request: pytest.FixtureRequest) -> Answer:
    """A Livy session by credentials of a runtime role."""
    cluster, emr = request.getfixturevalue("shared"), world.server.client("emr")
    asked = {"ClusterId": cluster, "ExecutionRoleArn": world.who.arn}
    credentials = emr.get_cluster_session_credentials(**asked)["Credentials"]["UsernamePassword"]
    return said(livy_printed(livy(host_of(world, cluster), credentials), world.by_spark("", BY_ITS_KEY)))


def cluster_trino(world: World, request: pytest.FixtureRequest) -> Answer:
    """Trino reads each format in its own way."""
    host, name = host_of(world, request.getfixturevalue("cluster")), world.house.name

    def asked(statement: str) -> list[list[str]]:
        with trino.dbapi.connect(host=host, port=8889, user="ana", catalog="hive") as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return sorted([str(value) for value in row] for row in cursor.fetchall())

    rows = {table: asked(f"select * from {name}.{table}") for table in FORMATS}
    folder, columns = world.raw.rpartition("/")[0], "id bigint, ssn varchar"
    over = f"create table {name}.over ({columns}) with (external_location = '{folder}', format = 'PARQUET')"
    hidden = (
        "select ssn from {}",
        'select "$path" from {} where ssn is not null',
        "show stats for (select ssn from {})",
    )
    statements = [over, *(each.format(f"{name}.parquet") for each in hidden)]
    return rows, [tried(lambda each=each: asked(each)) for each in statements]


def cluster_thrift(world: World, request: pytest.FixtureRequest) -> Answer:
    """HiveServer2's protocol, by beeline on a node."""
    cluster, emr = request.getfixturevalue("cluster"), world.server.client("emr")
    address, name = f"jdbc:hive2://{host_of(world, cluster)}:10000", world.house.name
    asked = ["beeline", "--silent=true", "--outputformat=csv2", "--showHeader=false", "-u", address]

    def said_to(statement: str) -> tuple[str, str]:
        (done,) = run(emr, cluster, step(*asked, "-e", statement))
        logs = [
            text(world.server.client("s3"), world.bucket, f"logs/{cluster}/steps/{done['Id']}/{each}.gz")
            for each in ("stdout", "stderr")
        ]
        return logs[0], logs[1]

    every = " union all ".join(f"select '{table}', * from {name}.{table}" for table in FORMATS)
    rows: dict[str, list[list[str]]] = {table: [] for table in FORMATS}
    for line in said_to(every)[0].splitlines():
        # The first begins with beeline's prompt.
        table, *values = line.rpartition("> ")[2].split(",")
        if values:
            rows[table].append(values)
    raw = world.raw.rpartition("/")[0]
    refused = [said_to(each) for each in (f"select ssn from {name}.parquet", f"select * from parquet.`{raw}`")]
    return {table: sorted(found) for table, found in rows.items()}, ["".join(each) for each in refused]
