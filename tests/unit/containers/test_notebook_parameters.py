"""The parameters of a notebook that runs as a job."""

from studiolo.containers.scripts.notebook import parameters


def test_texts_that_are_numbers_or_json_s_words_are_meant_as_those_and_others_stay_texts() -> None:
    given = {"days": "7", "rate": "0.5", "dry": "true", "none": "null", "city": "Urbino", "list": "[1]", "text": '"7"'}
    assert parameters(given) == {
        "days": 7,
        "rate": 0.5,
        "dry": True,
        "none": None,
        "city": "Urbino",
        "list": "[1]",
        "text": '"7"',
    }
