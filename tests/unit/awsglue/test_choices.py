"""Fields with values of several types."""

from collections.abc import Callable

import pytest
from pyspark.sql import types as spark

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame, ResolveOption
from awsglue.gluetypes import ChoiceType, DoubleType, IntegerType, LongType, StringType, fromJsonValue
from awsglue.transforms import ResolveChoice
from tests.unit.awsglue.conftest import tree_of, values

FromJson = Callable[..., DynamicFrame]


@pytest.fixture
def mixed(from_json: FromJson) -> DynamicFrame:
    records = [
        {"id": 1, "myList": [{"price": 100.0}, {"price": "$100.00"}]},
        {"id": "two", "myList": [{"price": "7.5"}]},
        {"id": "3"},
    ]
    return from_json(records)


def test_a_field_with_two_types_is_a_choice(mixed: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    assert tree_of(mixed, capsys) == (
        "root\n|-- id: choice\n|    |-- int\n|    |-- string\n|-- myList: array\n|    |-- element: struct\n"
        "|    |    |-- price: choice\n|    |    |    |-- double\n|    |    |    |-- string\n"
    )
    assert mixed.schema().getField("id").dataType == ChoiceType([IntegerType(), StringType()])
    assert fromJsonValue(mixed.schema().jsonValue()) == mixed.schema()


def test_a_choice_is_a_struct_in_a_dataframe(mixed: DynamicFrame) -> None:
    assert values(mixed, "id") == [((1, None),), ((None, "two"),), ((None, "3"),)]


def test_numbers_of_two_widths_are_a_choice(from_json: FromJson) -> None:
    frame = from_json([{"n": 1, "x": 1}, {"n": 2**40, "x": 1.5}])
    kinds = {field.name: field.dataType for field in frame.schema()}
    assert kinds == {"n": ChoiceType([IntegerType(), LongType()]), "x": ChoiceType([DoubleType(), IntegerType()])}
    assert values(frame.resolveChoice(choice="cast:double")) == [(1.0, 1.0), (float(2**40), 1.5)]


def test_show_prints_the_value_that_a_choice_has(mixed: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    mixed.schema()
    capsys.readouterr()
    mixed.show(2)
    assert capsys.readouterr().out.splitlines()[1] == '{"id": "two", "myList": [{"price": "7.5"}]}'


def test_cast_makes_null_of_what_cannot_be_cast(mixed: DynamicFrame) -> None:
    assert values(mixed.resolveChoice(specs=[("id", "cast:long")]), "id") == [(1,), (None,), (3,)]
    prices = mixed.resolveChoice(specs=("myList[].price", "cast:double"))
    assert values(prices, "myList") == [([(100.0,), (None,)],), ([(7.5,)],), (None,)]


def test_make_cols_makes_a_column_of_each_type(mixed: DynamicFrame) -> None:
    frame = ResolveChoice.apply(frame=mixed, choice="make_cols")
    assert values(frame, "id_int", "id_string") == [(1, None), (None, "two"), (None, "3")]


def test_make_struct_keeps_all_types(mixed: DynamicFrame, capsys: pytest.CaptureFixture[str]) -> None:
    frame = mixed.resolveChoice(specs=[("id", "make_struct")]).select_fields(["id"])
    assert tree_of(frame, capsys) == "root\n|-- id: struct\n|    |-- int: int\n|    |-- string: string\n"


def test_project_keeps_the_values_of_one_type(mixed: DynamicFrame) -> None:
    assert values(mixed.resolveChoice(specs=[("id", "project:string")]), "id") == [(None,), ("two",), ("3",)]


def test_match_catalog_casts_to_the_tables_types(glue_context: GlueContext, mixed: DynamicFrame) -> None:
    glue_context.spark_session.sql("create table if not exists default.matched (id bigint) using parquet")
    frame = mixed.resolveChoice(choice="match_catalog", database="default", table_name="matched")
    assert values(frame, "id") == [(1,), (None,), (3,)]


def test_to_df_resolves_by_options(mixed: DynamicFrame) -> None:
    dataframe = mixed.toDF(
        [ResolveOption("id", "Project", spark.StringType()), ResolveOption("myList", "KeepAsStruct")]
    )
    assert [row["id"] for row in dataframe.collect()] == [None, "two", "3"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "either specs"),
        ({"specs": [("id", "cast:int")], "choice": "make_cols"}, "either specs"),
        ({"choice": "guess"}, "'guess' is not an action"),
        ({"specs": [("nothing", "guess")]}, "'guess' is not an action"),
        ({"specs": [("id", "cast:nonsense")]}, "'nonsense' is not a type"),
        ({"choice": "match_catalog"}, "needs database and table_name"),
    ],
)
def test_what_is_no_resolution_is_refused_clearly(
    mixed: DynamicFrame, arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        mixed.resolveChoice(**arguments)  # type: ignore[arg-type]


def test_a_union_of_different_types_is_a_choice(from_json: FromJson) -> None:
    both = from_json([{"a": 1, "b": {"x": 1}}]).union(from_json([{"a": "x", "b": {"y": "z"}, "c": True}]))
    assert values(both) == [((1, None), (1, None), None), ((None, "x"), (None, "z"), True)]


def test_a_function_sees_the_value_of_a_choice_and_types_it_leaves_stay(mixed: DynamicFrame) -> None:
    longs = mixed.apply_mapping([("id", "string", "id", "string"), ("id", "string", "size", "long")])
    seen = longs.map(lambda record: {**record, "twice": record["id"] * 2})
    assert [field.dataType.typeName() for field in seen.schema()] == ["string", "long", "string"]
    assert values(seen) == [("1", 1, "11"), ("two", None, "twotwo"), ("3", 3, "33")]
    assert mixed.filter(lambda record: record["id"] == 1).count() == 1
