"""What a role may do by Hive's door: in the catalog what it may in Glue, with files what it may in S3."""

import json
import os
import subprocess
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hive_metastore import ttypes as hive

from studiolo.identity import metastore_token
from tests.conftest import STUDIOLO, Server
from tests.hive import connected, metastore, person

Token = Callable[..., str]
GLUE = {"Effect": "Allow", "Action": "glue:*", "Resource": "*"}


def s3(effect: str, action: Any, resource: str = "*") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": f"arn:aws:s3:::{resource}"}


@pytest.fixture(scope="module")
def home(server: Server) -> str:
    return metastore(server)


@pytest.fixture
def token(server: Server) -> Token:
    """Assumes a new role with these statements: what it says to the metastore, as `studiolo metastore-token` prints it."""

    def assumed(*statements: dict[str, Any]) -> str:
        iam, sts, name = server.client("iam"), server.client("sts"), f"role-{uuid.uuid4().hex[:8]}"
        account = sts.get_caller_identity()["Account"]
        trust = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
        trusted, allowed = (
            json.dumps({"Version": "2012-10-17", "Statement": each}) for each in ([trust], list(statements))
        )
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allowed)
        key = sts.assume_role(RoleArn=role, RoleSessionName="ada")["Credentials"]
        return metastore_token(key["AccessKeyId"], key["SecretAccessKey"])

    return assumed


@pytest.fixture
def objects(server: Server) -> Any:
    return server.client("s3", endpoint_url=server.s3_endpoint)


@pytest.fixture
def managed(server: Server, home: str, objects: Any, bucket: str) -> str:
    """A managed table with a partition, and a file in each folder."""
    name = f"t{uuid.uuid4().hex[:8]}"
    storage = hive.StorageDescriptor(
        cols=[hive.FieldSchema("a", "int", None)],
        location=f"s3://{bucket}/{name}",
        serdeInfo=hive.SerDeInfo(parameters={}),
        parameters={},
    )
    table = hive.Table(tableName=name, dbName="default", sd=storage, parameters={}, tableType="MANAGED_TABLE")
    table.partitionKeys = [hive.FieldSchema("year", "int", None)]
    with connected(home, person(server)) as hms:
        hms.create_table(table)
        hms.append_partition("default", name, ["2024"])
    for key in ("0.parquet", "year=2024/1.parquet"):
        objects.put_object(Bucket=bucket, Key=f"{name}/{key}", Body=b"PAR1")
    return name


def files(objects: Any, bucket: str, folder: str) -> list[str]:
    found = objects.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/").get("Contents", [])
    return [each["Key"].removeprefix(f"{folder}/") for each in found if not each["Key"].endswith("/")]


BOTH = ["0.parquet", "year=2024/1.parquet"]


@pytest.mark.parametrize("denied", ["*", "{bucket}/{table}/year=2024/1.parquet"])
def test_a_table_whose_files_the_caller_may_not_delete_is_not_dropped(
    home: str, token: Token, objects: Any, bucket: str, managed: str, denied: str
) -> None:
    closed = s3("Deny", "s3:DeleteObject", denied.format(bucket=bucket, table=managed))
    with connected(home, token(GLUE, s3("Allow", "s3:*"), closed)) as hms:
        for drop in (
            lambda: hms.drop_table("default", managed, True),
            lambda: hms.drop_partition("default", managed, ["2024"], True),
            lambda: hms.truncate_table("default", managed, None),
        ):
            with pytest.raises((hive.MetaException, hive.NoSuchObjectException), match="s3:DeleteObject on resource"):
                drop()
        assert [each.values for each in hms.get_partitions("default", managed, -1)] == [["2024"]]
    assert files(objects, bucket, managed) == BOTH


def test_a_caller_that_may_delete_the_files_drops_them_with_the_table(
    home: str, token: Token, objects: Any, bucket: str, managed: str
) -> None:
    rights = s3("Allow", "s3:ListBucket", bucket), s3("Allow", "s3:DeleteObject", f"{bucket}/{managed}/*")
    with connected(home, token(GLUE, *rights)) as hms:
        hms.drop_partition("default", managed, ["2024"], True)
        assert files(objects, bucket, managed) == ["0.parquet"]
        hms.drop_table("default", managed, True)
    assert files(objects, bucket, managed) == []


def external(name: str, location: str) -> Any:
    storage = hive.StorageDescriptor(cols=[], location=location, serdeInfo=hive.SerDeInfo(parameters={}), parameters={})
    return hive.Table(tableName=name, dbName="default", sd=storage, parameters={"EXTERNAL": "TRUE"})


def test_a_caller_that_only_reads_files_makes_tables_over_them_and_nowhere_else(
    home: str, token: Token, bucket: str, managed: str
) -> None:
    reading = s3("Allow", ["s3:GetObject", "s3:ListBucket"])
    with connected(home, token(GLUE, reading)) as hms:
        hms.create_table(external(f"{managed}_ext", f"s3://{bucket}/{managed}"))
        assert hms.get_table("default", f"{managed}_ext").tableType == "EXTERNAL_TABLE"
        place = f"s3://{bucket}/{managed}_new"
        with pytest.raises(
            hive.MetaException, match=f's3:PutObject on resource: "arn:aws:s3:::{bucket}/{managed}_new/"'
        ):
            hms.create_table(external(f"{managed}_new", place))
        with pytest.raises(hive.NoSuchObjectException):
            hms.get_table("default", f"{managed}_new")
        with pytest.raises(hive.MetaException, match="s3:PutObject"):
            hms.create_database(hive.Database(name=f"{managed}_db", locationUri=place))
        with pytest.raises(hive.NoSuchObjectException):
            hms.get_database(f"{managed}_db")


def test_a_database_with_a_table_whose_files_may_not_be_deleted_stays_whole(
    server: Server, home: str, token: Token
) -> None:
    name = f"d{uuid.uuid4().hex[:8]}"
    with connected(home, person(server)) as hms:
        hms.create_database(hive.Database(name=name))
        for table in ("kept", "open"):
            made = external(table, f"{hms.get_database(name).locationUri}/{table}")
            made.dbName, made.parameters, made.tableType = name, {}, "MANAGED_TABLE"
            hms.create_table(made)
    closed = s3("Deny", "s3:DeleteObject", "*/kept/*")
    with connected(home, token(GLUE, s3("Allow", "s3:*"), closed)) as hms:
        with pytest.raises(hive.MetaException, match="explicit deny"):
            hms.drop_database(name, True, True)
        assert sorted(hms.get_all_tables(name)) == ["kept", "open"]
    with connected(home, token(GLUE, s3("Allow", "s3:*"))) as hms:
        hms.drop_database(name, True, True)
        assert name not in hms.get_all_databases()


def test_a_renamed_table_moves_with_the_caller_s_rights(home: str, server: Server, token: Token, objects: Any) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    table = external(name, "")
    table.sd.location, table.parameters, table.tableType = None, {}, "MANAGED_TABLE"
    with connected(home, person(server)) as hms:
        hms.create_table(table)
        place = hms.get_table("default", name).sd.location
    bucket, _, folder = place.removeprefix("s3://").partition("/")
    objects.put_object(Bucket=bucket, Key=f"{folder}/0.parquet", Body=b"PAR1")
    moved = f"{name}_moved"

    def rename(hms: Any) -> None:
        wanted = hms.get_table("default", name)
        wanted.tableName = moved
        hms.alter_table("default", name, wanted)

    no_writing = s3("Deny", "s3:PutObject", f"*/{moved}/*")
    no_deleting = s3("Deny", "s3:DeleteObject", f"*/{name}/*")
    for closed in (no_writing, no_deleting):
        with connected(home, token(GLUE, s3("Allow", "s3:*"), closed)) as hms:
            with pytest.raises(hive.MetaException, match="explicit deny"):
                rename(hms)
            assert hms.get_table("default", name).sd.location == place
        assert (files(objects, bucket, folder), files(objects, bucket, f"{folder}_moved")) == (["0.parquet"], [])
    with connected(home, token(GLUE, s3("Allow", "s3:*"))) as hms:
        rename(hms)
    assert files(objects, bucket, f"{folder}_moved") == ["0.parquet"]


def test_the_token_of_the_keys_in_the_environment_is_told(server: Server) -> None:
    assert f"export STUDIOLO_METASTORE_TOKEN={person(server)}\n" in server.run("env").stdout
    keyless = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    keys = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), server.key(), strict=True))
    told, refused = (
        subprocess.run(
            [*STUDIOLO, "metastore-token"], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        for environment in ({**keyless, **keys}, keyless)
    )
    assert (told.returncode, told.stdout.strip()) == (0, person(server))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "AWS_ACCESS_KEY_ID" in refused.stderr


def test_who_may_not_see_statistics_is_told_of_none_and_may_not_write_them(
    server: Server, home: str, token: Token, managed: str
) -> None:
    about = hive.ColumnStatisticsDesc(isTblLevel=True, dbName="default", tableName=managed)
    data = hive.ColumnStatisticsData(longStats=hive.LongColumnStatsData(lowValue=1, highValue=9, numNulls=0, numDVs=4))
    known = hive.ColumnStatistics(about, [hive.ColumnStatisticsObj("a", "int", data)])
    asked = hive.TableStatsRequest("default", managed, ["a"])
    with connected(home, person(server)) as hms:
        hms.update_table_column_statistics(known)
        assert [each.colName for each in hms.get_table_statistics_req(asked).tableStats] == ["a"]
    reads = {"Effect": "Allow", "Action": ["glue:GetTable", "glue:UpdateTable"], "Resource": "*"}
    with connected(home, token(reads)) as hms:
        assert hms.get_table_statistics_req(asked).tableStats == []
        with pytest.raises(hive.MetaException, match="glue:UpdateColumnStatisticsForTable"):
            hms.update_table_column_statistics(known)
