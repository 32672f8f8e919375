"""What the magics of sessions make of values."""

import math
from datetime import date
from typing import Any

import pytest
from IPython.core.error import UsageError

from studiolo.kernel.magics import _as_json, _as_table


@pytest.mark.parametrize(
    ("rows", "headers", "data"),
    [
        ([[1, "a"], [3, None]], [("0", "BIGINT_TYPE"), ("1", "STRING_TYPE")], [[1, "a"], [3, None]]),
        ([{"d": None}, {"d": date(2026, 1, 2)}], [("d", "DATE_TYPE")], [[None], ["2026-01-02"]]),
        (7, [("0", "BIGINT_TYPE")], [[7]]),
    ],
)
def test_rows_are_a_table_as_livy_tells_them(rows: Any, headers: list[tuple[str, str]], data: list[list[Any]]) -> None:
    assert _as_table(rows) == {"headers": [{"name": name, "type": of} for name, of in headers], "data": data}


def test_a_column_of_several_types_is_refused() -> None:
    with pytest.raises(UsageError, match="column 0"):
        _as_table([[1], ["a"]])


def test_what_json_has_no_number_for_is_a_text() -> None:
    assert _as_json([math.nan, -math.inf, 1.5]) == ["NaN", "-Infinity", 1.5]
