"""Keys that Lake Formation gives engines: for whole tables and their places, and for nothing beside them."""

from typing import Any

import botocore.exceptions
import pytest

from tests.api.lake_house import PEOPLE, LakeHouse, given

Refused = botocore.exceptions.ClientError


def test_keys_for_whole_tables_are_given_where_the_settings_let_engines_have_them(house: LakeHouse) -> None:
    who = house.person()
    house.add("vended")
    house.grant(who, house.columns("vended", "id"))
    ask = {"TableArn": f"arn:aws:glue:eu-central-1:{house.account}:table/{house.name}/vended"}
    key = who.tagged(LakeFormationAuthorizedCaller="engine")
    lf = who.client("lakeformation", key)
    with pytest.raises(Refused, match="AccessDenied"):
        lf.get_temporary_glue_table_credentials(**ask, SupportedPermissionTypes=["COLUMN_PERMISSION"])
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    trusting = {
        "AllowExternalDataFiltering": True,
        "ExternalDataFilteringAllowList": [{"DataLakePrincipalIdentifier": house.account}],
        "AuthorizedSessionTagValueList": ["engine"],
    }
    house.lf.put_data_lake_settings(DataLakeSettings={**before, **trusting})
    try:
        with pytest.raises(Refused, match="PermissionTypeMismatch"):
            lf.get_temporary_glue_table_credentials(**ask)
        given_key = lf.get_temporary_glue_table_credentials(**ask, SupportedPermissionTypes=["COLUMN_PERMISSION"])
        with pytest.raises(Refused, match="AccessDenied"):
            who.client("lakeformation").get_temporary_glue_table_credentials(
                **ask, SupportedPermissionTypes=["COLUMN_PERMISSION"]
            )
        names = {"CatalogId": house.account, "DatabaseName": house.name, "Name": "vended"}
        told = who.client("glue", key).get_unfiltered_table_metadata(
            **names, SupportedPermissionTypes=["COLUMN_PERMISSION"]
        )
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
    assert told["AuthorizedColumns"] == ["id"]
    assert len(told["Table"]["StorageDescriptor"]["Columns"]) == len(PEOPLE.columns)
    assert given_key["VendedS3Path"] == [f"s3://{house.bucket}/wh/vended"]
    s3 = house.server.client("s3", **given(given_key))
    assert s3.get_object(Bucket=house.bucket, Key="wh/vended/part-0.parquet")["ContentLength"] > 0
    for refused in (
        lambda: s3.get_object(Bucket=house.bucket, Key="wh/days/day=1/part-0.parquet"),
        lambda: s3.put_object(Bucket=house.bucket, Key="wh/vended/x", Body=b""),
        lambda: s3.list_objects_v2(Bucket=house.bucket, Prefix="wh/"),
    ):
        with pytest.raises(Refused, match="AccessDenied"):
            refused()


def test_keys_for_locations_are_those_of_whole_tables_there(house: LakeHouse) -> None:
    who = house.person()
    for table in ("whole", "part"):
        house.add(f"located_{table}")
    house.grant(who, house.resource("located_whole"))
    house.grant(who, house.columns("located_part", "id"))
    arn = f"arn:aws:s3:::{house.bucket}/wh"
    house.grant(who, {"DataLocation": {"ResourceArn": arn}}, "DATA_LOCATION_ACCESS")
    lf = who.client("lakeformation")

    def ask(folder: str, scope: str = "READ") -> Any:
        place = f"s3://{house.bucket}/wh/{folder}"
        return lf.get_temporary_data_location_credentials(DataLocations=[place], CredentialsScope=scope)

    with pytest.raises(Refused, match="AllowFullTableExternalDataAccess"):
        ask("located_whole")
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    house.lf.put_data_lake_settings(DataLakeSettings={**before, "AllowFullTableExternalDataAccess": True})
    try:
        s3 = house.server.client("s3", **given(ask("located_whole")["Credentials"]))
        for asked in (("located_part",), ("located_whole", "READWRITE")):
            with pytest.raises(Refused, match="AccessDenied"):
                ask(*asked)
        for place in ("", "nothing"):
            with pytest.raises(Refused, match="EntityNotFound"):
                ask(place)
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
    assert s3.get_object(Bucket=house.bucket, Key="wh/located_whole/part-0.parquet")["ContentLength"] > 0
    with pytest.raises(Refused, match="AccessDenied"):
        s3.get_object(Bucket=house.bucket, Key="wh/located_part/part-0.parquet")


def test_a_table_of_one_s_own_gets_no_keys_for_what_lies_elsewhere(house: LakeHouse) -> None:
    """By a location that is not checked as one in S3, or is a pattern to a policy, and to all else a folder's name."""
    who = house.person()
    house.add("elsewhere")
    arn = f"arn:aws:s3:::{house.bucket}/wh"
    house.grant(who, {"DataLocation": {"ResourceArn": arn}}, "DATA_LOCATION_ACCESS")
    glue, lf = who.client("glue"), who.client("lakeformation")
    before = house.lf.get_data_lake_settings()["DataLakeSettings"]
    house.lf.put_data_lake_settings(DataLakeSettings={**before, "AllowFullTableExternalDataAccess": True})
    places = (f"{arn}/elsewhere", f"s3://{house.bucket}/wh/*", f"s3://{house.bucket}/wh/elsewher?")
    try:
        for number, place in enumerate(places):
            storage = {**house.storage("parquet", "x"), "Location": place}
            made = {"Name": f"trap_{number}", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
            glue.create_table(DatabaseName=house.name, TableInput=made)
            asked = f"arn:aws:glue:eu-central-1:{house.account}:table/{house.name}/trap_{number}"
            with pytest.raises(Refused, match="not a place in S3|Keys are not given"):
                lf.get_temporary_glue_table_credentials(TableArn=asked)
            glue.delete_table(DatabaseName=house.name, Name=f"trap_{number}")
    finally:
        house.lf.put_data_lake_settings(DataLakeSettings=before)
