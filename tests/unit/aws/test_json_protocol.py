"""The corners of the JSON protocol, as the Smithy specification describes them, on small models written by hand."""

import json
from datetime import timedelta, timezone

from studiolo.aws.protocols import parse, serialize
from tests.unit.aws.models import MEMBERS, MOMENT, loads, operation, post


def test_json_null_members_and_unknown_members_are_dropped():
    do = operation("json", MEMBERS, output=MEMBERS)
    assert parse(do, post(b'{"s": null, "other": 1, "tree": {"name": null}}')) == {"tree": {}}
    assert loads(serialize(do, {"s": None, "other": 1, "i": 0})) == {"i": 0}


def test_json_nulls_inside_lists_and_maps_are_kept():
    members = {"list": {"shape": "Strings"}, "map": {"shape": "StringMap"}}
    do = operation("json", members, output=members)
    value = {"list": ["a", None], "map": {"k": None}}
    assert parse(do, post(json.dumps(value).encode())) == value
    assert loads(serialize(do, value)) == value


def test_json_special_floats_are_words():
    do = operation("json", MEMBERS, output=MEMBERS)
    assert parse(do, post(b'{"d": "-Infinity"}')) == {"d": float("-inf")}
    assert str(parse(do, post(b'{"d": "NaN"}'))["d"]) == "nan"
    assert [loads(serialize(do, {"d": float(word)}))["d"] for word in ("nan", "inf", "-inf")] == [
        "NaN",
        "Infinity",
        "-Infinity",
    ]


def test_json_timestamps_follow_the_member_s_format():
    members = {
        "plain": {"shape": "Timestamp"},
        "iso": {"shape": "Timestamp", "timestampFormat": "iso8601"},
        "rfc": {"shape": "Timestamp", "timestampFormat": "rfc822"},
    }
    do = operation("json", members, output=members)
    body = {"plain": 1398796238, "iso": "2014-04-29T18:30:38Z", "rfc": "Tue, 29 Apr 2014 18:30:38 GMT"}
    assert parse(do, post(json.dumps(body).encode())) == dict.fromkeys(members, MOMENT)
    assert loads(serialize(do, dict.fromkeys(members, MOMENT))) == body
    assert parse(do, post(b'{"plain": 1398796238.25}'))["plain"].microsecond == 250_000
    assert loads(serialize(do, {"plain": MOMENT.replace(microsecond=250_000)})) == {"plain": 1398796238.25}


def test_a_handler_s_timestamp_may_be_naive_in_another_zone_a_number_or_text():
    do = operation("json", {}, output={"t": {"shape": "Timestamp"}})
    eastern = MOMENT.astimezone(timezone(timedelta(hours=-5)))
    for value in (MOMENT.replace(tzinfo=None), eastern, 1398796238, "2014-04-29T18:30:38Z"):
        assert loads(serialize(do, {"t": value})) == {"t": 1398796238}


def test_json_documents_pass_as_they_are():
    members = {"doc": {"shape": "Document"}}
    do = operation("json", members, output=members)
    for value in ({"a": [1, None, {"b": 2.5}]}, [1, "x"], "text", 5, True):
        body = json.dumps({"doc": value}).encode()
        assert parse(do, post(body)) == {"doc": value}
        assert loads(serialize(do, {"doc": value})) == {"doc": value}


def test_json_unions_and_recursive_shapes():
    members = {"choice": {"shape": "Choice"}, "tree": {"shape": "Tree"}}
    do = operation("json", members, output=members)
    tree = {"name": "a", "kids": [{"name": "b", "kids": []}, {}], "one": {"one": {"name": "c"}}}
    for value in ({"choice": {"number": 1}}, {"choice": {"tree": tree}}, {"tree": tree}):
        assert parse(do, post(json.dumps(value).encode())) == value
        assert loads(serialize(do, value)) == value
    assert parse(do, post(b'{"choice": {"__type": "x#y", "text": "t"}}')) == {"choice": {"text": "t"}}


def test_json_without_input_output_or_body():
    do = operation("json")
    assert parse(do, post(b"{}")) == parse(do, post()) == {}
    assert serialize(do, None).body == b""
    assert serialize(operation("json", output={}), None).body == b"{}"
    assert parse(operation("json", MEMBERS), post()) == {}


def test_json_names_come_from_location_name():
    members = {"word": {"shape": "String", "locationName": "Wort"}}
    do = operation("json", members, output=members)
    assert parse(do, post(b'{"Wort": "x", "word": "y"}')) == {"word": "x"}
    assert loads(serialize(do, {"word": "x"})) == {"Wort": "x"}
