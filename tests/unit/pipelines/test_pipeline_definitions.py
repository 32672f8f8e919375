"""What pipeline definitions say, and how those that cannot be run are refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Invalid
from studiolo.pipelines.conditions import holds
from studiolo.pipelines.definition import read_definition
from studiolo.pipelines.durations import DAY, seconds_of
from studiolo.pipelines.errors import Unresolved
from studiolo.pipelines.expressions import parts_of, resolved, walked
from studiolo.pipelines.parameters import Parameter, values_of
from studiolo.pipelines.retries import next_attempt


def step(name: str, kind: str = "Training", **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": {}, **more}


def definition(*steps: Any, **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": steps, **more})


def get(reference: str) -> dict[str, str]:
    return {"Get": reference}


def test_steps_wait_for_what_they_name_what_they_refer_to_and_the_condition_above_them() -> None:
    found = read_definition(
        definition(
            step(
                "Decide",
                "Condition",
                Arguments={
                    "Conditions": [{"Type": "Equals", "LeftValue": get("Steps.B.X"), "RightValue": 1}],
                    "IfSteps": [step("Then", Arguments={"A": get("Steps.A.X[0]['k'].Y")})],
                    "ElseSteps": [],
                },
            ),
            step("B", DependsOn=["A"]),
            step("A"),
        )
    )
    assert [(each.name, sorted(each.needs), each.within) for each in found.steps] == [
        ("A", [], ()),
        ("B", ["A"], ()),
        ("Decide", ["B"], ()),
        ("Then", ["A", "Decide"], (("Decide", True),)),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "It is no JSON"),
        ("[]", "Expecting start of Json Object"),
        (definition(), "between 1 and 50 steps"),
        (json.dumps({"Version": "1", "Steps": []}), "Unsupported version '1'"),
        (definition({"Name": "A"}), "Required property 'Type' not found"),
        (definition(step("A", "Nope")), "Unknown type 'Nope' of step 'A'"),
        (definition(step("A", "QualityCheck")), "type 'QualityCheck' is not supported by Studiolo"),
        (definition(step("A", "Callback")), "Required property 'SqsQueueUrl' not found in step 'A'"),
        (definition(step("A"), step("A")), "Step names must be unique"),
        (definition(step("A", DependsOn=["B"]), step("B", DependsOn=["A"])), "Cycle detected in pipeline steps: A, B"),
        (definition(step("A", DependsOn=["B"])), "depends on steps that are not in the pipeline: B"),
        (definition(step("A", Arguments={"X": get("Parameters.P")})), r"Invalid property reference \[Parameters.P\]"),
        (definition(step("A", Arguments={"X": get("Steps.B.Y")})), r"Invalid property reference \[Steps.B.Y\]"),
        (definition(step("A", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})), "no duration of ISO 8601"),
        (definition(step("A", "EMR", Arguments={"StepConfig": {}})), "either 'ClusterId' or 'ClusterConfig'"),
        (
            definition(step("A", "EMR", Arguments={"StepConfig": {}, "ClusterConfig": {}})),
            "'Instances' not found in the ClusterConfig",
        ),
        (
            definition(step("A", "Condition", Arguments={"Conditions": [{"Type": "Xor"}]})),
            "Unknown condition type 'Xor'",
        ),
        (definition(step("A"), Parameters=[{"Name": "P", "Type": "Integer", "DefaultValue": "1"}]), "is no Integer"),
    ],
)
def test_a_definition_that_can_never_run_is_refused_with_its_reason(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=f"Unable to parse pipeline definition. .*{words}"):
        read_definition(text)


def test_parameters_have_their_types_and_defaults_and_only_values_of_their_enums() -> None:
    declared = [
        Parameter("count", "Integer", 2),
        Parameter("rate", "Float"),
        Parameter("kind", "String", "a", ("a", "b")),
        Parameter("on", "Boolean", False),
    ]
    assert values_of(declared, {"rate": "0.5", "on": "true"}) == {"count": 2, "rate": 0.5, "kind": "a", "on": True}
    for given_values, words in (
        ({}, r"\[rate\] have no default value"),
        ({"rate": "1", "other": "1"}, r"\[other\] are not defined"),
        ({"rate": "x"}, "is no Float"),
        ({"rate": "1", "kind": "c"}, r"not one of its enum values \[a, b\]"),
    ):
        with pytest.raises(Invalid, match=words):
            values_of(declared, given_values)


def test_expressions_are_joined_read_and_walked() -> None:
    def read_json(asked: Any) -> Any:
        return walked({"a": [{"b c": asked["S3Uri"]}]}, parts_of(asked["Path"]), "it")

    uri = {"Std:Join": {"On": "/", "Values": ["s3:/", get("x"), 7, True]}}
    asked = {"Std:JsonGet": {"S3Uri": uri, "Path": "$.a[0]['b c']"}}
    assert resolved({"n": [asked]}, {"x": "bucket"}.__getitem__, read_json) == {"n": ["s3://bucket/7/true"]}


def test_lists_are_entered_by_the_names_of_their_entries() -> None:
    answer = {"Outputs": [{"OutputName": "train", "S3Output": {"S3Uri": "s3://a"}}]}
    assert walked(answer, parts_of("Outputs['train'].S3Output.S3Uri"), "it") == "s3://a"
    with pytest.raises(Unresolved, match="there is no test"):
        walked(answer, parts_of("Outputs['test']"), "it")


@given(st.lists(st.one_of(st.text("abc d", min_size=1), st.integers(0, 99)), min_size=1))
def test_every_path_that_is_written_in_brackets_is_read_as_it_was(parts: list[str | int]) -> None:
    assert parts_of("".join(f"[{part!r}]" for part in parts)) == parts


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ({"Type": "Equals", "LeftValue": "a", "RightValue": "a"}, True),
        ({"Type": "GreaterThan", "LeftValue": "2.5", "RightValue": 2}, True),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": 2, "RightValue": 3}, False),
        ({"Type": "LessThan", "LeftValue": 2, "RightValue": 2.0}, False),
        ({"Type": "LessThanOrEqualTo", "LeftValue": 2, "RightValue": 2.0}, True),
        ({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]}, True),
        ({"Type": "Not", "Condition": {"Type": "In", "QueryValue": 1, "Values": []}}, True),
        (
            {
                "Type": "Or",
                "Conditions": [
                    {"Type": "Equals", "LeftValue": 1, "RightValue": 2},
                    {"Type": "Equals", "LeftValue": True, "RightValue": True},
                ],
            },
            True,
        ),
    ],
)
def test_conditions_hold_as_they_say(condition: dict[str, Any], verdict: bool) -> None:
    assert holds(condition) is verdict


@pytest.mark.parametrize(
    ("text", "seconds"), [("P30D", 30 * DAY), ("PT1H", 3600), ("30d", 30 * DAY), ("T16m", 960), ("30dT5h", 2610000)]
)
def test_durations_are_of_iso_8601_or_sagemaker_s_own(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_retries_wait_longer_each_time_until_the_policy_ends() -> None:
    policy = {"ExceptionType": ["SageMaker.CAPACITY_ERROR"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 2}
    assert [next_attempt([policy], None, "CapacityError: none", n, 0, 100) for n in (1, 2, 3)] == [110, 130, None]
    assert next_attempt([policy], None, "AlgorithmError: no", 1, 0, 100) is None
    brief = {"ExceptionType": "Step.THROTTLING", "ExpireAfterMin": 1}
    assert next_attempt([brief], "ThrottlingException", "", 1, first=0, now=50) == 51
    assert next_attempt([brief], "ThrottlingException", "", 1, first=0, now=60) is None
