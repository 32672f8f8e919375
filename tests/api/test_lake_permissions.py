"""Who may give, tag, register and learn what by the API of Lake Formation, whatever IAM lets them ask."""

import botocore.exceptions
import pytest

from tests.api.lake_house import LakeHouse

Refused = botocore.exceptions.ClientError
ALL_OF_IT = {"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"}


def test_errors_do_not_tell_which_columns_there_are(house: LakeHouse) -> None:
    who = house.person(ALL_OF_IT)
    house.add("unnamed")
    house.grant(who, house.columns("unnamed", "id"))
    lf, me = who.client("lakeformation"), {"DataLakePrincipalIdentifier": who.arn}

    def said(column: str) -> list[str]:
        wanted = house.columns("unnamed", column)
        answers = []
        for ask in (
            lambda: lf.get_resource_lf_tags(Resource=wanted),
            lambda: lf.grant_permissions(Principal=me, Resource=wanted, Permissions=["SELECT"]),
            lambda: lf.revoke_permissions(Principal=me, Resource=wanted, Permissions=["SELECT"]),
            lambda: lf.add_lf_tags_to_resource(Resource=wanted, LFTags=[{"TagKey": "k", "TagValues": ["v"]}]),
        ):
            with pytest.raises(Refused) as refused:
                ask()
            answers.append(str(refused.value).replace(column, "it"))
        return answers

    assert said("ssn") == said("missing")


def test_who_may_use_an_lf_tag_gives_it_to_nothing_that_is_not_his_to_grant(house: LakeHouse) -> None:
    who, tag = house.person(ALL_OF_IT), {"TagKey": house.name, "TagValues": ["seen"]}
    me = {"DataLakePrincipalIdentifier": who.arn}
    house.add("tagged")
    house.lf.create_lf_tag(**tag)
    policy = {"LFTagPolicy": {"ResourceType": "TABLE", "Expression": [tag]}}
    house.lf.grant_permissions(Principal=me, Resource={"LFTag": tag}, Permissions=["ASSOCIATE"])
    house.lf.grant_permissions(Principal=me, Resource=policy, Permissions=["SELECT"])
    for resource in (house.resource("tagged"), {"Database": {"Name": house.name}}):
        with pytest.raises(Refused, match="AccessDenied"):
            who.client("lakeformation").add_lf_tags_to_resource(Resource=resource, LFTags=[tag])
    with pytest.raises(Refused, match="AccessDenied"):
        who.client("glue").get_table(DatabaseName=house.name, Name="tagged")
    house.lf.add_lf_tags_to_resource(Resource=house.columns("tagged", "id"), LFTags=[tag])
    table = who.client("glue").get_table(DatabaseName=house.name, Name="tagged")["Table"]
    assert [each["Name"] for each in table["StorageDescriptor"]["Columns"]] == ["id"]
    lf = who.client("lakeformation")
    (found,) = lf.search_tables_by_lf_tags(Expression=[tag])["TableList"]
    assert (found["Table"]["Name"], [each["Name"] for each in found["LFTagsOnColumns"]]) == ("tagged", ["id"])
    assert lf.search_databases_by_lf_tags(Expression=[tag])["DatabaseList"] == []
    house.lf.add_lf_tags_to_resource(Resource={"Database": {"Name": house.name}}, LFTags=[tag])
    (found,) = house.lf.search_databases_by_lf_tags(Expression=[tag])["DatabaseList"]
    assert (
        house.lf.get_resource_lf_tags(Resource={"Database": {"Name": house.name}})["LFTagOnDatabase"] == found["LFTags"]
    )
    house.lf.delete_lf_tag(TagKey=house.name)


def test_who_may_register_places_gets_nothing_there_by_the_service_s_own_role(house: LakeHouse) -> None:
    """That role is given rights there, and with them who has a table at the place: IAM is asked for its policy, too."""
    who = house.person({"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"})
    glue, mine, raw = who.client("glue"), f"{house.name}_mine", {"Bucket": house.bucket, "Key": "beside/part-0.parquet"}
    house.s3.put_object(**raw, Body=b"secret")
    glue.create_database(DatabaseInput={"Name": mine, "CreateTableDefaultPermissions": []})
    storage = house.storage("parquet", "beside")
    glue.create_table(DatabaseName=mine, TableInput={"Name": "beside", "StorageDescriptor": storage})
    place = f"arn:aws:s3:::{house.bucket}/beside"
    with pytest.raises(Refused, match="iam:PutRolePolicy"):
        who.client("lakeformation").register_resource(ResourceArn=place, UseServiceLinkedRole=True)
    with pytest.raises(Refused, match="AccessDenied"):
        who.client("s3").get_object(**raw)
    glue.delete_database(Name=mine)


def test_a_filter_is_shown_to_who_may_describe_it_and_passed_on_by_who_may_give_all_of_the_table(
    house: LakeHouse,
) -> None:
    house.add("told")
    told = house.filter("told", "rome", "city = 'rome'", "id")
    named = house.named_filter("told", "rome")
    asking = {"Effect": "Allow", "Action": "lakeformation:*", "Resource": "*"}
    who, other = house.person(asking), house.person()
    table, own = {"Principal": {"DataLakePrincipalIdentifier": who.arn}}, who.client("lakeformation")
    every = {"CatalogId": house.account, "DatabaseName": house.name, "Name": "told"}
    more = {"Principal": {"DataLakePrincipalIdentifier": other.arn}, "Resource": told}

    def listed() -> list[str]:
        return [each["Name"] for each in own.list_data_cells_filter(Table=every)["DataCellsFilters"]]

    granted = ["DESCRIBE"]
    house.lf.grant_permissions(
        **table, Resource=house.resource("told"), Permissions=granted, PermissionsWithGrantOption=granted
    )
    assert listed() == []
    for permission in ("SELECT", "DESCRIBE", "DROP"):
        with pytest.raises(Refused, match="AccessDenied"):
            own.grant_permissions(**more, Permissions=[permission])
    house.grant(who, told, "DESCRIBE")
    assert listed() == ["rome"]
    assert own.get_data_cells_filter(**named)["DataCellsFilter"]["RowFilter"]["FilterExpression"] == "city = 'rome'"
    with pytest.raises(Refused, match="AccessDenied"):
        own.delete_data_cells_filter(**named)
    house.grant(who, told, "DROP")
    own.delete_data_cells_filter(**named)
    assert listed() == []


def test_only_administrators_opt_somebody_in_or_out(house: LakeHouse) -> None:
    who = house.person(ALL_OF_IT)
    house.add("opted", left_to_iam=True)
    asked = {"Principal": {"DataLakePrincipalIdentifier": who.arn}, "Resource": house.resource("opted")}
    glue, lf = who.client("glue"), who.client("lakeformation")
    assert glue.get_table(DatabaseName=house.name, Name="opted")
    house.lf.create_lake_formation_opt_in(**asked)
    for change in (lf.delete_lake_formation_opt_in, lf.create_lake_formation_opt_in):
        with pytest.raises(Refused, match="AccessDenied"):
            change(**asked)
    with pytest.raises(Refused, match="AccessDenied"):
        glue.get_table(DatabaseName=house.name, Name="opted")
    house.lf.delete_lake_formation_opt_in(**asked)
