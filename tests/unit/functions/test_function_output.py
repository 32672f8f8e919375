"""What a function prints, cut into events."""

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from studiolo.functions.output import LARGEST, OURS, TAIL, Output, Splitter
from studiolo.logs import LogWriter


def framed(text: bytes) -> bytes:
    return OURS + len(text).to_bytes(4, "big") + (1_000_000).to_bytes(8, "big") + text


LINES = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=20)


@given(st.lists(st.tuples(st.booleans(), LINES), max_size=8), st.integers(1, 7))
def test_records_and_lines_are_told_apart_however_they_come(said: list[tuple[bool, str]], size: int) -> None:
    data = b"".join(framed(f"{text}\n{text}".encode()) if frame else f"{text}\n".encode() for frame, text in said)
    splitter = Splitter()
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    events = [text for piece in pieces for _, _, text in splitter.feed(piece)]
    assert events == [(f"{text}\n{text}" if frame else f"{text}\n").encode() for frame, text in said]
    assert not list(splitter.rest())


def test_what_no_line_break_has_ended_comes_before_the_record_that_follows_it_and_at_the_end() -> None:
    splitter = Splitter()
    assert [text for _, _, text in splitter.feed(b"half" + framed(b"whole") + b"rest")] == [b"half", b"whole"]
    assert [text for _, _, text in splitter.rest()] == [b"rest"]


def test_a_record_that_says_it_is_of_gigabytes_and_a_line_without_end_are_cut_as_they_come() -> None:
    for start in (OURS + b"\xff" * 12, b""):
        splitter = Splitter()
        events: list[tuple[bytes, int | None, bytes]] = []
        for _ in range(40):
            events += splitter.feed(start + b"x" * 65536)
            start = b""
        assert [len(text) for _, _, text in events] == [LARGEST] * 10


def test_the_end_of_an_invocation_has_all_that_was_printed_before_and_no_more_than_it_may(tmp_path: Path) -> None:
    output = Output(LogWriter(tmp_path / "log"))
    output.say("of another invocation\n")
    output.end()
    output.begin()
    os.write(output.descriptor, b"x" * 3000 + b"\n" + b"y" * 3000 + b"\nlast\n")
    tail = output.end()
    assert len(tail) == TAIL
    assert tail.endswith(b"y\nlast\n")
    output.close()
    assert len((tmp_path / "log").read_text().splitlines()) == 4
