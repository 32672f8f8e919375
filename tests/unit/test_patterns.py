"""Event patterns, by the examples of "Creating Amazon EventBridge event patterns" and "Comparison operators"."""

import json
from typing import Any

import pytest

from studiolo.patterns import InvalidPattern, Pattern

EC2 = {
    "version": "0",
    "source": "aws.ec2",
    "account": "111122223333",
    "region": "us-west-2",
    "resources": ["arn:aws:ec2:us-west-2:111122223333:instance/i-1", "arn:aws:ec2:us-west-2:111122223333:volume/v-1"],
    "detail": {
        "instance-id": "i-1",
        "state": "terminated",
        "eventName": "",
        "responseElements": None,
        "c-count": 5,
        "d-count": 10,
        "x-limit": 301.8,
        "whole": 300,
        "source-ip": "10.0.0.17",
        "FileName": "dir/a.PNG",
        "on": True,
        "hosts": [{"os": "linux", "port": 22}, {"os": "windows", "port": 3389}],
        "nested": [["a"], ["b", "c"]],
        "none": [],
    },
}


def _detail(**members: Any) -> dict[str, Any]:
    return {"detail": {name.replace("_", "-"): value for name, value in members.items()}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": ["aws.s3", "aws.ec2"], "detail": {"state": ["running", "terminated"]}},
        {"resources": ["arn:aws:ec2:us-west-2:111122223333:volume/v-1"]},
        {"detail": {"eventName": [""]}},
        {"detail": {"responseElements": [None]}},
        {"detail": {"on": [True]}},
        {"region": [{"prefix": "us-"}]},
        {"source": [{"prefix": {"equals-ignore-case": "AWS.E"}}]},
        {"detail": {"FileName": [{"suffix": ".PNG"}]}},
        {"detail": {"FileName": [{"suffix": {"equals-ignore-case": ".png"}}]}},
        _detail(state=[{"anything-but": "initializing"}]),
        _detail(state=[{"anything-but": ["stopped", "overloaded"]}]),
        _detail(x_limit=[{"anything-but": [100, 200, 300]}]),
        _detail(state=[{"anything-but": {"prefix": "init"}}]),
        _detail(state=[{"anything-but": {"prefix": ["init", "run"]}}]),
        {"detail": {"FileName": [{"anything-but": {"suffix": [".txt", ".rtf"]}}]}},
        _detail(state=[{"anything-but": {"equals-ignore-case": ["INITIALIZING"]}}]),
        {"detail": {"FileName": [{"anything-but": {"wildcard": "*/lib/*"}}]}},
        _detail(
            c_count=[{"numeric": [">", 0, "<=", 5]}],
            d_count=[{"numeric": ["<", 11]}],
            x_limit=[{"numeric": ["=", 3.018e2]}],
        ),
        _detail(source_ip=[{"cidr": "10.0.0.0/24"}]),
        _detail(state=[{"exists": True}]),
        _detail(missing=[{"exists": False}]),
        _detail(none=[{"exists": False}]),
        {"other": {"deep": [{"exists": False}]}},
        _detail(state=[{"equals-ignore-case": "TERMINATED"}]),
        {"detail": {"FileName": [{"wildcard": "dir/*.P*"}]}},
        {"detail": {"$or": [{"c-count": [{"numeric": [">", 7]}]}, {"x-limit": [{"numeric": [">", 300]}]}]}},
        {"$or": [{"source": ["aws.s3"]}, {"detail": {"state": ["terminated"]}}], "region": ["us-west-2"]},
        _detail(hosts={"os": ["linux"], "port": [22]}),
        _detail(nested=["c"]),
    ],
    ids=json.dumps,
)
def test_an_event_is_let_through(pattern: dict[str, Any]) -> None:
    assert Pattern(json.dumps(pattern)).matches(EC2)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["AWS.EC2"]},
        {"source": ["aws.ec2"], "detail": {"state": ["running"]}},
        {"detail": {"eventName": [None]}},
        {"detail": {"responseElements": [""]}},
        {"detail": {"on": [1]}},
        {"detail": {"whole": [300.0]}},
        {"detail": {"whole": ["300"]}},
        _detail(state=[{"anything-but": ["terminated", "x"]}]),
        _detail(missing=[{"anything-but": "x"}]),
        _detail(c_count=[{"numeric": [">", 5]}]),
        _detail(state=[{"numeric": ["=", 5]}]),
        _detail(source_ip=[{"cidr": "10.0.1.0/24"}]),
        _detail(missing=[{"exists": True}]),
        {"detail": [{"exists": True}]},
        {"detail": {"FileName": [{"wildcard": "dir/*.p*"}]}},
        {"detail": {"FileName": [{"wildcard": "dir\\*a.PNG"}]}},
        _detail(hosts={"os": ["linux"], "port": [3389]}),
        {"$or": [{"source": ["aws.s3"]}, {"source": ["aws.emr"]}]},
        {"source": {"deep": ["aws.ec2"]}},
    ],
    ids=json.dumps,
)
def test_an_event_is_not_let_through(pattern: dict[str, Any]) -> None:
    assert not Pattern(json.dumps(pattern)).matches(EC2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[]", "not an object"),
        ("{}", "empty"),
        ('{"source": "aws.ec2"}', "must be an object or an array"),
        ('{"source": []}', "Empty arrays"),
        ('{"detail": {}}', "Empty objects"),
        ('{"source": [["a"]]}', "Match value"),
        ('{"source": [{"begins": "a"}]}', "Unrecognized match type begins"),
        ('{"source": [{"prefix": "a", "suffix": "b"}]}', "Only one key"),
        ('{"source": [{"prefix": 1}]}', "must be a string"),
        ('{"source": [{"wildcard": "a**"}]}', "Consecutive"),
        ('{"source": [{"numeric": [">"]}]}', "numeric"),
        ('{"source": [{"numeric": ["~", 1]}]}', "numeric range operator"),
        ('{"source": [{"numeric": [">", 5, "<", 1]}]}', "Bottom must be less"),
        ('{"source": [{"cidr": "10.0.0.0/99"}]}', "Malformed CIDR"),
        ('{"source": [{"exists": "yes"}]}', "true or false"),
        ('{"source": [{"anything-but": ["a", 1]}]}', "mixed type"),
        ('{"source": [{"anything-but": []}]}', "Empty arrays"),
        ('{"$or": [{"source": ["a"]}]}', "two or more"),
        ('{"source": ["a"], "source": ["b"]}', "twice"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidPattern, match=why):
        Pattern(text)
