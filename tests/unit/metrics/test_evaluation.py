"""When alarms sound, by the tables of "Configuring how CloudWatch alarms treat missing data" (CloudWatch User Guide)."""

import pytest

from studiolo.domain import Invalid
from studiolo.metrics import State
from studiolo.metrics.evaluation import Rule, decide

MARKS = {"0": False, "X": True, "-": None}
STATES = {"OK": State.OK, "ALARM": State.ALARM, "NONE": State.INSUFFICIENT_DATA, "SAME": None}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")

THREE_OF_THREE = """
    0-X-X  OK     OK    OK     OK
    ----0  OK     OK    OK     OK
    -----  NONE   SAME  ALARM  OK
    0XX-X  ALARM  ALARM ALARM  ALARM
    --X--  ALARM  SAME  ALARM  OK
"""
TWO_OF_THREE = """
    0-X-X  ALARM  ALARM ALARM  ALARM
    00X0X  ALARM  ALARM ALARM  ALARM
    0-X--  OK     OK    ALARM  OK
    ----0  OK     OK    ALARM  OK
    ---X-  ALARM  SAME  ALARM  OK
"""
CASES = [
    (datapoints, marks, treatment, expected)
    for datapoints, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for marks, *row in (line.split() for line in table.strip().splitlines())
    for treatment, expected in zip(TREATMENTS, row, strict=True)
]


@pytest.mark.parametrize(("datapoints", "marks", "treatment", "expected"), CASES)
@pytest.mark.parametrize("current", [State.OK, State.ALARM])
def test_an_alarm_treats_missing_numbers_as_documented(
    datapoints: int, marks: str, treatment: str, expected: str, current: State
) -> None:
    found = decide([MARKS[mark] for mark in marks], 3, datapoints, treatment, current)
    assert found is (STATES[expected] or current)


def test_one_new_number_that_breaches_does_not_sound_an_alarm_of_three() -> None:
    assert decide([None, None, None, None, True], 3, 3, "missing", State.INSUFFICIENT_DATA) is not State.ALARM


STATE_OF = {"hot": State.ALARM, "my-alarm (2)": State.OK, "dry": State.INSUFFICIENT_DATA}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(hot)", True),
        ('ALARM("hot") AND NOT OK("my-alarm (2)")', False),
        ("ALARM(hot) AND (OK('my-alarm (2)') OR FALSE)", True),
        ("FALSE OR TRUE AND FALSE", False),
        ("INSUFFICIENT_DATA(dry)", True),
        ("ALARM(gone)", False),
    ],
)
def test_a_rule_of_a_composite_alarm_is_read(rule: str, holds: bool) -> None:
    assert Rule(rule).holds(STATE_OF.get) is holds


@pytest.mark.parametrize("rule", ["", "ALARM(", "hot", "ALARM(a) OK(b)", "(ALARM(a)", "ALARM(a) AND"])
def test_a_rule_that_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(Invalid, match="AlarmRule"):
        Rule(rule)
