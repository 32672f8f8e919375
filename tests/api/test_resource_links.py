"""Resource links: what is asked of them is asked of the databases and tables that they lead to."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hive_metastore import ttypes as hive

from studiolo.identity import metastore_token
from tests.conftest import Server
from tests.hive import connected, metastore, person


@pytest.fixture(scope="module")
def account(client: Callable[..., Any]) -> str:
    number: str = client("sts").get_caller_identity()["Account"]
    return number


@pytest.fixture
def air(glue: Any) -> Iterator[str]:
    """A database with the table `days`, partitioned by year."""
    name = f"air_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name, "LocationUri": "s3://lake/air"})
    storage = {"Columns": [{"Name": "pm", "Type": "double"}], "Location": "s3://lake/air/days"}
    days = {"Name": "days", "StorageDescriptor": storage, "PartitionKeys": [{"Name": "year", "Type": "int"}]}
    glue.create_table(DatabaseName=name, TableInput=days)
    yield name
    glue.delete_database(Name=name)


@pytest.fixture
def linked(glue: Any, account: str, air: str) -> Iterator[str]:
    """A database that is a link to `air`."""
    name = f"linked_{uuid.uuid4().hex[:8]}"
    target = {"CatalogId": account, "DatabaseName": air}
    glue.create_database(DatabaseInput={"Name": name, "TargetDatabase": target})
    yield name
    glue.delete_database(Name=name)


@pytest.fixture
def link(glue: Any, account: str, air: str) -> Iterator[tuple[str, str]]:
    """A database, and its table `same` that is a link to `air.days`."""
    name = f"mine_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": name})
    target = {"CatalogId": account, "DatabaseName": air, "Name": "days"}
    glue.create_table(DatabaseName=name, TableInput={"Name": "same", "TargetTable": target})
    yield name, "same"
    glue.delete_database(Name=name)


def test_a_linked_database_has_the_properties_and_tables_of_the_other(glue: Any, air: str, linked: str) -> None:
    found = glue.get_database(Name=linked)["Database"]
    assert (found["Name"], found["LocationUri"], found["TargetDatabase"]["DatabaseName"]) == (
        linked,
        "s3://lake/air",
        air,
    )
    assert [each["Name"] for each in glue.get_tables(DatabaseName=linked)["TableList"]] == ["days"]
    glue.create_table(DatabaseName=linked, TableInput={"Name": "hours"})
    assert glue.get_table(DatabaseName=air, Name="hours")["Table"]["DatabaseName"] == air
    glue.delete_table(DatabaseName=linked, Name="hours")
    glue.update_database(Name=linked, DatabaseInput={"Name": linked, "Description": "measured"})
    assert glue.get_database(Name=air)["Database"]["Description"] == "measured"


def test_a_linked_table_shows_and_changes_the_other(glue: Any, air: str, link: tuple[str, str]) -> None:
    database, name = link
    found = glue.get_table(DatabaseName=database, Name=name)["Table"]
    assert (found["DatabaseName"], found["Name"], found["TargetTable"]["Name"]) == (database, "same", "days")
    assert found["StorageDescriptor"]["Location"] == "s3://lake/air/days"
    listed = glue.get_tables(DatabaseName=database)["TableList"]
    assert [each["StorageDescriptor"]["Location"] for each in listed] == ["s3://lake/air/days"]
    changed = {key: found[key] for key in ("Name", "StorageDescriptor", "PartitionKeys")}
    glue.update_table(DatabaseName=database, TableInput={**changed, "Description": "new"}, VersionId=found["VersionId"])
    other = glue.get_table(DatabaseName=air, Name="days")["Table"]
    assert (other["Description"], other["VersionId"], "TargetTable" in other) == ("new", "1", False)


def test_who_writes_a_link_down_anew_leaves_the_other(glue: Any, air: str, linked: str, link: tuple[str, str]) -> None:
    """As infrastructure-as-code tools do, which know of a link what it leads to and no more."""
    database, name = link
    target = glue.get_table(DatabaseName=database, Name=name)["Table"]["TargetTable"]
    glue.update_table(DatabaseName=database, TableInput={"Name": name, "TargetTable": target})
    away = glue.get_database(Name=linked)["Database"]["TargetDatabase"]
    glue.update_database(Name=linked, DatabaseInput={"Name": linked, "TargetDatabase": away})
    assert "StorageDescriptor" in glue.get_table(DatabaseName=air, Name="days")["Table"]
    assert glue.get_database(Name=air)["Database"]["LocationUri"] == "s3://lake/air"


@pytest.mark.parametrize("through", ["database", "table"])
def test_partitions_are_those_of_the_other(
    glue: Any, air: str, linked: str, link: tuple[str, str], through: str
) -> None:
    database, table = (linked, "days") if through == "database" else link
    glue.create_partition(DatabaseName=database, TableName=table, PartitionInput={"Values": ["2024"]})
    assert glue.get_partition(DatabaseName=air, TableName="days", PartitionValues=["2024"])["Partition"]
    found = glue.get_partitions(DatabaseName=database, TableName=table, Expression="year > 2000")["Partitions"]
    assert [each["Values"] for each in found] == [["2024"]]
    glue.delete_partition(DatabaseName=database, TableName=table, PartitionValues=["2024"])
    assert glue.get_partitions(DatabaseName=air, TableName="days")["Partitions"] == []


def test_deleting_a_link_leaves_the_other(glue: Any, account: str, air: str, link: tuple[str, str]) -> None:
    glue.delete_table(DatabaseName=link[0], Name="same")
    glue.create_database(DatabaseInput={"Name": f"{air}_x", "TargetDatabase": {"DatabaseName": air}})
    glue.delete_database(Name=f"{air}_x")
    assert glue.get_table(DatabaseName=air, Name="days")["Table"]["Name"] == "days"


def test_a_link_to_what_is_not_here_shows_itself_alone(glue: Any, link: tuple[str, str]) -> None:
    target = {"CatalogId": "999999999999", "DatabaseName": "far", "Name": "away"}
    glue.create_table(DatabaseName=link[0], TableInput={"Name": "lost", "TargetTable": target})
    assert glue.get_table(DatabaseName=link[0], Name="lost")["Table"]["TargetTable"] == target
    with pytest.raises(glue.exceptions.EntityNotFoundException, match="(far|away) not found"):
        glue.get_partitions(DatabaseName=link[0], TableName="lost")


def test_a_link_is_not_followed_through_another(glue: Any, link: tuple[str, str]) -> None:
    outer = f"outer_{uuid.uuid4().hex[:8]}"
    glue.create_database(DatabaseInput={"Name": outer, "TargetDatabase": {"DatabaseName": link[0]}})
    assert "StorageDescriptor" not in glue.get_table(DatabaseName=outer, Name="same")["Table"]
    refused = glue.exceptions.InvalidInputException
    with pytest.raises(refused, match="reached through a database that is one too"):
        glue.get_partitions(DatabaseName=outer, TableName="same")
    with pytest.raises(refused, match="is a resource link"):
        glue.create_table(
            DatabaseName=outer, TableInput={"Name": "t", "TargetTable": {"DatabaseName": "x", "Name": "y"}}
        )
    glue.delete_database(Name=outer)


def test_engines_change_what_a_link_leads_to_and_drop_the_link_alone(server: Server) -> None:
    """DROP TABLE and DROP DATABASE through the metastore, which delete data where they are its own."""
    glue, s3 = (server.client(service, region_name=server.environment()["AWS_REGION"]) for service in ("glue", "s3"))
    there, link = f"there_{uuid.uuid4().hex[:8]}", f"link_{uuid.uuid4().hex[:8]}"
    bucket = there.replace("_", "-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="days/part", Body=b"1")
    storage = {"Columns": [{"Name": "pm", "Type": "double"}], "Location": f"s3://{bucket}/days"}
    glue.create_database(DatabaseInput={"Name": there})
    days = {"Name": "days", "TableType": "MANAGED_TABLE", "StorageDescriptor": storage}
    glue.create_table(DatabaseName=there, TableInput=days)
    glue.create_table(
        DatabaseName=there, TableInput={"Name": "same", "TargetTable": {"DatabaseName": there, "Name": "days"}}
    )
    glue.create_database(DatabaseInput={"Name": link, "TargetDatabase": {"DatabaseName": there}})
    with connected(metastore(server), person(server)) as hms:
        assert hms.get_table(link, "days").sd.location == storage["Location"]
        same = hms.get_table(there, "same")
        same.parameters["seen"] = "yes"
        hms.alter_table(there, "same", same)
        assert hms.get_table(there, "days").parameters["seen"] == "yes"
        hms.drop_table(there, "same", True)
        hms.drop_database(link, True, True)
    assert [each["Name"] for each in glue.get_tables(DatabaseName=there)["TableList"]] == ["days"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    glue.delete_database(Name=there)


def test_who_may_not_see_what_a_link_leads_to_is_not_led_there(
    server: Server, client: Callable[..., Any], glue: Any, account: str, air: str, linked: str, link: tuple[str, str]
) -> None:
    """Whichever way they ask, and though the link is theirs; dropping it needs the rights on the link alone."""
    iam, name = client("iam"), f"led-{uuid.uuid4().hex[:8]}"
    denied = [f"arn:aws:glue:*:*:database/{air}", f"arn:aws:glue:*:*:table/{air}/*"]
    statements = [
        {"Effect": "Allow", "Action": "glue:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "glue:*", "Resource": denied},
    ]
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    held = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    mallory = client("glue", **held)
    slashed = f"{linked}/x"
    glue.create_database(DatabaseInput={"Name": slashed, "TargetDatabase": {"DatabaseName": air}})
    refused = mallory.exceptions.AccessDeniedException
    for database, table in (link, (linked, "days"), (linked.upper(), "DAYS"), (slashed, "days")):
        for ask in (mallory.get_table_versions, mallory.get_partitions):
            with pytest.raises(refused, match=f"/{air}"):
                ask(DatabaseName=database, TableName=table)
    with pytest.raises(refused):
        mallory.get_tables(DatabaseName=linked)
    with pytest.raises(refused):
        mallory.delete_table(DatabaseName=linked, Name="days")
    (alone,) = mallory.get_tables(DatabaseName=link[0])["TableList"]
    assert "StorageDescriptor" not in alone
    assert "StorageDescriptor" in glue.get_tables(DatabaseName=link[0])["TableList"][0]
    here = client("glue", region_name=server.environment()["AWS_REGION"])
    here.create_database(DatabaseInput={"Name": air})
    here.create_database(DatabaseInput={"Name": linked, "TargetDatabase": {"DatabaseName": air}})
    here.create_table(DatabaseName=air, TableInput={"Name": "days"})
    token = metastore_token(held["aws_access_key_id"], held["aws_secret_access_key"])
    with connected(metastore(server), token) as hms, pytest.raises(hive.MetaException, match=f"database/{air} with"):
        hms.get_table(linked, "days")
    for name_of_both in (linked, air):
        here.delete_database(Name=name_of_both)
    mallory.delete_table(DatabaseName=link[0], Name=link[1])
    mallory.delete_database(Name=slashed)
    iam.delete_access_key(UserName=name, AccessKeyId=held["aws_access_key_id"])
    iam.delete_user_policy(UserName=name, PolicyName="own")
    iam.delete_user(UserName=name)
