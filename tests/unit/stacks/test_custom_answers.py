"""What functions of custom resources are told, and what of their answers is taken."""

import json
from typing import Any

import pytest

from studiolo.stacks.custom import as_texts, read_answer

GOOD = {"Status": "SUCCESS", "PhysicalResourceId": "p", "StackId": "s", "RequestId": "r", "LogicalResourceId": "l"}


def read(answer: Any, kind: str = "Create") -> dict[str, Any]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_answer(body, "s", "r", "l", kind)


def test_scalars_are_told_as_texts_as_cloudformation_does() -> None:
    asked = {"yes": True, "n": 3, "f": 1.5, "list": [False, {"deep": 0}], "text": "t"}
    assert as_texts(asked) == {"yes": "true", "n": "3", "f": "1.5", "list": ["false", {"deep": "0"}], "text": "t"}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"{", "no JSON object"),
        ([], "no JSON object"),
        ({**GOOD, "Status": "OK"}, "Status must be"),
        ({**GOOD, "RequestId": "of another"}, "property RequestId"),
        ({**GOOD, "PhysicalResourceId": ""}, "Invalid PhysicalResourceId"),
        ({**GOOD, "Data": {"long": "x" * 4096}}, "too long"),
        ({**GOOD, "Data": []}, None),
        (GOOD, None),
    ],
)
def test_an_answer_that_is_none_says_why(answer: Any, problem: str | None) -> None:
    found = read(answer).get("problem")
    assert found is None if problem is None else problem in str(found)


def test_a_deletion_needs_no_physical_id() -> None:
    answer = {name: value for name, value in GOOD.items() if name != "PhysicalResourceId"}
    assert read(answer, "Delete")["Status"] == "SUCCESS"
    assert "problem" in read(answer, "Update")
