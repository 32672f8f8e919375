"""The examples of the "DynamicFrame class" of the AWS Glue Developer Guide, on data of their shape."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql.functions import udf  # as the guide's own examples import it
from pyspark.sql.types import StringType

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms import *
from tests.unit.awsglue.conftest import MEMBERSHIPS, ORGANIZATIONS, tree_of, values

FromJson = Callable[..., DynamicFrame]

FRIENDS = [
    {"name": "Sally", "age": 23, "location": {"state": "WY", "county": "Fremont"}, "friends": []},
    {
        "name": "Varun",
        "age": 34,
        "location": {"state": "NE", "county": "Douglas"},
        "friends": [{"name": "Arjun", "age": 3}],
    },
    {
        "name": "George",
        "age": 52,
        "location": {"state": "NY"},
        "friends": [{"name": "Fred"}, {"name": "Amy", "age": 15}],
    },
    {"name": "Haruki", "age": 21, "location": {"state": "AK", "county": "Denali"}},
    {"name": "Sheila", "age": 63, "friends": [{"name": "Nancy", "age": 22}]},
]


def merge_address(rec: dict[str, Any]) -> dict[str, Any]:
    rec["Address"] = {}
    rec["Address"]["Street"] = rec["Provider Street Address"]
    rec["Address"]["City"] = rec["Provider City"]
    rec["Address"]["State"] = rec["Provider State"]
    rec["Address"]["Zip.Code"] = rec["Provider Zip Code"]
    rec["Address"]["Array"] = [rec["Provider Street Address"], rec["Provider City"], rec["Provider State"]]
    for name in ("Provider Street Address", "Provider City", "Provider State", "Provider Zip Code"):
        del rec[name]
    return rec


def test_apply_mapping_renames_fields_and_changes_types(
    persons: DynamicFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    mapped = persons.apply_mapping(
        [
            ("family_name", "String", "last_name", "String"),
            ("name", "String", "first_name", "String"),
            ("birth_date", "String", "date_of_birth", "Date"),
        ]
    )
    assert tree_of(mapped, capsys) == "root\n|-- last_name: string\n|-- first_name: string\n|-- date_of_birth: date\n"
    assert values(mapped)[0] == ("Collins", "Mac Collins", date(1944, 10, 15))
    assert values(mapped)[2] == ("Clawson", "Curtis Clawson", None)


def test_apply_mapping_nests_fields(medicare: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    nested = ApplyMapping.apply(
        frame=medicare,
        mappings=[
            ("DRG Definition", "string", "drg", "string"),
            ("Provider Id", "string", "provider.id", "long"),
            ("Provider City", "string", "provider.city", "string"),
        ],
    )
    expected = "root\n|-- drg: string\n|-- provider: struct\n|    |-- id: long\n|    |-- city: string\n"
    assert tree_of(nested, capsys) == expected
    assert values(nested, "provider") == [((10001, "DOTHAN"),), ((10005, "BOAZ"),), ((None, "MILWAUKEE"),)]


def test_drop_fields_removes_nested_fields_and_those_of_elements(
    from_json: FromJson, capsys: pytest.CaptureFixture[str]
) -> None:
    friends = from_json(FRIENDS)
    assert tree_of(friends, capsys) == (
        "root\n|-- name: string\n|-- age: int\n|-- location: struct\n|    |-- state: string\n|    |-- county: string\n"
        "|-- friends: array\n|    |-- element: struct\n|    |    |-- name: string\n|    |    |-- age: int\n"
    )
    left = friends.drop_fields(paths=["age", "location.county", "friends.age"])
    assert tree_of(left, capsys) == (
        "root\n|-- name: string\n|-- location: struct\n|    |-- state: string\n"
        "|-- friends: array\n|    |-- element: struct\n|    |    |-- name: string\n"
    )
    assert values(left)[2] == ("George", ("NY",), [("Fred",), ("Amy",)])
    assert values(left)[4] == ("Sheila", None, [("Nancy",)])


def test_filter_keeps_the_records_for_which_the_function_is_true(medicare: DynamicFrame) -> None:
    kept = medicare.filter(
        f=lambda x: x["Provider State"] in ["CA", "AL"] and x["Provider City"] in ["BOAZ", "MONTGOMERY"]
    )
    assert (medicare.count(), kept.count()) == (3, 1)
    assert Filter.apply(frame=medicare, f=lambda x: x["Provider State"] == "WI").count() == 1


def test_join_combines_three_frames(persons: DynamicFrame, from_json: FromJson) -> None:
    memberships, orgs = from_json(MEMBERSHIPS), from_json(ORGANIZATIONS)
    persons_memberships = persons.join(paths1=["id"], paths2=["person_id"], frame2=memberships)
    orgs = orgs.rename_field("id", "org_id").rename_field("name", "org_name")
    combined = orgs.join(paths1=["org_id"], paths2=["organization_id"], frame2=persons_memberships)
    combined = combined.drop_fields(["person_id", "org_id"])
    rows = values(combined, "given_name", "org_name", "seats")
    assert sorted(rows) == [
        ("Bill", "House of Representatives", 435),
        ("Michael", "House of Representatives", 435),
        ("Michael", "Senate", 100),
    ]
    again = Join.apply(orgs, Join.apply(persons, memberships, "id", "person_id"), "org_id", "organization_id")
    assert again.drop_fields(["person_id", "org_id"]).schema() == combined.schema()


def test_map_applies_a_function_to_every_record(medicare: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    mapped = medicare.map(f=merge_address)
    assert tree_of(mapped, capsys) == (
        "root\n|-- DRG Definition: string\n|-- Provider Id: string\n|-- Provider Name: string\n|-- Address: struct\n"
        "|    |-- Street: string\n|    |-- City: string\n|    |-- State: string\n|    |-- Zip.Code: string\n"
        "|    |-- Array: array\n|    |    |-- element: string\n"
    )
    unnested = mapped.unnest()
    assert unnested.toDF().columns[3:] == [
        "Address.Street", "Address.City", "Address.State", "Address.Zip.Code", "Address.Array"
    ]  # fmt: skip
    assert values(unnested, "Address.Zip.Code") == [("36301",), ("35957",), ("53210",)]
    assert UnnestFrame.apply(frame=mapped).schema() == unnested.schema()


def test_unbox_reads_a_text_as_a_struct(medicare: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    def boxed(rec: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps({"Street": rec["Provider Street Address"], "Zip.Code": int(rec["Provider Zip Code"])})
        return {"AddressString": text if rec["Provider State"] == "AL" else "{oops", "id": rec["Provider Id"]}

    unboxed = medicare.map(boxed).unbox("AddressString", "json")
    expected = "root\n|-- AddressString: struct\n|    |-- Street: string\n|    |-- Zip.Code: int\n|-- id: string\n"
    assert tree_of(unboxed, capsys) == expected
    assert values(unboxed) == [(("1108 ROSS CLARK", 36301), "10001"), (("2505 HIGHWAY 431", 35957), "10005")]
    assert unboxed.stageErrorsCount() == 1


def test_relationalize_pivots_arrays_into_tables_with_keys(persons: DynamicFrame, tmp_path: Path) -> None:
    tables = persons.relationalize("l_root", str(tmp_path / "tmpDir"))
    assert set(tables.keys()) == {"l_root", "l_root_links", "l_root_identifiers", "l_root_contact_details"}
    root = {row["given_name"]: row["contact_details"] for row in tables.select("l_root").toDF().collect()}
    assert root == {"Michael": 1, "Bill": None, "Curtis": 3}
    details = tables.select("l_root_contact_details")
    assert details.toDF().columns == ["id", "index", "contact_details.val.type", "contact_details.val.value"]
    rows = details.toDF().where("id = 1 or id = 3").orderBy(["id", "index"]).collect()
    assert [tuple(row) for row in rows] == [
        (1, 0, "fax", "202-225-4160"),
        (1, 1, "phone", "202-225-3436"),
        (3, 0, "twitter", "RepClawson"),
    ]
    left_and_right = details.split_fields(["id", "index"], "left", "right")
    assert left_and_right.select("left").toDF().columns == ["id", "index"]
    assert left_and_right.select("right").toDF().columns == ["contact_details.val.type", "contact_details.val.value"]


def test_split_rows_and_merge_put_rows_apart_and_together(from_json: FromJson) -> None:
    frame = from_json([{"id": number, "index": number % 3} for number in (1, 2, 11, 12, 20)])
    split = frame.split_rows({"id": {">": 10}}, "high", "low")
    assert list(split.keys()) == ["high", "low"]
    assert values(SelectFromCollection.apply(dfc=split, key="low"), "id") == [(1,), (2,)]
    assert values(split.select("high"), "id") == [(11,), (12,), (20,)]
    assert split.select("nothing").toDF().columns == []
    choices = from_json([{"v": 5}, {"v": "x"}, {"v": 20.5}, {"v": True}, {"v": None}]).split_rows(
        {"v": {">": 4}}, "a", "b"
    )
    assert [choices.select(name).count() for name in ("a", "b")] == [2, 3]
    flat = MapToCollection.apply(split, lambda part, context: part.select_fields(["id"]), transformation_ctx="flat")
    assert [flat[name].toDF().columns for name in flat.keys()] == [["id"], ["id"]]  # noqa: SIM118
    parts = FlatMap.apply(split, SplitFields, "frame", paths=["id"], name1="a", name2="b")
    assert sorted(parts) == ["high_a", "high_b", "low_a", "low_b"]
    staged = from_json([{"id": 11, "index": 99}, {"id": 5, "index": 5}])
    merged = split.select("high").mergeDynamicFrame(stage_dynamic_frame=staged, primary_keys=["id"])
    assert sorted(values(merged)) == [(5, 5), (11, 99), (12, 0), (20, 2)]


def test_rename_field_keeps_the_place_and_takes_names_with_dots_in_backticks(from_json: FromJson) -> None:
    frame = from_json([{"this.old.name": 1, "a": {"b": 2, "c": 3}}])
    assert frame.rename_field("`this.old.name`", "thisNewName").toDF().columns == ["thisNewName", "a"]
    assert values(frame.rename_field("a.b", "a.d"), "a") == [((2, 3),)]
    moved = frame.rename_field("a.b", "top").toDF()
    assert (moved.columns, moved.head()["top"]) == (["this.old.name", "a", "top"], 2)  # type: ignore[index]


def test_select_fields_takes_a_list_or_one_name(persons: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    names = persons.select_fields(paths=["family_name", "given_name"])
    assert values(names)[0] == ("Collins", "Michael")
    expected = (
        "root\n|-- contact_details: array\n|    |-- element: struct\n"
        "|    |    |-- type: string\n|    |    |-- value: string\n"
    )
    assert tree_of(persons.select_fields("contact_details"), capsys) == expected
    assert values(SelectFields.apply(persons, ["contact_details[].type"]))[0] == ([("fax",), ("phone",)],)


def test_spigot_writes_the_first_records(persons: DynamicFrame, tmp_path: Path) -> None:
    chosen = persons.select_fields(paths=["family_name", "given_name", "birth_date"])
    assert chosen.spigot(path=str(tmp_path / "sample"), options={"topk": 1}).count() == 3
    [written] = [line for part in (tmp_path / "sample").glob("part-*") for line in part.read_text().splitlines()]
    assert json.loads(written) == {"family_name": "Collins", "given_name": "Michael", "birth_date": "1944-10-15"}


def test_malformed_json_becomes_an_error_record(from_json: FromJson) -> None:
    errors = from_json(
        '{"id": 1, "name": "george", "surname": "washington", "height": 178}\n'
        '{"id": 2, "name": "benjamin", "surname": "franklin",\n'
        '{"id": 3, "name": "alexander", "surname": "hamilton", "height": 171}\n'
        '{"id": 4, "name": "john", "surname": "jay", "height": 190}\n'
    )
    assert values(errors, "id", "height") == [(1, 178), (4, 190)]
    assert errors.errorsCount() == 1
    record = errors.errorsAsDynamicFrame().toDF().head()
    fields = record["error"].asDict()  # type: ignore[index]
    assert list(fields) == ["callsite", "msg", "stackTrace", "input", "bytesread", "source", "dynamicRecord"]
    assert "JSON reader" in fields["msg"]
    assert "benjamin" in fields["input"]


def test_dynamodb_json_becomes_plain_records(from_json: FromJson, capsys: pytest.CaptureFixture[str]) -> None:
    item = {"ColA": {"S": "a"}, "ColC": {"N": "3"}, "ColD": {"L": []}, "ColE": {"M": {"x": {"S": "deep"}}}}
    frame = from_json([{"Item": item}])
    expected = "root\n|-- ColA: string\n|-- ColC: string\n|-- ColD: array\n|    |-- element: null\n|-- ColE.x: string\n"
    assert tree_of(frame.unnest_ddb_json(), capsys) == expected
    simple = from_json([{"Item": {"map": {"M": {"child": {"M": {"app": {"S": "x"}}}}}, "list": {"L": [{"N": "1"}]},
                                  "set": {"SS": ["a"]}, "yes": {"BOOL": True}, "none": {"NULL": True}}}])  # fmt: skip
    assert values(simple.simplify_ddb_json()) == [((("x",),), ["1"], ["a"], True, None)]


def test_a_frame_goes_to_spark_and_back_for_functions(glue_context: GlueContext, from_json: FromJson) -> None:
    chop = udf(lambda text: text[1:], StringType())
    dataframe = from_json([{"charges": "$32963.07", "id": 1}]).toDF()
    frame = DynamicFrame.fromDF(dataframe.withColumn("ACC", chop(dataframe["charges"])), glue_context, "nested")
    mapped = frame.apply_mapping([("ACC", "string", "charges.covered", "double")])
    assert values(mapped) == [((32963.07,),)]


def test_relationalize_takes_moments_of_any_century(glue_context: GlueContext, tmp_path: Path) -> None:
    old = glue_context.spark_session.sql("select timestamp '1752-09-02 12:00:00' at, date '1500-01-01' day, array(1) n")
    tables = DynamicFrame.fromDF(old, glue_context, "old").relationalize("root", str(tmp_path))
    row = tables["root"].toDF().selectExpr("string(at)", "string(day)").first()
    assert row is not None
    assert tuple(row) == ("1752-09-02 12:00:00", "1500-01-01")


def test_the_tables_of_nested_arrays_are_named_by_their_paths(from_json: Callable[..., DynamicFrame]) -> None:
    """As people find them: a child is called by the root and its path, and its `id` is in the column of its path."""
    orders = [{"lines": [{"part": "a", "tags": ["x", "y"]}]}, {"lines": [{"part": "b"}]}]
    tables = from_json([{"orders": orders, "grid": [[1], [2, 3]], "a.b": [7]}]).relationalize("root", None)
    assert sorted(tables.keys()) == [
        "root", "root_a.b", "root_grid", "root_grid.val", "root_orders", "root_orders.val.lines",
        "root_orders.val.lines.val.tags",
    ]  # fmt: skip
    assert values(tables["root_orders"], "id", "index", "orders.val.lines") == [(1, 0, 1), (1, 1, 2)]
    lines = tables["root_orders.val.lines"]
    assert values(lines, "id", "index", "orders.val.lines.val.part") == [(1, 0, "a"), (2, 0, "b")]
    tags = "orders.val.lines.val.tags"
    assert values(lines, tags) == [(1,), (None,)]
    assert values(tables[f"root_{tags}"], "id", f"{tags}.val") == [(1, "x"), (1, "y")]
    assert values(tables["root_grid.val"], "id", "grid.val.val") == [(1, 1), (2, 2), (2, 3)]


def test_a_mapping_finds_a_source_in_any_case_unless_it_is_told_otherwise(
    from_json: Callable[..., DynamicFrame],
) -> None:
    frame, mapping = (
        from_json([{"Id": 1, "name": "a"}]),
        [("id", "int", "n", "long"), ("name", "string", "t", "string")],
    )
    assert values(frame.apply_mapping(mapping)) == [(1, "a")]
    assert values(frame.apply_mapping(mapping, case_sensitive=True)) == [("a",)]
