"""What change sets show of values."""

from studiolo.stacks.contexts import context, places
from studiolo.stacks.template import Unknown

LATER = Unknown(frozenset({("Bucket", "Arn")}))


def hide(text: str) -> str:
    return text.replace('se"cret', "****")


def test_each_place_that_differs_is_told_with_what_it_was_and_will_be() -> None:
    before = {"Rules": [{"Days": 30, "Id": "a"}, {"Id": "b"}], "Same": 1, "Password": 'se"cret'}
    after = {"Rules": [{"Days": 31, "Id": "a"}], "Same": 1, "New": {"x": True}, "Password": LATER}
    told = {each["Path"]: each for each, _ in places("/Properties/It", before, after, hide)}
    assert told == {
        "/Properties/It/New": {"Path": "/Properties/It/New", "AttributeChangeType": "Add", "AfterValue": '{"x": true}'},
        "/Properties/It/Password": {
            "Path": "/Properties/It/Password",
            "AttributeChangeType": "Modify",
            "BeforeValue": "****",
            "AfterValue": "{{changeSet:KNOWN_AFTER_APPLY}}",
        },
        "/Properties/It/Rules/0/Days": {
            "Path": "/Properties/It/Rules/0/Days",
            "AttributeChangeType": "Modify",
            "BeforeValue": "30",
            "AfterValue": "31",
        },
        "/Properties/It/Rules/1": {
            "Path": "/Properties/It/Rules/1",
            "AttributeChangeType": "Remove",
            "BeforeValue": '{"Id": "b"}',
        },
    }


def test_what_may_not_be_shown_is_in_no_context() -> None:
    assert context({"Keys": ['a se"cret word']}, hide) == '{"Properties": {"Keys": ["a **** word"]}}'
