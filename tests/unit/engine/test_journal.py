"""What a kernel writes down is what its statement answered."""

import os
from pathlib import Path
from typing import Any

import pytest

from studiolo.engine.journal import LONGEST_LINE, journal_file, read_output
from studiolo.kernel.journal import ERROR_LIMIT, OUTPUT_LIMIT, Journal, JournalingSession

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


@pytest.mark.parametrize(
    ("value", "traceback"),
    [("x" * 50_000_000, ["Traceback", "x" * 50_000_000]), ("no", ["a line"] * 1_000_000)],
    ids=["long", "many lines"],
)
def test_an_error_without_end_is_cut_with_a_note_wherever_it_goes(
    kernel: Path, journal: Journal, value: str, traceback: list[str]
) -> None:
    logged: list[Any] = []
    journal.listener = lambda kind, content: logged.append(content)
    session = JournalingSession(key=b"")
    session.journal = journal
    parent = session.msg("execute_request")
    parent["header"]["msg_id"] = parent["msg_id"] = STATEMENT
    content = {"status": "error", "ename": "ValueError", "evalue": value, "traceback": traceback, "payload": [value]}
    for kind in ("error", "execute_reply"):
        sent = session.send(None, kind, content, parent=parent)
        assert len(str(sent["content"])) < 5 * ERROR_LIMIT
    output = read_output(journal_file(kernel, STATEMENT))
    assert (output.status, output.error_name) == ("error", "ValueError")
    assert output.error_value is not None
    assert output.error_value[:2] == value[:2]
    assert sum(map(len, output.traceback)) < ERROR_LIMIT + 100
    assert "was not kept" in (output.traceback[-1])
    assert journal_file(kernel, STATEMENT).stat().st_size < 10 * ERROR_LIMIT
    assert all(len(str(content)) < 5 * ERROR_LIMIT for content in logged)


def test_small_outputs_without_end_are_cut_too(kernel: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studiolo.kernel.journal.OUTPUT_LIMIT", 50_000)
    for _ in range(1000):
        journal.add(message("display_data", data={}, metadata={"a": "b"}))
    size = journal_file(kernel, STATEMENT).stat().st_size
    journal.add(message("display_data", data={"text/plain": "more"}, metadata={}))
    assert journal_file(kernel, STATEMENT).stat().st_size == size < 100_000


@pytest.mark.parametrize("kind", ["comm_msg", "update_display_data"])
def test_what_is_no_output_is_not_kept(kernel: Path, journal: Journal, kind: str) -> None:
    journal.add(message(kind, data={"text/plain": "x"}))
    assert not journal_file(kernel, STATEMENT).exists()


def test_what_an_earlier_version_kept_of_an_endless_error_is_not_read(kernel: Path, journal: Journal) -> None:
    journal.add(message("stream", name="stdout", text="before"))
    with journal_file(kernel, STATEMENT).open("ab") as file:
        for kind in (b"error", b"execute_reply"):
            file.write(b'{"type": "%b", "content": {"evalue": "%b"}}\n' % (kind, b"x" * LONGEST_LINE))
    output = read_output(journal_file(kernel, STATEMENT))
    assert (output.status, output.text) == ("error", "before")
    assert output.error_value == "What the statement answered is too long to be shown."


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '{"type": 5, "content": {}}',
        '{"type": "stream", "content": 5}',
        '{"type": "stream", "content": {"name": "stdout", "text": 5}}',
        '{"type": "display_data", "content": {"data": {"image/png": {}}}}',
        '{"type": "execute_result", "content": {"data": {"text/plain": {"a": 1}}}}',
        '{"type": "execute_reply", "content": {"status": "error", "ename": 5}}',
        '{"type": "execute_reply", "content": {"status": "error", "traceback": [1]}}',
        "[" * 100_000,
    ],
)
def test_what_code_writes_into_its_own_journal_is_passed_over(kernel: Path, journal: Journal, line: str) -> None:
    journal.add(message("stream", name="stdout", text="mine"))
    with journal_file(kernel, STATEMENT).open("a") as file:
        file.write(line + "\n")
    output = read_output(journal_file(kernel, STATEMENT))
    assert (output.status, output.text, output.displays) == (None, "mine", ())


def test_a_journal_that_code_made_larger_than_any_is_not_read_to_its_end(kernel: Path, journal: Journal) -> None:
    journal.add(message("stream", name="stdout", text="mine"))
    os.truncate(journal_file(kernel, STATEMENT), 2**40)
    assert read_output(journal_file(kernel, STATEMENT)).text == "mine"


def test_what_answers_no_statement_is_not_kept(kernel: Path, journal: Journal) -> None:
    journal.add(message("status", parent="kernel_info_request", execution_state="busy"))
    assert not journal_file(kernel, STATEMENT).exists()


def test_a_disk_that_takes_nothing_does_not_end_the_kernel(tmp_path: Path) -> None:
    Journal(tmp_path / "gone").add(message("execute_reply", status="ok", execution_count=1))
    assert read_output(journal_file(tmp_path, STATEMENT)).status is None
