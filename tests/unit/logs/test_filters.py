"""Filter patterns for JSON and for columns."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studiolo.domain import Invalid
from studiolo.logs.filters import compile_extraction, compile_filter

EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "errorCode": 400,
        "latency": 1.5e-3,
        "ok": True,
        "gone": None,
        "arrayKey": ["value", "another value"],
        "objectList": [{"flag": True, "id": 1}, {"flag": False, "id": "2"}],
        "dotted.name": {"with space": "x"},
    }
)
LINE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{$.eventType=UpdateTrail}", True),
        ('{ $.eventType = "Update*" }', True),
        ('{ $.eventType = "*Trail*x" }', False),
        ('{ $.eventType != "UpdateTrail" }', False),
        ('{ $.missing != "x" }', False),
        ('{ $.sourceIPAddress != "123.123.*" }', True),
        ("{ $.sourceIPAddress = %111.1{3}% }", True),
        ("{ $.sourceIPAddress != %^222% }", True),
        ("{ $.errorCode = 400 }", True),
        ("{ $.errorCode = 4* }", True),
        ("{ $.errorCode >= 4e2 && $.errorCode < 401 }", True),
        ("{ $.latency < 2e-3 }", True),
        ("{ $.eventType > 3 }", False),
        ("{ $.ok IS TRUE }", True),
        ("{ $.ok IS FALSE }", False),
        ("{ $.gone IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.gone NOT EXISTS }", False),
        ("{ $.gone EXISTS }", True),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[2] = "*" }', False),
        ('{ $.arrayKey[*] = "another*" }', True),
        ("{ $.objectList[1].flag IS FALSE }", True),
        ("{ $.objectList[*].id = 2 }", True),
        ('{ $.["dotted.name"]["with space"] = "x" }', True),
        ("{ ($.errorCode = 1 || $.errorCode = 400) && $.ok IS TRUE }", True),
        ("{ $.errorCode = 400 || $.errorCode = 1 && $.ok IS FALSE }", True),
        ("{ ($.errorCode = 400 || $.errorCode = 1) && $.ok IS FALSE }", False),
    ],
)
def test_a_pattern_for_json_holds_of_the_values_that_it_names(pattern: str, holds: bool) -> None:
    assert compile_filter(pattern)(EVENT) is holds


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ("[ip, user, username, timestamp, request, status_code, bytes]", True),
        ("[ip, user, username, timestamp, request, status_code]", False),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", True),
        ("[..., request =*.html*, status_code = 4*, bytes > 1000]", True),
        ("[ip, ..., status_code, bytes >= 1535]", False),
        ("[..., status = 404 || status = 410, bytes]", True),
        ("[ip!=%^10% && ip!=192*, ...]", True),
        ("[ip != 127.0.0.1, ...]", False),
        ('[ip, user, username = "fr*", timestamp, ...]', True),
        ("[ip, user, username > 3, ...]", False),
        ("[,,,,, (status = 4* || status = 5*) && status != 410,]", True),
    ],
)
def test_a_pattern_for_columns_holds_of_those_between_spaces(pattern: str, holds: bool) -> None:
    assert compile_filter(pattern)(LINE) is holds


def test_what_a_pattern_names_is_taken_out_of_the_message() -> None:
    columns = compile_extraction("[ip, user, ..., request, status, bytes]")(LINE)
    assert columns == {
        "$ip": "127.0.0.1",
        "$user": "-",
        "$request": "GET /index.html HTTP/1.0",
        "$status": "404",
        "$bytes": "1534",
    }
    selected = compile_extraction("{ $.errorCode = 400 && $.objectList[0].flag IS TRUE }")(EVENT)
    assert selected == {"$.errorCode": "400", "$.objectList[0].flag": "true"}
    assert compile_extraction("frank")(LINE) == {}
    assert compile_extraction("george")(LINE) is None


@pytest.mark.parametrize("message", ["not JSON", '"text"', "[" * 5000, '{"a": ', "", "7"])
def test_what_is_no_json_fits_no_pattern_for_json(message: str) -> None:
    assert not compile_filter("{ $.a NOT EXISTS }")(message)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{ $.a = }", "needs a value at character 9, where there is '}'"),
        ("{ $.a = 1", "needs '}' at character 10, where it ends"),
        ("{ $.a = 1 } x", "needs its end"),
        ("{ a = 1 }", "needs what to compare"),
        ("{ $.a }", "needs =, !="),
        ("{ $.a > x }", "> compares with a number, which 'x' is not"),
        ("{ $.a = %(x)% }", "may not have parentheses"),
        ("{ $.a = %x% || $.a = %y% || $.a = %z% }", "more than 2 regular expressions"),
        ("[a, a]", "a name of its own"),
        ("[..., a, ...]", "more than one"),
        ("[a = 1 && b = 2]", "no column b"),
        ("[a", "needs ','"),
        ("{ " + "(" * 60 + "$.a = 1", "more than 50 parentheses"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_refused_with_what_it_needs(pattern: str, said: str) -> None:
    with pytest.raises(Invalid, match=said.replace("(", r"\(")):
        compile_filter(pattern)


VALUES = st.sampled_from([None, True, False, 0, 1, 2.5, "", "a", "ab", "1"])
LEAVES = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["=", "!=", "<", ">="]), st.integers(0, 2))
TREES = st.recursive(LEAVES, lambda inner: st.tuples(st.sampled_from(["&&", "||"]), inner, inner), max_leaves=6)


def text_of(tree: Any) -> str:
    if tree[0] in ("&&", "||"):
        return f"({text_of(tree[1])} {tree[0]} {text_of(tree[2])})"
    return f"$.{tree[0]} {tree[1]} {tree[2]}"


def truth(tree: Any, record: dict[str, Any]) -> bool:
    if tree[0] in ("&&", "||"):
        left, right = truth(tree[1], record), truth(tree[2], record)
        return (left and right) if tree[0] == "&&" else (left or right)
    value, number = record.get(tree[0]), tree[2]
    if value is None:
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bool({"=": value == number, "!=": value != number, "<": value < number, ">=": value >= number}[tree[1]])
    equal = value == str(number)
    return bool({"=": equal, "!=": not equal}.get(tree[1], False))


@settings(max_examples=150)
@given(tree=TREES, record=st.dictionaries(st.sampled_from(["a", "b"]), VALUES))
def test_conditions_hold_as_their_parts_do(tree: Any, record: dict[str, Any]) -> None:
    assert compile_filter(f"{{ {text_of(tree)} }}")(json.dumps(record)) is truth(tree, record)


@settings(max_examples=100)
@given(words=st.lists(st.sampled_from([*'{}[](),=!<>&|%*$."? -a1', "IS ", "NOT ", "EXISTS", "..."]), max_size=15))
def test_any_text_is_a_pattern_or_refused(words: list[str]) -> None:
    for opening in ("", "{", "["):
        with contextlib.suppress(Invalid):
            compile_filter(opening + "".join(words))(EVENT)
