"""Databases, and all of the Data Catalog that is neither a table nor a partition, as boto3 sees them."""

import json
import uuid
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.catalog_inputs import pages
from tests.conftest import REGION


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = error.value.response["Error"]["Code"]
    return code


def test_a_database_comes_back_with_its_fields(glue: Any, database: str) -> None:
    found = glue.get_database(Name=database.upper())["Database"]
    assert (found["Name"], found["Description"], found["Parameters"]) == (database, "measured", {"a": "b"})
    assert found["CreateTime"] <= datetime.now(timezone.utc)
    (default,) = found["CreateTableDefaultPermissions"]
    assert default["Principal"] == {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
    assert database in [each["Name"] for page in pages(glue, "get_databases") for each in page["DatabaseList"]]


def test_a_database_keeps_its_name(glue: Any, database: str) -> None:
    glue.update_database(Name=database, DatabaseInput={"Name": database.upper(), "Description": "changed"})
    assert glue.get_database(Name=database)["Database"]["Description"] == "changed"
    with pytest.raises(glue.exceptions.InvalidInputException, match="Database cannot be renamed"):
        glue.update_database(Name=database, DatabaseInput={"Name": f"{database}_2"})


def test_a_second_database_of_the_same_name_is_refused_in_glue_s_words(glue: Any, database: str) -> None:
    with pytest.raises(glue.exceptions.AlreadyExistsException, match="Database already exists"):
        glue.create_database(DatabaseInput={"Name": database.upper()})


def test_missing_things_are_entity_not_found(glue: Any, database: str) -> None:
    missing = glue.exceptions.EntityNotFoundException
    with pytest.raises(missing, match="Database nowhere not found"):
        glue.get_table(DatabaseName="nowhere", Name="t")
    with pytest.raises(missing, match="Table t not found"):
        glue.get_table(DatabaseName=database, Name="t")
    with pytest.raises(missing, match="Database nowhere not found"):
        glue.get_tables(DatabaseName="nowhere")
    with pytest.raises(missing):
        glue.delete_table(DatabaseName=database, Name="t")
    with pytest.raises(missing):
        glue.update_table(DatabaseName=database, TableInput={"Name": "t"})


def test_functions_are_made_listed_changed_and_deleted(glue: Any, database: str) -> None:
    resources = [{"ResourceType": "JAR", "Uri": "s3://lake/f.jar"}]
    made = {
        "FunctionName": "To_Celsius",
        "ClassName": "a.B",
        "OwnerName": "ann",
        "OwnerType": "USER",
        "ResourceUris": resources,
    }
    glue.create_user_defined_function(DatabaseName=database, FunctionInput=made)
    found = glue.get_user_defined_function(DatabaseName=database, FunctionName="TO_celsius")["UserDefinedFunction"]
    assert (found["FunctionName"], found["ResourceUris"]) == ("to_celsius", resources)
    glue.update_user_defined_function(
        DatabaseName=database, FunctionName="to_celsius", FunctionInput={**made, "ClassName": "a.C"}
    )
    listed = glue.get_user_defined_functions(DatabaseName=database, Pattern="to_*")["UserDefinedFunctions"]
    assert [each["ClassName"] for each in listed] == ["a.C"]
    glue.delete_user_defined_function(DatabaseName=database, FunctionName="to_celsius")
    assert glue.get_user_defined_functions(Pattern="to_celsius")["UserDefinedFunctions"] == []


@pytest.mark.parametrize(
    ("member", "properties"),
    [
        ("GrokClassifier", {"Classification": "log", "GrokPattern": "%{IP:ip}"}),
        ("XMLClassifier", {"Classification": "xml", "RowTag": "row"}),
        ("JsonClassifier", {"JsonPath": "$.rows[*]"}),
        ("CsvClassifier", {"Delimiter": ";", "Header": ["a", "b"], "AllowSingleColumn": True}),
    ],
)
def test_classifiers_of_every_kind_count_their_versions(glue: Any, member: str, properties: dict[str, Any]) -> None:
    name = f"k-{uuid.uuid4().hex[:8]}"
    glue.create_classifier(**{member: {"Name": name, **properties}})
    glue.update_classifier(**{member: {"Name": name, **properties}})
    found = glue.get_classifier(Name=name)["Classifier"][member]
    assert {key: found[key] for key in properties} == properties
    assert found["Version"] == 2
    glue.delete_classifier(Name=name)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_classifier(Name=name)


def test_resource_policies_change_only_where_their_hash_is_known(glue: Any) -> None:
    nothing = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "glue:GetTable",
        "Resource": "arn:aws:glue:*:*:x/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [nothing]})
    with pytest.raises(glue.exceptions.InvalidInputException, match="Missing required field Principal"):
        glue.put_resource_policy(PolicyInJson=policy.replace('"Principal": {"AWS": "*"}, ', ""))
    first = glue.put_resource_policy(PolicyInJson=policy)["PolicyHash"]
    with pytest.raises(glue.exceptions.ConditionCheckFailureException):
        glue.put_resource_policy(PolicyInJson=policy, PolicyHashCondition="another")
    with pytest.raises(glue.exceptions.ConditionCheckFailureException):
        glue.put_resource_policy(PolicyInJson=policy, PolicyExistsCondition="NOT_EXIST")
    assert glue.get_resource_policy()["PolicyInJson"] == policy
    assert len(glue.get_resource_policies()["GetResourcePoliciesResponseList"]) == 1
    glue.delete_resource_policy(PolicyHashCondition=first)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_resource_policy()


def test_encryption_settings_are_recorded(glue: Any) -> None:
    before = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    settings = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", "SseAwsKmsKeyId": "key"}}
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=settings)
    after = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert after["EncryptionAtRest"] == settings["EncryptionAtRest"]
    glue.put_data_catalog_encryption_settings(DataCatalogEncryptionSettings=before)


def test_databases_are_tagged(glue: Any, database: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    arn = f"arn:aws:glue:{REGION}:{account}:database/{database}"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"team": "air", "cost": "1"})
    glue.untag_resource(ResourceArn=arn, TagsToRemove=["cost"])
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "air"}
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_tags(ResourceArn=f"{arn}x")


def test_engines_that_enforce_permissions_are_told_there_are_none(glue: Any, database: str, table: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    answer = glue.get_unfiltered_table_metadata(
        CatalogId=account, DatabaseName=database, Name=table, SupportedPermissionTypes=["COLUMN_PERMISSION"]
    )
    assert answer["AuthorizedColumns"] == ["station", "pm", "year", "month"]
    assert answer["IsRegisteredWithLakeFormation"] is False


def test_a_catalog_within_the_account_has_databases_of_its_own(glue: Any, database: str) -> None:
    account = glue.get_database(Name=database)["Database"]["CatalogId"]
    name = f"child{uuid.uuid4().hex[:8]}"
    child = f"{account}:{name}"
    glue.create_catalog(Name=name, CatalogInput={"Description": "its own"})
    glue.create_database(CatalogId=child, DatabaseInput={"Name": database})
    assert glue.get_database(CatalogId=child, Name=database)["Database"]["CatalogId"] == child
    assert [each["Name"] for each in glue.get_databases(CatalogId=child)["DatabaseList"]] == [database]
    assert glue.get_catalog(CatalogId=child)["Catalog"]["Description"] == "its own"
    with pytest.raises(glue.exceptions.InvalidInputException, match="has databases"):
        glue.delete_catalog(CatalogId=child)
    glue.delete_database(CatalogId=child, Name=database)
    glue.delete_catalog(CatalogId=child)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_databases(CatalogId=child)


def test_another_account_s_catalog_is_denied(glue: Any) -> None:
    with pytest.raises(ClientError) as denied:
        glue.get_databases(CatalogId="999999999999")
    assert code_of(denied) == "AccessDeniedException"
