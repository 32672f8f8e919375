"""Templates as values: functions, parameters, loops, what refers to what."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.domain import Scope
from studiolo.stacks.template import Template, TemplateInvalid, load, parameters, pseudo, transformed
from tests.unit.stacks.test_transforms import World

VALUES = {**pseudo(Scope("123456789012", "eu-west-1"), "air", "arn:stack", []), "Names": ["a", "b"], "Name": "x"}


class Things:
    """Resources whose attributes are their names."""

    def resource(self, logical: str, attribute: str | None) -> Any:
        return f"{logical}-{attribute}" if attribute else logical.lower()

    def export(self, name: str) -> Any:
        return f"exported {name}"

    def output(self, stack: str, name: str, region: str | None, role: str | None) -> Any:
        return f"{name} of {stack} in {region}"

    def zones(self, region: str) -> list[str]:
        return [f"{region}a", f"{region}b"]


def valued(yaml: str) -> Any:
    body = load(
        "Parameters: {Name: {Type: String}, Names: {Type: CommaDelimitedList}}\n"
        "Mappings: {Map: {eu-west-1: {size: 3, list: [p, q]}}}\n"
        "Conditions: {Ja: !Equals [1, '1'], Nein: !Not [!Condition Ja], Both: !And [!Condition Ja, !Condition Nein]}\n"
        f"Resources: {{Thing: {{Type: T, Properties: {{Value: {yaml}}}}}}}"
    )
    evaluator = Template(body).evaluator(VALUES)
    evaluator.resources = Things()
    return evaluator.value(evaluator.fold(body["Resources"]["Thing"]["Properties"])).get("Value", "nothing")


@pytest.mark.parametrize(
    ("yaml", "value"),
    [
        ("!Ref Name", "x"),
        ("!Ref Thing", "thing"),
        ("!GetAtt Thing.Arn.Part", "Thing-Arn.Part"),
        ("{'Fn::GetAtt': [Thing, Arn]}", "Thing-Arn"),
        ('!Sub "${Name} ${Thing} ${Thing.Arn} ${!Literal} ${AWS::Region}"', "x thing Thing-Arn ${Literal} eu-west-1"),
        ('!Sub ["${A}-${Name}", {A: !Join [",", !Ref Names]}]', "a,b-x"),
        ('!Join ["", [a, 1, true]]', "a1true"),
        ('!Select ["1", !Ref Names]', "b"),
        ('!Split ["-", a-b]', ["a", "b"]),
        ("!FindInMap [Map, !Ref AWS::Region, size]", 3),
        ("!FindInMap [Map, nowhere, size, {DefaultValue: 9}]", 9),
        ('!GetAZs ""', ["eu-west-1a", "eu-west-1b"]),
        ("!Base64 hi", "aGk="),
        ("!ImportValue other", "exported other"),
        ("{'Fn::GetStackOutput': {StackName: !Sub 's-${Name}', OutputName: O, Region: r}}", "O of s-x in r"),
        ("!If [Ja, one, two]", "one"),
        ("!If [Both, one, !Ref AWS::NoValue]", "nothing"),
        ("[a, !If [Nein, b, !Ref AWS::NoValue]]", ["a"]),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("{'Fn::Length': [1, 2]}", 2),
        ("{'Fn::ToJsonString': {a: [1]}}", '{"a":[1]}'),
        ("{Yes: {12: a}}", {"Yes": {"12": "a"}}),
        ("2012-10-17", "2012-10-17"),
        ("012345678901", "012345678901"),
    ],
)
def test_a_function_comes_to_its_value(yaml: str, value: Any) -> None:
    assert valued(yaml) == value


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("!Select [5, [a]]", "cannot select nonexistent value at index 5"),
        ("!FindInMap [Map, nowhere, size]", "Unable to get mapping for Map::nowhere::size"),
        ("!Ref Nobody", "Unresolved resource dependencies"),
        ("{'Fn::Nothing': a}", "Unknown function Fn::Nothing"),
        ("!If [Nowhere, a, b]", "Unresolved condition dependency Nowhere"),
        ("!Join [a]", "every Fn::Join object requires a list of 2"),
    ],
)
def test_a_wrong_function_says_what_is_wrong(yaml: str, words: str) -> None:
    with pytest.raises(TemplateInvalid, match=words):
        valued(yaml)


@given(st.integers(0, 255), st.integers(1, 64))
def test_cidr_blocks_are_disjoint_parts_of_the_block(second: int, count: int) -> None:
    whole = ipaddress.ip_network(f"10.{second}.0.0/16")
    blocks = [ipaddress.ip_network(each) for each in valued(f"!Cidr ['{whole}', {count}, 8]")]
    assert len(set(blocks)) == count
    assert all(block.subnet_of(whole) and block.prefixlen == 24 for block in blocks)  # type: ignore[arg-type]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="${}")))
def test_a_text_without_variables_is_itself(text: str) -> None:
    evaluator = Template({"Resources": {"Thing": {"Type": "T"}}}).evaluator(VALUES)
    assert evaluator.value({"Fn::Sub": text}) == text


def declared(**parameter: Any) -> Template:
    return Template({"Parameters": {"P": parameter}, "Resources": {"Thing": {"Type": "T"}}})


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        ({"Type": "String", "Default": "d"}, None, "d"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": "3"}, "2", "2"),
        ({"Type": "CommaDelimitedList"}, "a, b", ["a", "b"]),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, "s-1", ["s-1"]),
        ({"Type": "AWS::SSM::Parameter::Value<List<String>>"}, "/name", ["of", "/name"]),
    ],
)
def test_a_parameter_comes_to_its_value(parameter: dict[str, Any], text: str | None, value: Any) -> None:
    found = parameters(declared(**parameter), {} if text is None else {"P": text}, lambda name: f"of,{name}")
    assert found["P"].value == value


@pytest.mark.parametrize(
    ("parameter", "text", "words"),
    [
        ({"Type": "String"}, None, r"Parameters: \[P\] must have values"),
        ({"Type": "String", "AllowedValues": ["a", 1]}, "b", "must be one of AllowedValues"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "small letters"},
            "A",
            "small letters",
        ),
        ({"Type": "String", "MaxLength": "2"}, "abc", "at most 2 characters"),
        ({"Type": "Number", "MaxValue": 3}, "4", "not greater than 3"),
        ({"Type": "Number"}, "four", "must be a number"),
        ({"Type": "String", "AllowedPattern": "(a+)+$"}, "a" * 60 + "b", "must match pattern"),
    ],
)
def test_a_value_that_breaks_a_constraint_is_refused(parameter: dict[str, Any], text: str | None, words: str) -> None:
    with pytest.raises(TemplateInvalid, match=words):
        parameters(declared(**parameter), {} if text is None else {"P": text}, str)


def test_a_loop_makes_a_resource_of_each_item() -> None:
    body = load(
        """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Topics:
    - Name
    - !Ref Names
    - Topic${Name}:
        Type: AWS::SNS::Topic
        Properties: {TopicName: !Sub "t-${Name}", DisplayName: !Ref Name, Tags: [{Key: k, Value: "v-${Name}"}]}
Outputs:
  Fn::ForEach::Told:
    - Name
    - !Ref Names
    - "Told${Name}":
        Value:
          Fn::GetAtt: [!Sub "Topic${Name}", TopicName]
  One:
    Value: {Ref: {"Fn::Join": ["", [Topic, !Select [0, !Ref Names]]]}}
"""
    )
    made = transformed(body, VALUES, World())
    assert made["Resources"]["Topicb"]["Properties"] == {
        "TopicName": {"Fn::Sub": "t-b"},
        "DisplayName": "b",
        "Tags": [{"Key": "k", "Value": "v-b"}],
    }
    assert set(made["Resources"]) == {"Topica", "Topicb"}
    assert made["Outputs"]["Tolda"]["Value"] == {"Fn::GetAtt": ["Topica", "TopicName"]}
    assert made["Outputs"]["One"]["Value"] == {"Ref": "Topica"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not well-formed"),
        ("a: [", r"YAML not well-formed. \(line 2"),
        ("[]", "unsupported structure"),
        ("Resources: {}", "At least one Resources member"),
        ("Resources: {A: {Properties: {}}}", "must contain a Type member"),
        ("Resources: {A: {Type: T, DependsOn: B}}", r"Unresolved resource dependencies \[B\] in the Resources block"),
        ("{Resources: {A: {Type: T}}, Outputs: {O: {Value: !Ref B}}}", r"dependencies \[B\] in the Outputs block"),
        ("Resources: {A: {Type: T, Properties: {P: {'Fn::Nope': x}}}}", "Unknown function Fn::Nope"),
        ("{Resources: {A: {Type: T}}, Nonsense: 1}", r"Invalid template property or properties \[Nonsense\]"),
        ("Resources: {A: {Type: T, DeletionPolicy: Snapshot}}", "does not support DeletionPolicy value Snapshot"),
        ("a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" + "".join(
            f"c{i}: &c{i} [{', '.join(['*b' if i == 0 else f'*c{i - 1}'] * 9)}]\n" for i in range(7)), "too many values"),
    ],
)  # fmt: skip
def test_a_template_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(TemplateInvalid, match=words):
        Template(load(text)).checked()


def test_a_circle_is_told_and_a_false_condition_takes_its_edges_with_it() -> None:
    circle = load("Resources: {A: {Type: T, DependsOn: B}, B: {Type: T, Properties: {P: !GetAtt A.X}}}")
    with pytest.raises(TemplateInvalid, match=r"Circular dependency between resources: \[A, B\]"):
        Template(circle).definitions(Template(circle).evaluator(VALUES))
    body = load(
        "Conditions: {Never: !Equals [a, b]}\n"
        "Resources: {A: {Type: T, DependsOn: B}, B: {Type: T, Condition: Never, DependsOn: A}}"
    )
    assert list(Template(body).definitions(Template(body).evaluator(VALUES))) == ["A"]
