"""What targets are given, by the examples of "Amazon EventBridge input transformation"."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest

from studiolo.domain import Invalid
from studiolo.events.inputs import check_input, made_input

EVENT = {
    "id": "7bf73129",
    "source": "aws.ec2",
    "resources": ["arn:one", "arn:two"],
    "detail": {"instance-id": "i-0123", "state": "RUNNING", "said": 'a "b"', "tags": [{"k": 1}]},
}
PATHS = {"instance": "$.detail.instance-id", "state": "$.detail.state", "said": "$.detail.said", "none": "$.detail.x"}


def _made(**target: Any) -> str:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    return made_input({"Id": "1", **target}, EVENT, "arn:rule", "watch", at)


def _transformed(template: str) -> str:
    return _made(InputTransformer={"InputPathsMap": PATHS, "InputTemplate": template})


def test_a_target_is_given_the_event_or_a_part_of_it_or_what_was_said_once() -> None:
    assert json.loads(_made()) == EVENT
    assert _made(Input='{"a": 1}') == '{"a": 1}'
    assert json.loads(_made(InputPath="$.detail.tags[0].k")) == 1
    assert json.loads(_made(InputPath="$.resources[*]")) == ["arn:one", "arn:two"]


def test_a_template_is_text_or_json_made_of_parts() -> None:
    assert _transformed('"instance <instance> is in <state>"') == '"instance i-0123 is in RUNNING"'
    made = json.loads(_transformed('{"instance": <instance>, "state": "<state>", "said": "<said>", "none": <none>}'))
    assert made == {"instance": "i-0123", "state": "RUNNING", "said": 'a "b"', "none": None}
    own = json.loads(_transformed('{"rule": <aws.events.rule-arn>, "event": <aws.events.event.json>}'))
    assert own == {"rule": "arn:rule", "event": EVENT}
    assert json.loads(_transformed('{"at": "<aws.events.event.ingestion-time>"}')) == {"at": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"Input": "{}", "InputPath": "$.detail"}, "Only one of"),
        ({"Input": "{"}, "JSON syntax error"),
        ({"InputPath": "detail"}, "Invalid InputPath"),
        ({"InputTransformer": {"InputPathsMap": {"a": "$..b"}, "InputTemplate": "<a>"}}, "Invalid InputPath"),
    ],
)
def test_what_cannot_be_made_is_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        check_input({"Id": "1", **given})
