"""Hive's partition filters, as engines send them."""

import pytest

from studiolo.catalog import (
    Among,
    And,
    Column,
    Compare,
    Keys,
    Matches,
    Or,
    Table,
    evaluator,
    like,
    partition_name,
    partition_values,
)
from studiolo.domain import Invalid
from studiolo.metastore.filters import condition
from studiolo.metastore.room import matching, plain
from studiolo.metastore.table_filters import table_filter


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ('year >= 2021 and month = "1"', And((Compare("year", ">=", "2021"), Compare("month", "=", "1")))),
        ("(year != 2020 and year <> 2022)", And((Compare("year", "<>", "2020"), Compare("year", "<>", "2022")))),
        ('d >= "2024-01-02"', Compare("d", ">=", "2024-01-02")),
        ("d >= 2024-01-02", Compare("d", ">=", "2024-01-02")),
        ("d = DATE '2024-01-02'", Compare("d", "=", "2024-01-02")),
        ("2021 < year", Compare("year", ">", "2021")),
        ('"2024-01-02" <= d', Compare("d", ">=", "2024-01-02")),
        ("month = 'it\"s'", Compare("month", "=", 'it"s')),
        ('month = "month"', Compare("month", "=", "month")),
        ('`month` like "0.*"', like("month", "0%")),
        (
            "a = 1 OR a = 2 AND b = 3",
            Or((Compare("a", "=", "1"), And((Compare("a", "=", "2"), Compare("b", "=", "3"))))),
        ),
        ("a between 1 and 2", And((Compare("a", ">=", "1"), Compare("a", "<=", "2")))),
        ("a in (1, -2)", Among("a", ("1", "-2"))),
        ("not (a = 1)", Compare("a", "<>", "1")),
        ("date = '2024-01-01'", Compare("date", "=", "2024-01-01")),
        (" ", None),
    ],
)
def test_a_filter_means_what_hive_means_by_it(text: str, meaning: object) -> None:
    assert condition(text) == meaning


@pytest.mark.parametrize(
    "text", ["year =", "year = 1 and", "(year = 1", "year ~ 1", "year = 1 1", "'a' = 'b'", "(" * 500]
)
def test_a_filter_that_cannot_be_read_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(Invalid, match="cannot be read|nested"):
        condition(text)


@pytest.mark.parametrize(
    ("regex", "meaning"),
    [
        ("ab.*", like("a", "ab%")),
        (".*50%_", like("a", "%50\\%\\_")),
        ("a.c", like("a", "a_c")),
        ("ab*", Matches("a", "(?s:ab*)", "a")),
        ("ab|c", Matches("a", "(?s:ab|c)", "")),
    ],
)
def test_a_pattern_is_a_regular_expression_and_promises_an_index_no_more_than_it_keeps(
    regex: str, meaning: Matches
) -> None:
    assert condition(f'a like "{regex}"') == meaning


def test_a_pattern_that_takes_others_forever_is_matched_at_once() -> None:
    test = evaluator(Matches("a", "(x+)+(x+)+y"), Keys([Column("a", "string")]))
    assert (test(["x" * 1000 + "y"]), test(["x" * 1000])) == (True, False)


def test_a_pattern_that_only_backtracking_matches_is_refused() -> None:
    with pytest.raises(Invalid, match="is not a regular expression"):
        evaluator(Matches("a", r"(x)\1"), Keys([Column("a", "string")]))


def test_names_of_partitions_are_escaped_as_hive_does() -> None:
    keys = (Column("Day", "date"), Column("city", "string"))
    name = partition_name(keys, ("2024-01-02", "a/b=c: %é"))
    assert name == "Day=2024-01-02/city=a%2Fb%3Dc%3A %25é"
    assert partition_values(name, keys) == ("2024-01-02", "a/b=c: %é")
    with pytest.raises(Invalid, match=r"Day=…/city=…"):
        partition_values("Day=2024-01-02", keys)


def test_name_patterns_are_hive_s() -> None:
    assert matching(["air", "Airport", "sea"], "AIR*|s*") == ["air", "Airport", "sea"]
    assert matching(["air", "a.r"], "a.r") == ["a.r"]
    assert matching(["air"], "@hive#air") == ["air"]
    assert plain("@hive#default") == "default"


def test_tables_are_filtered_by_owner_and_parameters() -> None:
    holds = table_filter(
        'hive_filter_field_params__table_type = "ICEBERG" and hive_filter_field_owner__ like "a.*" '
        "and hive_filter_field_last_access__ < 1"
    )
    mine = Table("t", "air", owner="ada", parameters={"table_type": "ICEBERG"})
    assert [holds(mine), holds(Table("t", "air", owner="ada")), holds(Table("t", "air"))] == [True, False, False]
    with pytest.raises(Invalid, match="are not filtered by year"):
        table_filter("year = 1")
