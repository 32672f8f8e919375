"""DQDL as it is read, without Spark."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awsgluedq.conditions import ConditionError, resolved
from awsgluedq.lexer import RulesetError
from awsgluedq.parser import parse
from awsgluedq.ruleset import Composite, Rule


def rule_of(text: str) -> Rule:
    (rule,) = parse(f"Rules = [{text}]").rules
    assert isinstance(rule, Rule)
    return rule


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('Rules = [ Complteness "a" > 1 ]', r"Line 1 .*no rule type Complteness. Is it Completeness\?"),
        ("Rules = [\n  RowCount >\n]", r"Line 3 .*Expected a value, and found \]"),
        ("Rules = [ RowCount ]", "Expected a condition after RowCount, such as"),
        ('Rules = [ IsComplete "a"\n IsUnique "b" ]', r'Line 2 .*Expected "," or "\]" .*found IsUnique'),
        ('Rules = [ IsComplete "a ]', "quotes do not end"),
        ('Rules = [ IsComplete "a" > 3 ]', "IsComplete has no condition"),
        ("Rules = [ IsComplete ]", "IsComplete is followed by 1 text in double quotes, not 0"),
        ("Rules = [ Mean colA > 1 ]", "Mean is followed by 1 text in double quotes, not 0"),
        ("Rules = [ RowCount between 1 or 2 ]", 'Expected "and" after RowCount between, and found or'),
        ('Rules = [ (IsComplete "a" ]', r'Expected "\)"'),
        ("Rules = [ CustomSql $q > 1 ]", 'no constant \\$q: define it above as q = "..."'),
        ('Rules = [ Mean "a" > 1 with threshold > 0.5 ]', "Mean has no threshold"),
        ("Rules = [ RowCount > middle(last(3)) ]", "no function middle. Those there are: now, last, avg"),
        ("Rules = [ RowCount > last(0) ]", "a whole number from 1"),
        ('Rules = [ DetectAnomalies "RowCount" ]', "DetectAnomalies is not supported here: .*avg"),
        ('Rules = [ FileSize "a" "b" > 3 MB ]', "FileSize is followed by 0 to 1 texts in double quotes, not 2"),
        ('Rules = [ FileSize > 3 MB with hashAlgorithm = "MD5" ]', "is written with threshold or .* not with hashAlg"),
        ('Rules = [ RowCount > 3 with format = "MM" ]', "RowCount is written with nothing, and not with format"),
        ("Analyzers = [ AllStatistics ]", "AllStatistics is followed by 1 text in double quotes, not 0"),
        ('Rules = [ Distribution "a" ]', "Distribution is an analyzer only"),
        ('Analyzers = [ Distribution "a" with bins = 3, RowCount = 2 ]', "has no condition there"),
        ("Analyzers = [ RowCount > 3 ]", "has no condition there"),
        ("", r"Expected Rules = \[ ... \] or Analyzers"),
        ("Rules = [ RowCount > 1 ] ;", "';', which is not DQDL"),
    ],
)
def test_what_is_not_dqdl_is_refused_with_its_line_and_what_was_expected(document: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(document)


def test_a_document_has_constants_comments_labels_analyzers_and_composite_rules() -> None:
    ruleset = parse(
        """
        rows = "select count(*) from primary"  # a constant
        DefaultLabels = ["team" = "sales"]
        Rules = [
            // Either of them is a comment.
            CustomSql $rows between 0 and 100,
            ((Mean "x" > -3) AND (IsUnique "a" "b")) or (RowCount != 1) labels=["team"="it"],
            (IsComplete "c") and (IsComplete "d") or (IsComplete "e"),
        ]
        Analyzers = [ DistinctValuesCount "Name", ColumnLength "Name" ]
        """
    )
    first, second, third = ruleset.rules
    assert isinstance(first, Rule)
    assert (first.parameters, first.labels) == (("select count(*) from primary",), {"team": "sales"})
    assert isinstance(second, Composite)
    assert second.operator == "or"
    assert [part.text for part in second.rules] == ['((Mean "x" > -3) AND (IsUnique "a" "b"))', "(RowCount != 1)"]
    assert isinstance(third, Composite)
    assert third.operator == "or"
    assert [analyzer.text for analyzer in ruleset.analyzers] == ['DistinctValuesCount "Name"', 'ColumnLength "Name"']


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ('ColumnValues   " Total  " >\n 15', 'ColumnValues " Total  " > 15'),
        ('IsComplete "a#b" # so', 'IsComplete "a#b"'),
        ('CustomSql "select \\"a  b\\" from primary"   > 1', 'CustomSql "select \\"a  b\\" from primary" > 1'),
    ],
)
def test_a_rule_is_shown_as_it_was_written_with_single_spaces(text: str, tidied: str) -> None:
    assert rule_of(text + "\n").text == tidied


@pytest.mark.parametrize(
    ("expression", "evaluated"),
    [
        ("> last()", "> 4.0"),
        ("> avg(last(10))*0.5", "> 1.25"),
        ("between min(last(2))-1 and max(last(10))+1", "between 2.0 and 5.0"),
        ("= index(last(3), 2)", "= 2.0"),
        ("< (sum(last(4)) + median(last(3))) / 2", "< 6.5"),
        ("> std(last(1))", "> 0.0"),
        ("> abs(avg(last(2)))", "> 3.5"),
    ],
)
def test_conditions_look_back_to_the_newest_values(expression: str, evaluated: str) -> None:
    rule = rule_of(f"RowCount {expression}")
    assert rule.condition
    _, values = resolved(rule.condition, lambda count: [4.0, 3.0, 2.0, 1.0][:count])
    assert rule.evaluated(values) == f"RowCount {evaluated}"


@pytest.mark.parametrize(("expression", "message"), [("last(5)", "avg"), ("index(last(2), 2)", "more than the 2")])
def test_what_is_not_one_number_is_refused(expression: str, message: str) -> None:
    rule = rule_of(f"RowCount > {expression}")
    assert rule.condition
    with pytest.raises(ConditionError, match=message):
        resolved(rule.condition, lambda count: [4.0, 3.0, 2.0][:count])


WORDS = ["Rules", "Analyzers", "=", "[", "]", "(", ")", ",", "RowCount", "IsComplete", "CustomSql", '"a"', "$q", "q", "3",
         "days", "-", "*", "/", "now()", "last(2)", "avg(", "between", "and", "or", "not", "in", "matches", "NULL", "where",
         "with threshold", "with format", "labels", ">", "!=", "#", "\n", '"', "{", ";"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_whatever_is_written_is_read_or_refused_with_its_line(text: str) -> None:
    for document in (text, f"Rules = [ RowCount {text} ]"):
        try:
            parse(document)
        except RulesetError as error:
            assert str(error).startswith("Line ")  # noqa: PT017
