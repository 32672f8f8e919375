"""Transforms of templates: in which order, of what, and how one that fails is told."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from studiolo.domain import Scope
from studiolo.stacks.macros import made_by
from studiolo.stacks.serverless import translated
from studiolo.stacks.template import TemplateInvalid, load, named_transforms, transformed

VALUES = {"Env": "test", "AWS::Region": "eu-central-1"}
SCOPE = Scope("000000000000", "eu-central-1")


class World:
    """Files by their address, and macros that leave a note of what they were given."""

    def __init__(self, **files: str) -> None:
        self.files = files
        self.asked: list[tuple[str, Any, Mapping[str, Any]]] = []

    def fetch(self, url: str) -> str:
        return self.files[url.rpartition("/")[2]]

    def serverless(self, body: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        return {**body, "Metadata": {"after": sorted(body["Resources"])}}

    def macro(self, name: str, fragment: Any, parameters: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        self.asked.append((name, fragment, parameters))
        return {**fragment, name: True} if name != "Text" else "text"


def test_the_deepest_macro_comes_first_and_those_that_are_declared_last_in_their_order() -> None:
    body = load(
        """
Transform: [Outer, {Name: Last, Parameters: {A: !Ref Env}}]
Resources:
  One:
    Type: T
    Properties:
      Kept: 1
      Inner: {"Fn::Transform": {Name: Text, Parameters: {Where: !Sub "${AWS::Region}-x"}}, Beside: 2}
      Fn::Transform: {Name: Middle}
"""
    )
    world = World()
    made = transformed(body, VALUES, world)
    assert named_transforms(body) == ["Outer", "Last", "Text", "Middle"]
    assert [(name, parameters) for name, _, parameters in world.asked] == [
        ("Text", {"Where": "eu-central-1-x"}), ("Middle", {}), ("Outer", {}), ("Last", {"A": "test"}),
    ]  # fmt: skip
    assert world.asked[0][1] == {"Beside": 2}
    assert world.asked[1][1] == {"Kept": 1, "Inner": "text"}
    assert made["Resources"]["One"]["Properties"] == {"Kept": 1, "Inner": "text", "Middle": True}
    assert (made["Outer"], made["Last"], "Transform" in made) == (True, True, False)


def test_a_file_is_included_beside_what_is_there_and_may_be_named_by_a_parameter() -> None:
    body = load(
        """
Transform: [AWS::Serverless-2016-10-31]
Resources:
  One: {Type: T}
  Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Sub "s3://b/${Env}.yaml"}}
"""
    )
    made = transformed(body, VALUES, World(**{"test.yaml": "Two: {Type: T, DependsOn: One}"}))
    assert made["Resources"] == {"One": {"Type": "T"}, "Two": {"Type": "T", "DependsOn": "One"}}
    assert made["Metadata"] == {"after": ["One", "Two"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Resources: {Fn::Transform: {Parameters: {}}}", "a transform is a name"),
        (
            "Resources: {A: {Fn::Transform: {Name: M, Parameters: {P: !GetAtt B.C}}}}",
            r"Unresolved resource dependencies \[B\]",
        ),
        ("Resources: {A: {Fn::Transform: AWS::Serverless-2016-10-31}}", "declare it in the section Transform"),
        ("{Transform: Text, Resources: {A: {Type: T}}}", "Transform Text failed with: it made no template"),
    ],
)
def test_a_transform_that_cannot_be_is_refused(text: str, words: str) -> None:
    with pytest.raises(TemplateInvalid, match=words):
        transformed(load(text), VALUES, World())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"requestId": "r", "status": "failed", "errorMessage": "no such size"}, "with: no such size"),
        ({"requestId": "r", "status": "success"}, "no fragment"),
        ({"requestId": "other", "status": "success", "fragment": {}}, "another requestId"),
        ([], "no object"),
    ],
)
def test_what_a_macro_says_wrongly_is_told(said: Any, words: str) -> None:
    with pytest.raises(TemplateInvalid, match=rf"Transform 1::M failed.*{words}"):
        made_by("1::M", "r", {"Payload": json.dumps(said).encode()})


def test_an_error_of_a_macro_s_function_is_told_in_its_words() -> None:
    with pytest.raises(TemplateInvalid, match="failed with: division by zero"):
        made_by("1::M", "r", {"Payload": b'{"errorMessage": "division by zero"}', "FunctionError": "Unhandled"})


def test_a_serverless_function_becomes_a_function_with_its_role_and_a_wrong_one_is_told_by_name() -> None:
    body = load(
        """
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Timeout: 9}}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: "def handler(event, context): return 1"
      Policies: [AmazonS3ReadOnlyAccess]
"""
    )
    arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    made = translated(body, VALUES, {"AmazonS3ReadOnlyAccess": arn}, SCOPE)
    function, role = made["Resources"]["Hello"], made["Resources"]["HelloRole"]
    assert (function["Type"], function["Properties"]["Timeout"]) == ("AWS::Lambda::Function", 9)
    assert arn in role["Properties"]["ManagedPolicyArns"]
    del body["Resources"]["Hello"]["Properties"]["Handler"]
    with pytest.raises(TemplateInvalid, match=r"Resource with id \[Hello\] is invalid"):
        translated(body, VALUES, {}, SCOPE)
    store = {"Type": "AWS::Serverless::Application", "Properties": {"Location": {"ApplicationId": "arn:x"}}}
    with pytest.raises(TemplateInvalid, match="Store is an application of the Serverless Application Repository"):
        translated({"Resources": {"Store": store}}, VALUES, {}, SCOPE)
