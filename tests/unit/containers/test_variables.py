"""What of an Environment reaches the program of a built-in algorithm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.containers.variables import passed_on


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"]
)
def test_what_could_change_our_own_code_is_left_out_and_said(name: str) -> None:
    passed, notes = passed_on({name: "/tmp/mine", "LOG_LEVEL": "20"}, "linear-learner")
    assert passed == {"LOG_LEVEL": "20"}
    (note,) = notes
    assert name in note
    assert "linear-learner" in note


@given(st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,30}", fullmatch=True), st.text(max_size=5)))
def test_a_variable_is_passed_on_as_it_is_or_named(environment: dict[str, str]) -> None:
    passed, notes = passed_on(environment, "linear-learner")
    assert passed.items() <= environment.items()
    assert len(passed) + len(notes) == len(environment)
    assert not [name for name in passed if name.startswith(("PYTHON", "LD_", "DYLD_"))]
