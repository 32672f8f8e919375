"""A FailureReason tells how a process ended, and what it said last."""

from studiolo.containers.obituaries import LONGEST_REASON, in_short


def test_a_reason_that_is_too_long_keeps_its_beginning_and_its_end() -> None:
    assert in_short("It ended.") == "It ended."
    short = in_short("The container did not answer. " + "line of a traceback\n" * 200 + "RuntimeError: broken")
    assert len(short) == LONGEST_REASON
    assert short.startswith("The container did not answer. line")
    assert short.endswith("RuntimeError: broken")
