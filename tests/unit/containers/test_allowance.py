"""A program that prints without end fills neither the disk nor the log with notes."""

from studiolo.containers.allowance import AGAIN, MOST, PER_SECOND, Allowance


def test_what_is_left_out_is_told_of_once_when_printing_may_go_on() -> None:
    present = 0.0
    allowance = Allowance(lambda: present)
    assert allowance.pass_on("x" * MOST) == "x" * MOST
    assert [allowance.pass_on("yy"), allowance.pass_on("z")] == ["", ""]
    present += AGAIN / PER_SECOND - 1
    assert allowance.pass_on("z") == ""
    present += 1
    told = allowance.pass_on("again")
    assert told.startswith("\n4 characters are left out here")
    assert told.endswith("\nagain")
    assert allowance.told() == ""
