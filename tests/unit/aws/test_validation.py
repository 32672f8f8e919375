"""What a model states of parameters, and the services' words for breaking it."""

import re

import pytest

from studiolo.aws.errors import ServiceError
from studiolo.aws.models import operation_model
from studiolo.aws.validation import validate
from tests.unit.aws.models import operation

SHAPES = {
    "Name": {"type": "string", "min": 1, "max": 5, "pattern": "[a-z]+"},
    "Color": {"type": "string", "enum": ["RED", "BLUE"]},
    "Secret": {"type": "string", "max": 3, "sensitive": True},
    "Count": {"type": "integer", "min": 1, "max": 10},
    "Names": {"type": "list", "member": {"shape": "Name"}, "min": 1, "max": 2},
    "NameMap": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}, "max": 2},
    "Sparse": {"type": "list", "member": {"shape": "Name"}, "sparse": True},
    "Inner": {
        "type": "structure",
        "required": ["Name"],
        "members": {"Name": {"shape": "Name"}, "Next": {"shape": "Inner"}},
    },
    "Unicode": {"type": "string", "pattern": "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*"},
    "JavaOnly": {"type": "string", "pattern": "[a-z&&[^b]]+"},
    "Letters": {"type": "string", "pattern": "[\\p{L}]+"},
    "Endless": {"type": "string", "pattern": "[a-z]([-a-z]*[a-z]){0,39}"},
    "Bytes": {"type": "blob", "max": 2},
}
DO = operation(
    "json",
    {name: {"shape": name} for name in SHAPES if name != "Inner"} | {"Inner": {"shape": "Inner"}},
    traits={"required": ["Name"]},
    shapes=SHAPES,
)


def complaint(params: dict, do=DO, code="ValidationException") -> str:
    with pytest.raises(ServiceError) as caught:
        validate(do, params, code)
    assert (caught.value.code, caught.value.status) == (code, 400)
    return caught.value.message


def test_good_parameters_pass():
    inner = {"Name": "a", "Next": {"Name": "b", "Next": {"Name": "c"}}}
    validate(DO, {"Name": "abc", "Color": "RED", "Count": 10, "Names": ["a"], "NameMap": {"a": "b"}, "Inner": inner})
    validate(operation_model("sts", "GetCallerIdentity"), {})


def test_a_missing_required_member_is_told_in_the_services_words():
    words = "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
    assert complaint({}) == complaint({"Name": None}) == words
    assert complaint({}, code="InvalidInputException") == words


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        (
            "Name",
            "",
            "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "Name",
            "abcdef",
            "Value 'abcdef' at 'name' failed to satisfy constraint: Member must have length less than or",
        ),
        ("Name", "ABC", "Value 'ABC' at 'name' failed to satisfy constraint: Member must satisfy regular expression"),
        ("Name", "a\n", "Member must satisfy regular expression pattern: [a-z]+"),
        ("Color", "PINK", "Member must satisfy enum value set: [RED, BLUE]"),
        ("Secret", "abcd", "Value at 'secret' failed to satisfy constraint: Member must have length less than"),
        (
            "Count",
            0,
            "Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        ("Count", 11, "Member must have value less than or equal to 10"),
        ("Names", [], "Value '[]' at 'names' failed to satisfy constraint: Member must have length greater than or"),
        (
            "Names",
            ["a", "b", "c"],
            "Value '[a, b, c]' at 'names' failed to satisfy constraint: Member must have length less",
        ),
        (
            "Names",
            ["a", "B"],
            "Value 'B' at 'names.2.member' failed to satisfy constraint: Member must satisfy regular",
        ),
        ("Names", [None], "Value null at 'names.1.member' failed to satisfy constraint: Member must not be null"),
        (
            "NameMap",
            {"A": "b"},
            "Value 'A' at 'nameMap' failed to satisfy constraint: Map keys must satisfy constraint: [",
        ),
        ("NameMap", {"a": "B"}, "Value 'B' at 'nameMap.a.member' failed to satisfy constraint: Member must satisfy"),
        (
            "NameMap",
            {"a": None},
            "Value null at 'nameMap.a.member' failed to satisfy constraint: Member must not be null",
        ),
        ("Inner", {}, "Value null at 'inner.name' failed to satisfy constraint: Member must not be null"),
        ("Inner", {"Name": "a", "Next": {"Next": {"Name": "a"}}}, "Value null at 'inner.next.name' failed to satisfy"),
        (
            "Unicode",
            "a\x00",
            "at 'unicode' failed to satisfy constraint: Member must satisfy regular expression pattern",
        ),
        ("Bytes", b"abc", "Member must have length less than or equal to 2"),
    ],
)
def test_each_constraint_has_its_words(member, value, words):
    message = complaint({"Name": "ok", member: value})
    assert words in message
    assert message.startswith("1 validation error detected: ")


def test_several_violations_are_told_at_once():
    message = complaint({"Color": "PINK", "Count": 0})
    assert message.startswith("3 validation errors detected: Value null at 'name'")
    assert len(re.findall("failed to satisfy constraint", message)) == 3
    assert "; Value 'PINK' at 'color'" in message


def test_patterns_only_java_understands_are_skipped_and_sparse_lists_may_hold_nulls():
    validate(DO, {"Name": "ok", "JavaOnly": "123", "Unicode": "漢😀\t", "Sparse": [None], "Letters": "Straße"})


@pytest.mark.parametrize(("member", "value"), [("Letters", "a1"), ("Letters", "\ud800"), ("Endless", "a" * 60 + "!")])
def test_patterns_of_unicode_s_classes_and_such_as_could_take_forever_are_checked(member, value):
    message = complaint({"Name": "ok", member: value})
    assert f"at '{member.lower()}' failed to satisfy constraint: Member must satisfy regular expression" in message


def test_a_real_operation_is_checked_by_its_model():
    create = operation_model("sagemaker", "CreateTrainingJob")
    message = complaint({"TrainingJobName": "-bad", "RoleArn": "arn:aws:iam::000000000000:role/r"}, create)
    assert "Value '-bad' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular" in message
    assert "Value null at 'outputDataConfig'" in message
