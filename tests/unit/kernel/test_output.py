"""What a session's log keeps of its driver."""

from studiolo.kernel.output import LAST_LINES, SessionLog


def test_the_last_words_of_a_driver_are_what_it_said_and_not_where_in_java() -> None:
    log = SessionLog()
    for line in ("unresolved dependency: a#b;1\n", *["\tat org.apache.spark.Deploy.main(Deploy.scala)\n"] * LAST_LINES):
        log.driver(line)
    assert log.last_words() == "unresolved dependency: a#b;1"
