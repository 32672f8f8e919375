"""Row filter expressions: what passes, what does not, and of which rows they are true, compared with SQLite."""

import sqlite3
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.catalog import HIVE_NULL, Column
from studiolo.domain import Invalid
from studiolo.governance.expressions import Truth, bound, check, never, parse
from studiolo.governance.making.masks import Masks

REFUSED = [
    "", "true -- ", "a = 1 /* x */", "a = b", "lower(a) = 'x'", "a in (select 1)", "(select 1) = a", "exists(select 1)",
    "a = 'x'; drop table t", "a = 'x' union select 1", "a = 1 limit 1", "a = 1 order by a", "t.a = 1", "a.b = 1",
    "a[1] = 1", "a like 'x' escape 'y'", "a ilike 'x'", "a like any ('x')", "a = 'x' collate y", "a = date '2020-01-01'",
    "a = cast('1' as int)", "a between symmetric 2 and 1", "case when a = 1 then true end", "a", "1 = 1", "'x' = 'x'",
    "a = null", "a is true", "a = ?", "a = :x", "@a = 1", "a = X'1F'", "a = 'x' 'y'", "a = 1 and", "*", "a <=> 1",
    "a = 1e999999999", "a = -1e-999999999", "a = \"b\"", "a + 1 = 2", "a = 1 + 1", "a in (b)", "a in ()",
    "(" * 500 + "a = 1" + ")" * 500, "a = '" + "x" * 2048 + "'",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_comparison_of_columns_with_constants_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


COLUMNS = (
    Column("s", "string"), Column("n", "int"), Column("d", "decimal(9,2)"), Column("b", "boolean"), Column("t", "date"),
)  # fmt: skip
KEYS = (Column("k", "int"),)


@pytest.mark.parametrize(
    "text",
    [
        "s = 1",
        "n = 'x'",
        "n = 1.5",
        "b = 'true'",
        "b > false",
        "t = '2020-01-01'",
        "k is null",
        "x = 1",
        "n like '1%'",
        "n = 1e30",
    ],
)
def test_a_constant_must_be_of_the_column_s_type_and_the_column_must_be_there(text: str) -> None:
    with pytest.raises(Invalid):
        check(parse(text), COLUMNS, KEYS)


def leaves() -> st.SearchStrategy[str]:
    operators = st.sampled_from(["=", "<>", "!=", "<", "<=", ">", ">="])
    words = st.sampled_from(["'a'", "'b'", "'ab'", "''", "'a%'"])
    numbers = st.sampled_from(["-1", "0", "1", "2"])
    return st.one_of(
        st.builds("s {} {}".format, operators, words),
        st.builds("n {} {}".format, operators, numbers),
        st.builds("{1} {0} n".format, operators, numbers),
        st.builds("s {} ({}, {})".format, st.sampled_from(["in", "not in"]), words, words),
        st.builds("n {}between {} and {}".format, st.sampled_from(["", "not "]), numbers, numbers),
        st.builds(
            "s {} {}".format, st.sampled_from(["like", "not like"]), st.sampled_from(["'a%'", "'_'", "'%b'", "'.*'"])
        ),
        st.builds("{} is {}null".format, st.sampled_from(["s", "n"]), st.sampled_from(["", "not "])),
    )


FILTERS = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
        st.builds("not ({})".format, inner),
    ),
    max_leaves=6,
)
ROWS: list[tuple[Any, Any]] = [(s, n) for s in (None, "", "a", "b", "ab", "A", "a.b") for n in (None, -1, 0, 1, 2)]


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.execute("create table t (i integer, s text, n integer)")
    connection.executemany("insert into t values (?, ?, ?)", [(i, *row) for i, row in enumerate(ROWS)])
    return connection


@given(text=FILTERS)
def test_a_filter_is_true_of_the_rows_that_sql_selects(database: sqlite3.Connection, text: str) -> None:
    wanted = [i for (i,) in database.execute(f"select i from t where {text} order by i")]
    arrays = {"s": pa.array([s for s, _ in ROWS], pa.string()), "n": pa.array([n for _, n in ROWS], pa.int32())}
    masks = Masks({column.name: column for column in COLUMNS}, arrays.get, len(ROWS))
    assert [i for i, kept in enumerate(masks.where(parse(text)).to_pylist()) if kept] == wanted


@given(text=FILTERS)
def test_what_is_said_of_partition_keys_is_decided_by_their_values(database: sqlite3.Connection, text: str) -> None:
    wanted = {i for (i,) in database.execute(f"select i from t where {text}")}
    keys = (Column("s", "string"), Column("n", "int"))
    for i, row in enumerate(ROWS):
        if row[0] != "":
            values = [HIVE_NULL if each is None else str(each) for each in row]
            decided = bound(parse(text), keys, values)
            assert isinstance(decided, Truth)
            assert (decided.value is True) == (i in wanted)


def test_a_partition_in_which_no_row_can_show_is_known_without_its_rows() -> None:
    condition = parse("k = 1 and s = 'x' or k = 2 and n > 0")
    assert never(bound(condition, KEYS, ["3"]))
    assert bound(condition, KEYS, ["1"]) == parse("s = 'x'")
