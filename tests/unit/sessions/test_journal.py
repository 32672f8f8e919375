"""What a kernel writes down is what its statement answered."""

from pathlib import Path
from typing import Any

import pytest

from studiolo.kernel.journal import OUTPUT_LIMIT, Journal
from studiolo.sessions.journal import journal_file, read_output

STATEMENT = "0123abcd"


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    (tmp_path / "journal").mkdir()
    return tmp_path


@pytest.fixture
def journal(kernel: Path) -> Journal:
    return Journal(kernel / "journal")


def message(kind: str, parent: str = "execute_request", **content: Any) -> dict[str, Any]:
    return {
        "header": {"msg_type": kind},
        "parent_header": {"msg_type": parent, "msg_id": STATEMENT},
        "content": content,
    }


def test_text_results_and_displays_keep_their_order(kernel: Path, journal: Journal) -> None:
    journal.add(message("execute_input", code="…", execution_count=3))
    journal.add(message("stream", name="stdout", text="one\n"))
    journal.add(message("stream", name="stderr", text="careful\n"))
    journal.add(message("display_data", data={"text/plain": "<Figure>", "image/png": "iVBOR"}, metadata={}))
    journal.add(message("execute_result", data={"text/plain": "42"}, metadata={}, execution_count=3))
    journal.add(message("execute_reply", status="ok", execution_count=3))
    output = read_output(journal_file(kernel, STATEMENT))
    assert (output.status, output.count, output.text) == ("ok", 3, "one\n<Figure>\n42")
    assert (output.stdout, output.stderr) == ("one\n42", "careful")
    assert [sorted(display) for display in output.displays] == [["image/png", "text/plain"]]


def test_an_error_keeps_its_name_value_and_traceback(kernel: Path, journal: Journal) -> None:
    journal.add(
        message("execute_reply", status="error", execution_count=1, ename="E", evalue="no", traceback=["a", "b"])
    )
    output = read_output(journal_file(kernel, STATEMENT))
    assert (output.status, output.error_name, output.error_value) == ("error", "E", "no")
    assert output.traceback == ("a", "b")


def test_a_statement_that_runs_has_output_and_no_status(kernel: Path, journal: Journal) -> None:
    journal.add(message("stream", name="stdout", text="so far"))
    output = read_output(journal_file(kernel, STATEMENT))
    assert (output.status, output.text) == (None, "so far")


def test_a_statement_that_was_never_received_has_neither(kernel: Path) -> None:
    assert read_output(journal_file(kernel, STATEMENT)).status is None


def test_a_line_that_was_cut_off_is_passed_over(kernel: Path, journal: Journal) -> None:
    journal.add(message("stream", name="stdout", text="whole"))
    with journal_file(kernel, STATEMENT).open("a") as file:
        file.write('{"type": "stream", "content": {"na')
    assert read_output(journal_file(kernel, STATEMENT)).text == "whole"


def test_output_without_end_is_cut_with_a_note(kernel: Path, journal: Journal) -> None:
    for _ in range(6):
        journal.add(message("stream", name="stdout", text="x" * (OUTPUT_LIMIT // 4)))
    journal.add(message("execute_reply", status="ok", execution_count=1))
    output = read_output(journal_file(kernel, STATEMENT))
    assert output.status == "ok"
    assert OUTPUT_LIMIT <= len(output.text) < OUTPUT_LIMIT + 100
    assert "was not kept" in output.text


def test_a_picture_beyond_the_limit_leaves_a_note(kernel: Path, journal: Journal) -> None:
    journal.add(message("display_data", data={"image/png": "x" * (OUTPUT_LIMIT + 1)}, metadata={}))
    assert "was not kept" in read_output(journal_file(kernel, STATEMENT)).text


def test_what_answers_no_statement_is_not_kept(kernel: Path, journal: Journal) -> None:
    journal.add(message("status", parent="kernel_info_request", execution_state="busy"))
    assert not journal_file(kernel, STATEMENT).exists()


def test_a_disk_that_takes_nothing_does_not_end_the_kernel(tmp_path: Path) -> None:
    Journal(tmp_path / "gone").add(message("execute_reply", status="ok", execution_count=1))
    assert read_output(journal_file(tmp_path, STATEMENT)).status is None
