"""What Lake Formation shares between accounts of one server: with whom, by which ways, and with nobody else."""

import ast
import io
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.api.lake_house import PEOPLE, DeltaLog, LakeHouse, given
from tests.api.member_accounts import HOME, Account, document, entered, member_account, organization_of, refusal
from tests.api.spark_code import Spark, conf
from tests.conftest import REGION, Server


@pytest.fixture(scope="module")
def member(server: Server) -> Account:
    """A second account, in which its role does everything."""
    organization_of(server)
    return member_account(server, "lake")


def govern(member: Account) -> None:
    """Make the role of an account the administrator of its data lake."""
    lf, way = member.client("lakeformation"), f"arn:aws:iam::{member.number}:role/Way"
    settings = lf.get_data_lake_settings()["DataLakeSettings"]
    admins = [{"DataLakePrincipalIdentifier": way}]
    lf.put_data_lake_settings(DataLakeSettings={**settings, "DataLakeAdmins": admins})


def test_a_table_is_shared_with_another_account_by_a_grant_to_it_alone(server, member):
    """With the account a part, for its administrator; with one of its roles a whole table."""
    house = LakeHouse(server)
    for table in ("part", "whole", "hidden"):
        house.add(table)
    house.add("left", left_to_iam=True)
    glue, s3, way = member.client("glue"), member.client("s3"), f"arn:aws:iam::{member.number}:role/Way"
    account, role = ({"DataLakePrincipalIdentifier": each} for each in (member.number, way))
    shares = [
        {"Principal": account, "Resource": house.filter("part", "paris", "city = 'paris'", "id")},
        {"Principal": role, "Resource": house.resource("whole")},
        {"Principal": role, "Resource": house.resource("left")},
    ]

    def location(table: str) -> tuple[str, str]:
        found = glue.get_table(CatalogId=HOME, DatabaseName=house.name, Name=table)["Table"]["StorageDescriptor"]
        bucket, _, prefix = found["Location"].removeprefix("s3://").partition("/")
        return bucket, f"{prefix}/"

    def rows(table: str) -> list[dict[str, Any]]:
        bucket, prefix = location(table)
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
        (body,) = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
        return pq.read_table(io.BytesIO(body)).to_pylist()

    assert "AccessDenied" in refusal(location, table="part")
    for share in shares:
        house.lf.grant_permissions(**share, Permissions=["SELECT"])
    assert "AccessDenied" in refusal(location, table="part")
    govern(member)
    assert rows("part") == [{"id": each} for each in (0, 3, 6, 9)]
    assert len(rows("whole")) == 12
    for table in ("hidden", "left"):
        assert "AccessDenied" in refusal(location, table=table)
    listed = glue.get_tables(CatalogId=HOME, DatabaseName=house.name)["TableList"]
    assert [each["Name"] for each in listed] == ["part", "whole"]
    found = glue.search_tables(ResourceShareType="FOREIGN", SearchText=house.name)["TableList"]
    assert [(each["CatalogId"], each["Name"]) for each in found] == [(HOME, "part"), (HOME, "whole")]
    assert [each["Name"] for each in found[0]["StorageDescriptor"]["Columns"]] == ["id"]
    assert "AccessDenied" in refusal(glue.delete_table, CatalogId=HOME, DatabaseName=house.name, Name="whole")
    raw = {"Bucket": house.bucket, "Key": "wh/part/part-0.parquet"}
    assert "AccessDenied" in refusal(s3.get_object, **raw)
    for share in shares:
        house.lf.revoke_permissions(**share, Permissions=["SELECT"])
    assert "AccessDenied" in refusal(location, table="part")
    assert "AccessDenied" in refusal(s3.get_object, **{**raw, "Key": "wh/whole/part-0.parquet"})
    house.close()


def test_a_share_is_linked_to_passed_on_and_taken_back(server, member):
    """What an account has with the grant option it passes on to a role of its own, which reads it by a resource link."""
    house = LakeHouse(server)
    house.add("people", partitioned=True)
    house.add("left", left_to_iam=True)
    ours, theirs, name_of_role = (f"{house.name}_{each}" for each in ("ours", "theirs", "analyst"))
    way, lf, glue = f"arn:aws:iam::{member.number}:role/Way", member.client("lakeformation"), member.client("glue")
    govern(member)
    everything = {"Effect": "Allow", "Action": ["glue:*", "lakeformation:GetDataAccess"], "Resource": "*"}
    iam, trusted = member.client("iam"), {"Effect": "Allow", "Principal": {"AWS": way}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=name_of_role, AssumeRolePolicyDocument=document(trusted))
    iam.put_role_policy(RoleName=name_of_role, PolicyName="own", PolicyDocument=document(everything))
    analyst = f"arn:aws:iam::{member.number}:role/{name_of_role}"
    asks = entered(server, member.client("sts"), analyst)
    account, holder = ({"DataLakePrincipalIdentifier": each} for each in (member.number, analyst))
    part = house.filter("people", "paris", "city = 'paris'", "id", "name", "day")
    share: dict[str, Any] = {"Principal": account, "Resource": part, "Permissions": ["SELECT"]}
    target = {"CatalogId": HOME, "DatabaseName": house.name}
    glue.create_database(DatabaseInput={"Name": ours})
    glue.create_database(DatabaseInput={"Name": theirs, "TargetDatabase": target})
    for name in ("people", "left"):
        glue.create_table(DatabaseName=ours, TableInput={"Name": name, "TargetTable": {**target, "Name": name}})
    passed = {"Principal": holder, "Resource": part, "Permissions": ["SELECT"]}

    def rows(database: str) -> list[dict[str, Any]]:
        found = asks.client("glue").get_partitions(DatabaseName=database, TableName="people")["Partitions"]
        bodies = []
        for each in found:
            bucket, _, prefix = each["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
            (one,) = asks.client("s3").list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]
            bodies.append(asks.client("s3").get_object(Bucket=bucket, Key=one["Key"])["Body"].read())
        return [row for body in bodies for row in pq.read_table(io.BytesIO(body)).to_pylist()]

    assert "AccessDenied" in refusal(glue.get_table, DatabaseName=ours, Name="people")
    house.lf.grant_permissions(**share)
    assert "AccessDenied" in refusal(lf.grant_permissions, **passed)
    house.lf.grant_permissions(**share, PermissionsWithGrantOption=["SELECT"])
    assert "AccessDenied" in refusal(asks.client("glue").get_table, DatabaseName=ours, Name="people")
    lf.grant_permissions(**passed)
    shown = asks.client("glue").get_table(DatabaseName=ours, Name="people")["Table"]
    assert [each["Name"] for each in shown["StorageDescriptor"]["Columns"]] == ["id", "name"]
    assert [row["id"] for row in rows(ours)] == [0, 3, 6, 9, 100, 103, 106, 109]
    assert rows(theirs) == rows(ours)
    asked = asks.client("glue").get_paginator("get_databases").paginate
    shared = {
        kind: [(each["CatalogId"], each["Name"]) for page in asked(**given) for each in page["DatabaseList"]]
        for kind, given in {
            "FOREIGN": {"ResourceShareType": "FOREIGN"},
            "ALL": {"ResourceShareType": "ALL", "PaginationConfig": {"PageSize": 1}},
            "OWN": {},
        }.items()
    }
    assert shared["FOREIGN"] == [(HOME, house.name)]
    assert shared["ALL"] == shared["OWN"] + shared["FOREIGN"]
    everybody = lf.list_permissions(Principal={"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"})
    told = [each["Resource"].get("Table", {}) for each in everybody["PrincipalResourcePermissions"]]
    assert theirs not in [each.get("DatabaseName") for each in told]
    assert [each["Name"] for each in asks.client("glue").get_tables(DatabaseName=theirs)["TableList"]] == ["people"]
    assert "AccessDenied" in refusal(glue.get_table, DatabaseName=ours, Name="left")
    listed = {each["Name"]: "StorageDescriptor" in each for each in glue.get_tables(DatabaseName=ours)["TableList"]}
    assert listed == {"left": False, "people": True}
    (own,) = lf.list_permissions(CatalogId=HOME, Principal=holder)["PrincipalResourcePermissions"]
    assert own["Resource"]["DataCellsFilter"]["TableCatalogId"] == HOME
    other = house.person()
    outside = {"DataLakePrincipalIdentifier": other.arn}
    assert "InvalidInput" in refusal(lf.grant_permissions, **{**passed, "Principal": outside})
    more = {**passed, "Resource": house.columns("people", "ssn"), "CatalogId": HOME}
    assert "AccessDenied" in refusal(lf.grant_permissions, **more)
    house.lf.revoke_permissions(**share, PermissionsWithGrantOption=["SELECT"])
    assert "AccessDenied" in refusal(asks.client("glue").get_table, DatabaseName=ours, Name="people")
    house.lf.grant_permissions(**share, PermissionsWithGrantOption=["SELECT"])
    assert "AccessDenied" in refusal(asks.client("glue").get_table, DatabaseName=ours, Name="people")
    # A link is its own account's to drop, whatever may be done with what it leads to.
    glue.delete_table(DatabaseName=ours, Name="left")
    for database in (theirs, ours):
        glue.delete_database(Name=database)
    assert house.glue.get_table(DatabaseName=house.name, Name="people")
    house.close()


def test_a_member_account_governs_its_own_catalog_and_opens_nobody_else_s(server, member):
    """Registered there and granted there, a table at another account's place opens none of that one's objects."""
    house, lf, glue = LakeHouse(server), member.client("lakeformation"), member.client("glue")
    house.add("people")
    taking = f"{house.name}_taking"
    govern(member)
    lf.register_resource(ResourceArn=f"arn:aws:s3:::{house.bucket}/wh/people", UseServiceLinkedRole=True)
    glue.create_database(DatabaseInput={"Name": taking})
    table = {"Name": "people", "StorageDescriptor": house.storage("parquet", "wh/people")}
    glue.create_table(DatabaseName=taking, TableInput=table)
    taken = {"Table": {"DatabaseName": taking, "Name": "people"}}
    everybody = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
    lf.revoke_permissions(Principal=everybody, Resource=taken, Permissions=["ALL"])
    way = {"DataLakePrincipalIdentifier": f"arn:aws:iam::{member.number}:role/Way"}
    lf.grant_permissions(Principal=way, Resource=taken, Permissions=["SELECT"])
    assert glue.get_table(DatabaseName=taking, Name="people")["Table"]["IsRegisteredWithLakeFormation"]
    assert "AccessDenied" in refusal(
        member.client("s3").get_object, Bucket=house.bucket, Key="wh/people/part-0.parquet"
    )
    arn = f"arn:aws:glue:{REGION}:{HOME}:table/{house.name}/people"
    for named in (arn, f"{arn}-not-there"):
        found = refusal(lf.get_temporary_glue_table_credentials, TableArn=named)
        assert "shares no table" in found
    house.close()


@dataclass
class Analyst:
    """A role of a member account that may use the catalog, and its session."""

    session: Account
    arn: str

    @property
    def named(self) -> dict[str, str]:
        return {"DataLakePrincipalIdentifier": self.arn}


def analyst(server: Server, member: Account, name: str) -> Analyst:
    trusted = {"AWS": f"arn:aws:iam::{member.number}:role/Way", "Service": "glue.amazonaws.com"}
    taking = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    asking = ["glue:*", "lakeformation:GetDataAccess", "lakeformation:GetTemporary*"]
    iam = member.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(taking))["Role"]["Arn"]
    allowed = document({"Effect": "Allow", "Action": asking, "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allowed)
    return Analyst(entered(server, member.client("sts"), arn), arn)


def pass_on(house: LakeHouse, member: Account, who: Analyst, resource: dict[str, Any]) -> None:
    """Share with an account what that gives one of its roles."""
    share = {"Resource": resource, "Permissions": ["SELECT"]}
    account = {"DataLakePrincipalIdentifier": member.number}
    house.lf.grant_permissions(Principal=account, **share, PermissionsWithGrantOption=["SELECT"])
    member.client("lakeformation").grant_permissions(Principal=who.named, **share)


def test_keys_are_given_for_a_shared_table_and_for_that_alone(server, member):
    house = LakeHouse(server)
    house.add("whole")
    house.add("part")
    govern(member)
    who = analyst(server, member, f"{house.name}_keys")
    pass_on(house, member, who, {"Table": {"CatalogId": HOME, "DatabaseName": house.name, "Name": "whole"}})
    pass_on(house, member, who, house.filter("part", "paris", "city = 'paris'", "id"))
    lf, arn = who.session.client("lakeformation"), f"arn:aws:glue:{REGION}:{HOME}:table/{house.name}"
    asked = {"TableArn": f"{arn}/whole", "SupportedPermissionTypes": ["COLUMN_PERMISSION", "CELL_FILTER_PERMISSION"]}
    assert "AccessDenied" in refusal(lf.get_temporary_glue_table_credentials, **asked)
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    house.lf.put_data_lake_settings(DataLakeSettings={**before, "AllowFullTableExternalDataAccess": True})
    try:
        key = lf.get_temporary_glue_table_credentials(**asked)
        refused = refusal(lf.get_temporary_glue_table_credentials, **{**asked, "TableArn": f"{arn}/part"})
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
    assert "AccessDenied" in refused
    assert key["VendedS3Path"] == [f"s3://{house.bucket}/wh/whole"]
    s3 = server.client("s3", endpoint_url=server.s3_endpoint, **given(key))
    (one,) = s3.list_objects_v2(Bucket=house.bucket, Prefix="wh/whole/")["Contents"]
    body = s3.get_object(Bucket=house.bucket, Key=one["Key"])["Body"].read()
    assert pq.read_table(io.BytesIO(body)).num_rows == len(PEOPLE)
    for key_of_other in ("wh/part/part-0.parquet", "wh/whole2/x"):
        assert "AccessDenied" in refusal(s3.get_object, Bucket=house.bucket, Key=key_of_other)
    assert "AccessDenied" in refusal(s3.put_object, Bucket=house.bucket, Key=one["Key"], Body=b"")
    house.close()


LINKED = """
def tried(table):
    try:
        return sorted([str(value) for value in row] for row in spark.table(table).collect())
    except Exception as error:
        return "denied" if "not authorized" in str(error) or "AccessDenied" in str(error) else str(error)
print({f"{database}.{table}": tried(f"{database}.{table}") for database in databases for table in tables})
"""


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_spark_reads_a_part_of_another_account_s_tables_by_links_and_a_third_account_nothing(server, member):
    """In a session of the member, by its metastore, whatever the tables' format."""
    house = LakeHouse(server)
    formats = ("parquet", "orc", "avro", "lines", "csv", "json")
    for form in formats:
        house.add(form, form)
    DeltaLog(house, "delta").commit({"city": "paris"}, {"city": "rome"})
    tables = [*formats, "delta"]
    accounts = {"member": member, "third": member_account(server, "third")}
    readers = {name: analyst(server, account, f"{house.name}_links") for name, account in accounts.items()}
    linked, alone = f"{house.name}_linked", f"{house.name}_alone"
    for account in accounts.values():
        govern(account)
        glue, target = account.client("glue"), {"CatalogId": HOME, "DatabaseName": house.name}
        glue.create_database(DatabaseInput={"Name": linked, "TargetDatabase": target})
        glue.create_database(DatabaseInput={"Name": alone})
        for table in tables:
            link = {"Name": table, "TargetTable": {**target, "Name": table}}
            glue.create_table(DatabaseName=alone, TableInput=link)
    for table in tables:
        pass_on(house, member, readers["member"], house.filter(table, "paris", "city = 'paris'", "id", "name"))
    delta = {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    code = f"databases, tables = {[linked, alone]!r}, {tables!r}{LINKED}"
    said = {}
    for name, who in readers.items():
        session = Spark(
            accounts[name].client("glue"), who.arn, {"--datalake-formats": "delta", "--conf": conf(delta)}, 400
        )
        said[name] = ast.literal_eval(session.run(code))
        session.stop()
    rows = [[str(each), f"name {each}"] for each in (0, 3, 6, 9)]
    names = [f"{database}.{table}" for database in (linked, alone) for table in tables]
    assert said["member"] == dict.fromkeys(names, rows)
    assert said["third"] == dict.fromkeys(names, "denied")
    house.close()
