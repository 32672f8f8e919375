"""What policies say of a request."""

import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.identity.patterns import Pattern
from studiolo.identity.policies import Answer, Policies, Request, compile_policy
from tests.unit.identity.conftest import allow, policy, statement

LETTERS = st.text("ab:/[]!.*?", max_size=12)
PATTERNS = st.text("ab:/*?", max_size=8)


def evaluate(documents: list[str], request: Request) -> Answer:
    return Policies([compile_policy(document) for document in documents]).evaluate(request)[0]


def answer(document: str, action: str = "glue:GetTable", resource: str | None = "*", **context: str) -> Answer:
    keys = {key.replace("__", ":").lower(): (value,) for key, value in context.items()}
    return evaluate([document], Request(action, resource, keys))


def allowed(document: str, action: str = "glue:GetTable", resource: str | None = "*", **context: str) -> bool:
    return answer(document, action, resource, **context) is Answer.ALLOWED


def conditional(operator: str, key: str, value: Any) -> str:
    return allow("*", Condition={operator: {key: value}})


def matches_slowly(pattern: str, text: str) -> bool:
    """Wildcards by their definition."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(matches_slowly(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and matches_slowly(pattern[1:], text[1:])


@given(PATTERNS, LETTERS)
def test_wildcards_match_as_their_definition_says(pattern: str, text: str) -> None:
    assert Pattern(pattern).matches(text, {}) == matches_slowly(pattern, text)


@given(PATTERNS, LETTERS, PATTERNS, LETTERS)
def test_a_variable_s_value_means_itself_and_the_wildcards_around_it_match(
    before: str, value: str, after: str, text: str
) -> None:
    found = Pattern(f"{before}${{key}}{after}").matches(text, {"key": (value,)})
    places = [i for i in range(len(text) + 1) if text.startswith(value, i)]
    expected = any(matches_slowly(before, text[:i]) and matches_slowly(after, text[i + len(value) :]) for i in places)
    assert found == expected


def test_no_expression_is_compiled_of_what_a_request_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who says something else in every header would keep a processor busy and fill the memory."""
    pattern = Pattern("*${key}*${key}")
    monkeypatch.setattr("studiolo.identity.patterns.re.compile", None)
    assert pattern.matches("a" * 5000, {"key": ("aa",)})
    assert not pattern.matches("a" * 5000, {"key": ("ab" * 4000,)})


@given(LETTERS)
def test_brackets_in_a_pattern_mean_themselves(text: str) -> None:
    without = text.replace("*", "").replace("?", "")
    assert Pattern(without).matches(without, {})
    assert fnmatch.fnmatchcase("a", "[a]")
    assert not Pattern("[a]").matches("a", {})


def test_a_pattern_of_many_wildcards_is_answered_at_once() -> None:
    assert not Pattern("*a" * 60 + "b").matches("a" * 5000, {})


STATEMENTS = st.lists(
    st.builds(
        statement,
        st.sampled_from(["Allow", "Deny"]),
        st.sampled_from(["*", "glue:*", "glue:Get*", "glue:GetTable", "s3:*", "glue:CreateTable"]),
        st.sampled_from(["*", "arn:aws:glue:*", "arn:aws:s3:::*"]),
    ),
    min_size=1,
    max_size=6,
)


@given(STATEMENTS, st.randoms())
def test_a_deny_wins_and_order_does_not_matter(statements: list[dict[str, Any]], random: Any) -> None:
    request = Request("glue:GetTable", "arn:aws:glue:us-east-1:1:table/t")
    alone = {evaluate([policy(each)], request) for each in statements}
    expected = next((each for each in (Answer.DENIED, Answer.ALLOWED) if each in alone), Answer.SILENT)
    shuffled = list(statements)
    random.shuffle(shuffled)
    apart = [policy(each) for each in shuffled]
    assert evaluate([policy(*statements)], request) is expected
    assert evaluate(apart, request) is expected


PLACES = st.lists(
    st.sampled_from(
        ["*", "a:b/c", "a:b/*", "a:*", "a:b/c*", "a:?/c", "a:*/c", "a:b/${aws:username}", "${aws:username}"]
    ),
    min_size=1,
    max_size=3,
)
MANY = st.lists(
    st.builds(
        lambda effect, places, negated: {
            "Effect": effect, "Action": "s3:Get", ("NotResource" if negated else "Resource"): places,
        },
        st.sampled_from(["Allow", "Deny"]),
        PLACES,
        st.booleans(),
    ),
    max_size=8,
)  # fmt: skip


@given(
    MANY,
    st.sampled_from(["a:b/c", "a:b/cd", "a:x/c", "a:b", "b", "a:b/*", ""]),
    st.sampled_from([{}, {"aws:username": ("c",)}]),
)
def test_statements_are_found_by_resource_as_if_all_were_asked(
    statements: list[dict[str, Any]], resource: str, context: dict[str, tuple[str, ...]]
) -> None:
    together = Policies([compile_policy(policy(*statements))])
    request = Request("s3:Get", resource, context)
    named = [each for each in together.statements if each.resources and each.resources.matches(resource, context)]
    assert set(together.matched(request)) == set(named)
    allows = {each.allows for each in named}
    expected = Answer.DENIED if False in allows else Answer.ALLOWED if allows else Answer.SILENT
    assert together.evaluate(request)[0] is expected


def test_actions_match_whatever_their_case() -> None:
    assert allowed(allow("GLUE:getTable"))
    assert not allowed(allow("glue:GetTables"))


def test_not_action_allows_all_but_what_it_names() -> None:
    document = policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    assert allowed(document)
    assert not allowed(document, "iam:CreateRole")


def test_resources_match_with_their_case() -> None:
    document = allow("s3:*", "arn:aws:s3:::data/*")
    assert allowed(document, "s3:GetObject", "arn:aws:s3:::data/a/b.csv")
    assert not allowed(document, "s3:GetObject", "arn:aws:s3:::Data/a")
    assert not allowed(document, "s3:ListAllMyBuckets", "*")


def test_not_resource_denies_all_but_what_it_names() -> None:
    document = policy(
        statement("Allow", "s3:*"),
        {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::mine/*"},
    )
    assert allowed(document, "s3:GetObject", "arn:aws:s3:::mine/x")
    assert answer(document, "s3:GetObject", "arn:aws:s3:::other/x") is Answer.DENIED


def test_whether_there_is_any_resource_at_all_can_be_asked() -> None:
    one = "arn:aws:glue:us-east-1:1:table/one"
    assert allowed(allow("glue:*", one), resource=None)
    assert allowed(allow("glue:*", one, Condition={"Bool": {"aws:SecureTransport": "true"}}), resource=None)
    assert allowed(policy(statement("Allow", "glue:*"), statement("Deny", "glue:*", one)), resource=None)
    assert answer(policy(statement("Allow", "glue:*"), statement("Deny", "glue:*")), resource=None) is Answer.DENIED
    assert answer(allow("s3:*"), resource=None) is Answer.SILENT


@pytest.mark.parametrize(
    ("operator", "wanted", "meets", "fails"),
    [
        ("StringEquals", ["a", "b"], "b", "B"),
        ("StringNotEquals", ["a", "b"], "c", "a"),
        ("StringEqualsIgnoreCase", "Ab", "aB", "a"),
        ("StringNotEqualsIgnoreCase", "Ab", "a", "aB"),
        ("StringLike", "a*c?", "abbcd", "abbc"),
        ("StringNotLike", "a*", "b", "abc"),
        ("StringEquals", "a*", "a*", "ab"),
        ("ArnLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/ab", "arn:aws:iam::1:user/ab"),
        ("ArnEquals", "arn:*:role/a", "arn:*:role/a", "arn:aws:iam::1:role/a"),
        ("ArnNotLike", "arn:aws:iam::1:role/a*", "arn:aws:iam::1:role/b", "arn:aws:iam::1:role/ab"),
        ("Bool", "true", "True", "false"),
        ("Bool", True, "true", "false"),
        ("NumericEquals", 3, "3.0", "4"),
        ("NumericLessThan", "10", "9", "10"),
        ("NumericLessThanEquals", "10", "10", "many"),
        ("NumericGreaterThan", 10, "11", "10"),
        ("NumericNotEquals", 1, "2", "1"),
        ("DateLessThan", "2024-01-01T00:00:00Z", "2023-12-31T23:59:59+00:00", "2024-01-01T00:00:00Z"),
        ("DateGreaterThanEquals", "1704067200", "2024-01-01T00:00:00Z", "2023-12-31T00:00:00Z"),
        ("DateLessThan", "2024-01-01", "1704000000", "9" * 30),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", "11.1.2.3"),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", "10.1.2.3"),
        ("NotIpAddress", ["10.0.0.0/8", "127.0.0.1"], "11.1.2.3", "127.0.0.1"),
        ("BinaryEquals", "QQ==", "QQ==", "Qg=="),
    ],
)
def test_conditions_compare_as_their_operators_say(operator: str, wanted: Any, meets: str, fails: str) -> None:
    document = conditional(operator, "aws:Key", wanted)
    assert allowed(document, aws__Key=meets)
    assert not allowed(document, aws__Key=fails)


def test_a_missing_key_fails_a_match_and_meets_a_mismatch() -> None:
    assert not allowed(conditional("StringEquals", "aws:Key", "a"))
    assert allowed(conditional("StringNotEquals", "aws:Key", "a"))
    assert allowed(conditional("StringEqualsIfExists", "aws:Key", "a"))
    assert not allowed(conditional("StringEqualsIfExists", "aws:Key", "a"), aws__Key="b")


def test_null_asks_whether_a_key_is_missing() -> None:
    assert allowed(conditional("Null", "aws:Key", "true"))
    assert not allowed(conditional("Null", "aws:Key", "true"), aws__Key="a")
    assert allowed(conditional("Null", "aws:Key", False), aws__Key="a")


def test_sets_of_values_are_compared_all_or_any() -> None:
    every = [conditional("ForAllValues:StringLike", "aws:TagKeys", ["a*", "b"])]
    some = [conditional("ForAnyValue:StringLike", "aws:TagKeys", ["a*", "b"])]
    for values, all_match, any_match in ((("ab", "b"), True, True), (("ab", "c"), False, True), ((), True, False)):
        request = Request("glue:GetTable", "*", {"aws:tagkeys": values})
        assert (evaluate(every, request) is Answer.ALLOWED) == all_match
        assert (evaluate(some, request) is Answer.ALLOWED) == any_match


def test_conditions_of_one_statement_must_all_hold() -> None:
    document = allow("*", Condition={"StringEquals": {"aws:A": "1", "aws:B": "2"}, "Bool": {"aws:C": "true"}})
    assert allowed(document, aws__A="1", aws__B="2", aws__C="true")
    assert not allowed(document, aws__A="1", aws__B="2", aws__C="false")
    assert not allowed(document, aws__A="1", aws__C="true")


def test_variables_stand_for_values_of_the_request() -> None:
    document = allow("s3:*", "arn:aws:s3:::homes/${aws:PrincipalTag/team}/*")
    file = "arn:aws:s3:::homes/air/x"
    assert allowed(document, "s3:GetObject", file, **{"aws:PrincipalTag/team": "air"})
    assert not allowed(document, "s3:GetObject", file, **{"aws:PrincipalTag/team": "*"})
    assert not allowed(document, "s3:GetObject", file)
    assert allowed(allow("s3:*", "arn:aws:s3:::homes/${aws:username, 'air'}/*"), "s3:GetObject", file)
    assert allowed(allow("s3:*", "arn:aws:s3:::b/${*}"), "s3:GetObject", "arn:aws:s3:::b/*")


def test_a_value_that_is_no_base64_matches_no_bytes() -> None:
    document = conditional("BinaryEquals", "aws:UserAgent", "QmluYXJ5")
    assert allowed(document, aws__UserAgent="QmluYXJ5")
    assert not allowed(document, aws__UserAgent="Zoë")
