import contextlib
import itertools
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studiolo.catalog import HIVE_NULL, Catalog, Column, Database, Partition, PartitionIndex, Table
from studiolo.catalog.expressions import parse
from studiolo.catalog.filters import Keys, evaluator
from studiolo.domain import Invalid, Scope, now
from studiolo.state import State

SCOPE = Scope("123456789012", "eu-central-1")
TYPES = {"i": "bigint", "s": "string", "d": "date", "n": "decimal(10,2)"}
KEYS = Keys([Column(name, kind) for name, kind in TYPES.items()])
LONG = "x" * 80
VALUES = {
    "i": ["-7", "0", "3", "03", "12", "9000000000", "none", HIVE_NULL],
    "s": ["", "a", "ab", "b%", "a_b", "it's", "é", LONG + "1", LONG + "2", HIVE_NULL],
    "d": ["1999-12-31", "2024-02-29", "2024-03-01", "2024-3-1", "soon", HIVE_NULL],
    "n": ["-1.5", "-1.25", "0", "1.50", "1.5", "99999999.99", HIVE_NULL],
}
READ: dict[str, Callable[[str], Any]] = {
    "i": int,
    "s": str,
    "d": lambda text: date(*map(int, text.split("-"))),
    "n": Decimal,
}

Tree = tuple[Any, ...]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
FLIPPED = {"=": "=", "<>": "<>", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def sound(key: str) -> list[str]:
    return [value for value in VALUES[key] if value != HIVE_NULL and value not in ("none", "soon")]


def literal(key: str, value: str) -> str:
    return value if key in "in" else "'" + value.replace("'", "''") + "'"


def within(text: str, parentheses: int) -> str:
    return "(" * parentheses + text + ")" * parentheses


def leaves() -> st.SearchStrategy[Tree]:
    def of(key: str) -> st.SearchStrategy[Tree]:
        value = st.sampled_from(sound(key))
        return st.one_of(
            st.tuples(
                st.just("compare"),
                st.just(key),
                st.sampled_from(list(COMPARE)),
                value,
                st.integers(0, 2),
                st.integers(0, 2),
                st.booleans(),
            ),
            st.tuples(st.just("between"), st.just(key), value, value, st.booleans()),
            st.tuples(st.just("in"), st.just(key), st.lists(value, min_size=1, max_size=4), st.booleans()),
            st.tuples(st.just("null"), st.just(key), st.booleans()),
        )

    like = st.tuples(
        st.just("like"),
        st.sampled_from(["a%", "%b", "_", "%_%b", "a%b%", "%%", "a_b", "%", "x%", LONG + "_", "é"]),
        st.booleans(),
    )
    return st.one_of(*(of(key) for key in TYPES), like)


TREES = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def text_of(tree: Tree) -> str:
    kind = tree[0]
    if kind == "compare":
        key, value = within(tree[1], tree[4]), within(literal(tree[1], tree[3]), tree[5])
        return f"{value} {FLIPPED[tree[2]]} {key}" if tree[6] else f"{key} {tree[2]} {value}"
    if kind == "between":
        return f"{tree[1]}{' NOT' * tree[4]} BETWEEN {literal(tree[1], tree[2])} AND {literal(tree[1], tree[3])}"
    if kind == "in":
        return f"{tree[1]}{' not' * tree[3]} in ({', '.join(literal(tree[1], value) for value in tree[2])})"
    if kind == "null":
        return f"{tree[1]} IS{' NOT' * tree[2]} NULL"
    if kind == "like":
        return f"s{' NOT' * tree[2]} LIKE '{tree[1]}'"
    if kind == "not":
        return f"NOT ({text_of(tree[1])})"
    return "(" + f" {kind} ".join(text_of(part) for part in tree[1]) + ")"


def truth(tree: Tree, values: dict[str, str]) -> bool | None:
    """SQL's three-valued logic, straight from the tree."""
    kind = tree[0]
    if kind in ("and", "or"):
        answers = [truth(part, values) for part in tree[1]]
        decisive = kind == "or"
        return decisive if decisive in answers else None if None in answers else not decisive
    if kind == "not":
        answer = truth(tree[1], values)
        return None if answer is None else not answer
    if kind == "null":
        return (values[tree[1]] == HIVE_NULL) != tree[2]
    if kind == "like":
        return None if values["s"] == HIVE_NULL else fits(tree[1], values["s"]) != tree[2]
    return compared(tree, values[tree[1]])


def compared(tree: Tree, written: str) -> bool | None:
    if written in (HIVE_NULL, "none", "soon"):
        return None
    read = READ[tree[1]]
    value = read(written)
    if tree[0] == "compare":
        return COMPARE[tree[2]](value, read(tree[3]))
    if tree[0] == "between":
        return bool(read(tree[2]) <= value <= read(tree[3])) != tree[4]
    return (value in [read(each) for each in tree[2]]) != tree[3]


def fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(fits(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and fits(pattern[1:], text[1:])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalog, list[dict[str, str]]]:
    """A table with a partition for many combinations of the values, and an index over two of its keys."""
    catalog = Catalog(State(f"sqlite:///{tmp_path_factory.mktemp('filters') / 'state.db'}"), now)
    catalog.create_database(SCOPE, Database("b"))
    keys = tuple(Column(name, kind) for name, kind in TYPES.items())
    indexes = [PartitionIndex("two", ("s", "n")), PartitionIndex("three", ("d", "i", "s"))]
    catalog.create_table(SCOPE, "b", Table("t", partition_keys=keys), indexes=indexes)
    rows = list(itertools.product(*VALUES.values()))[::7]
    assert catalog.create_partitions(SCOPE, "b", "t", [Partition(values) for values in rows]) == []
    return catalog, [dict(zip(TYPES, values, strict=True)) for values in rows]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_a_filter_finds_what_the_logic_of_sql_says(filled: tuple[Catalog, list[dict[str, str]]], tree: Tree) -> None:
    catalog, rows = filled
    expected = {tuple(row.values()) for row in rows if truth(tree, row)}
    page = catalog.partitions(SCOPE, "b", "t", text_of(tree))
    assert {partition.values for partition in page.items} == expected
    assert len(page.items) == len(expected)


WORDS = [*"isdn()=<>!',%_ 0123456789-.+*{}\"`", "/*", "and ", "or ", "not ", "in ", "is null"]


@settings(max_examples=100)
@given(words=st.lists(st.sampled_from(WORDS), max_size=20))
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    with contextlib.suppress(Invalid):
        parse("".join(words), KEYS)


@pytest.mark.parametrize(
    ("expression", "values", "holds"),
    [
        ("I = 3", ["3", "", "2024-01-01", "1"], True),
        ("3 < i", ["3", "", "2024-01-01", "1"], False),
        ('"i" == 3 and `s` = "x"', ["3", "x", "2024-01-01", "1"], True),
        ("(i) = (3)", ["3", "", "2024-01-01", "1"], True),
        (
            "((i)) in ((3), (4)) && ((d)) between ('2024-01-01') and (('2024-01-02'))",
            ["3", "", "2024-01-01", "1"],
            True,
        ),
        ("NOT (i) IS NULL and ! (s) LIKE ('b%')", ["3", "a", "2024-01-01", "1"], True),
        ("'2024-01-01' <= (d)", ["3", "x", "2024-01-01", "1"], True),
        ("i = -(7) and n < - 1.25 and i <> +7", ["-7", "x", "2024-01-01", "-1.5"], True),
        ("i = 3 -- the third\n and /* not *all* */ s ^= 'y'", ["3", "x", "2024-01-01", "1"], True),
        ("d = {d '2024-01-01'}", ["3", "x", "2024-01-01", "1"], True),
        ("s like '100!%%' escape '!'", ["3", "100%x", "2024-01-01", "1"], True),
        ("s like '100!%%' escape '!'", ["3", "1000", "2024-01-01", "1"], False),
        ("d >= DATE '2024-01-01'", ["3", "x", "2024-01-01", "1"], True),
        ("s like '100\\%'", ["3", "100%", "2024-01-01", "1"], True),
        ("s like '100\\%'", ["3", "1000", "2024-01-01", "1"], False),
        ("s like '%b%a_%c'", ["3", "xbxbaaxc", "2024-01-01", "1"], True),
        ("s like '%ab'", ["3", "abab", "2024-01-01", "1"], True),
        ("s like 'a%a'", ["3", "a", "2024-01-01", "1"], False),
        ("s = 'it''s'", ["3", "it's", "2024-01-01", "1"], True),
        ("i = '03'", ["3", "", "2024-01-01", "1"], True),
        ("not not i = 3", ["3", "", "2024-01-01", "1"], True),
    ],
)
def test_the_forms_of_the_language(expression: str, values: list[str], holds: bool) -> None:
    assert evaluator(parse(expression, KEYS), KEYS)(values) is holds


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("hour = 3", "hour is not a partition key of the table; its partition keys: i, s, d, n"),
        ("i = 'x'", "'x' is not a value of partition key i, which is of the type integer"),
        ("i = ", "needs a value at character"),
        ("i 3", "needs =, <>"),
        ("i = 3 s = 'x'", "needs AND, OR or the end at character 7, where there is 's'"),
        ("i in ()", "needs a value"),
        ("i between 3", "needs AND at character"),
        ("(i = 3", r"needs '\)' at character"),
        ("d = 2024-01-01", "Unsupported expression '2024-01-01'"),
        ("i = 3 and upper(s) = 'A' or i = 4", r"Unsupported expression 'upper\(s\) = 'A''"),
        ("i = i", "Unsupported expression 'i = i'"),
        ("1 = 1 and i = 3", "Unsupported expression '1 = 1'"),
        ("i + 1 = 4", "Unsupported expression 'i [+] 1 = 4'"),
        ("i", "Unsupported expression 'i'"),
        ("(i = 3) = 3", r"Unsupported expression '\(i = 3\) = 3'"),
        ("i = null", "Unsupported expression 'null'"),
        ("i = 3 ; drop", "cannot be read from '; drop' on"),
        ("i is 3", "needs NULL"),
        ("(" * 60 + "i = 3" + ")" * 60, "more than 50 parentheses"),
        ("d = '2024-02-30'", "'2024-02-30' is not a value of partition key d, which is of the type date"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_is_wrong(expression: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        evaluator(parse(expression, KEYS), KEYS)


def test_a_key_of_a_type_that_cannot_be_compared_is_refused() -> None:
    keys = Keys([Column("m", "map<int,int>")])
    with pytest.raises(Invalid, match=r"type map<int,int>, which no filter compares"):
        parse("m = 3", keys)


def test_a_pattern_that_could_be_tried_in_many_ways_is_tried_in_one() -> None:
    test = evaluator(parse("s like '" + "%a" * 200 + "%b'", KEYS), KEYS)
    assert test(["3", "a" * 1000, "2024-01-01", "1"]) is False


def test_moments_compare_to_the_fraction() -> None:
    keys = Keys([Column("t", "timestamp")])
    test = evaluator(parse("t > TIMESTAMP '2024-01-01 00:00:00.5'", keys), keys)
    written = ["2024-01-01 00:00:00.500000001", "2024-01-01 00:00:00.5", "2024-01-01", "2024-01-01T00:00:01"]
    assert [test([each]) for each in written] == [True, False, False, True]


def test_days_before_the_year_1000_sort_as_days() -> None:
    days = [date(1, 1, 1) + timedelta(days=step) for step in (0, 400, 365000)]
    keys = Keys([Column("d", "date")])
    test = evaluator(parse("d < '0900-01-01'", keys), keys)
    assert [test([day.isoformat()]) for day in days] == [True, True, False]
