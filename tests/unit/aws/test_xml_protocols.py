"""The corners of the protocols that answer in XML (query, ec2, rest-xml), on small models written by hand."""

from studiolo.aws.protocols import parse, serialize
from tests.unit.aws.models import MEMBERS, operation, post


def test_query_lists_maps_and_structures():
    shapes = {
        "Named": {"type": "list", "member": {"shape": "String", "locationName": "item"}},
        "Flat": {"type": "list", "member": {"shape": "String"}, "flattened": True},
        "FlatNamed": {"type": "list", "member": {"shape": "String", "locationName": "Entry"}, "flattened": True},
        "FlatMap": {
            "type": "map",
            "flattened": True,
            "key": {"shape": "String", "locationName": "K"},
            "value": {"shape": "String", "locationName": "V"},
        },
    }
    names = ("Strings", "Named", "Flat", "FlatNamed", "StringMap", "FlatMap", "Trees")
    members = {name: {"shape": name} for name in names}
    do = operation("query", members, shapes=shapes)
    form = (
        b"Action=Do&Version=x&Strings.member.2=b&Strings.member.1=a&Strings.member.10=j&Named.item.1=a"
        b"&Flat.1=a&Flat.2=b&Entry.1=c&StringMap.entry.1.key=k&StringMap.entry.1.value=v+%26&FlatMap.1.K=k&FlatMap.1.V=v"
        b"&Trees.member.1.name=n&Trees.member.1.kids.member.1.name=m"
    )
    assert parse(do, post(form)) == {
        "Strings": ["a", "b", "j"],
        "Named": ["a"],
        "Flat": ["a", "b"],
        "FlatNamed": ["c"],
        "StringMap": {"k": "v &"},
        "FlatMap": {"k": "v"},
        "Trees": [{"name": "n", "kids": [{"name": "m"}]}],
    }
    assert parse(do, post(b"Strings=&Flat=")) == {"Strings": [], "Flat": []}


def test_query_results_lie_in_their_wrapper_and_are_escaped():
    do = operation("query", output=MEMBERS, metadata={"xmlNamespace": "https://tiny/"})
    response = serialize(do, {"s": "<&>\r\x00", "tree": {}}, request_id="the-id")
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<DoResponse xmlns="https://tiny/"><DoResult>'
        b"<s>&lt;&amp;&gt;&#13;\xef\xbf\xbd</s><tree></tree></DoResult>"
        b"<ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></DoResponse>"
    )
    assert b"DoResult" not in serialize(operation("query"), {}).body


def test_ec2_names_are_capitalized_or_named_for_the_query_alone():
    members = {
        "plain": {"shape": "String", "locationName": "plainName"},
        "named": {"shape": "String", "locationName": "other", "queryName": "asGiven"},
        "list": {"shape": "Strings", "locationName": "things"},
    }
    do = operation("ec2", members, output=members)
    assert parse(do, post(b"PlainName=a&asGiven=b&Things.1=x&Things.2=y")) == {
        "plain": "a",
        "named": "b",
        "list": ["x", "y"],
    }
    body = serialize(do, {"plain": "a", "list": ["x"]}, request_id="id").body
    assert b"<requestId>id</requestId><plainName>a</plainName><things><member>x</member></things>" in body


def test_an_output_s_root_has_its_attributes_and_what_only_an_input_has_in_its_path():
    members = {
        "kind": {"shape": "String", "locationName": "xsi:type", "xmlAttribute": True},
        "id": {"shape": "String", "location": "uri", "locationName": "Id"},
        "asked": {"shape": "String", "location": "querystring", "locationName": "asked"},
        "told": {"shape": "String", "location": "header", "locationName": "x-told"},
    }
    do = operation("rest-xml", output=members)
    response = serialize(do, {"kind": "<User>", "id": "7", "asked": "a", "told": "t"})
    assert b' xsi:type="&lt;User&gt;"><Id>7</Id><asked>a</asked></' in response.body
    assert response.headers["x-told"] == "t"


def test_xml_attributes_namespaces_and_flattened_lists():
    shapes = {
        "Grantee": {
            "type": "structure",
            "members": {
                "kind": {"shape": "String", "locationName": "xsi:type", "xmlAttribute": True},
                "id": {"shape": "String", "locationName": "ID"},
            },
            "xmlNamespace": {"prefix": "xsi", "uri": "http://www.w3.org/2001/XMLSchema-instance"},
        },
        "Flat": {"type": "list", "member": {"shape": "String"}, "flattened": True},
    }
    members = {
        "grantee": {"shape": "Grantee"},
        "flat": {"shape": "Flat", "locationName": "item"},
        "list": {"shape": "Strings"},
        "map": {"shape": "StringMap"},
    }
    do = operation("rest-xml", members, shapes=shapes, output=members)
    value = {"grantee": {"kind": "<User>", "id": "x"}, "flat": ["a", "b"], "list": [], "map": {"k": "v"}}
    body = serialize(do, value).body
    assert b'<grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="&lt;User&gt;"><ID>x</ID>' in body
    assert b"<item>a</item><item>b</item><list></list>" in body
    assert parse(do, post(body)) == value
    other = b'<R xmlns="urn:x"><item>a</item><!-- note --><list><anything><![CDATA[<]]></anything></list></R>'
    assert parse(do, post(other)) == {"flat": ["a"], "list": ["<"]}
