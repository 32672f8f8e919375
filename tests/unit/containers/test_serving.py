"""The program that serves a person's functions, with a handler service in the toolkit's place."""

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from studiolo.containers.scripts.serving import Calls, Context, Server, answer_of, bring_libraries, inputs_of

CONTEXT = Context(Path("/opt/ml/model"))


class Echo:
    """Answers what it got and how, or fails, as the body says."""

    def handle(self, data: list[dict[str, bytes]], context: Context) -> list[Any]:
        body = data[0]["body"]
        if body == b"broken":
            raise ValueError("beyond the toolkit")
        if body == b"wrong":
            context.set_response_status(code=400, phrase="Bad Request")
            return ["no such thing"]
        context.set_response_content_type(0, context.get_request_header(0, "Accept") or "")
        return [f"{context.get_request_properties()['Content-Type']} {body.decode()}"]


def call(body: bytes, method: str = "POST", path: str = "/invocations") -> tuple[int, str, bytes]:
    """Status, content type and body of one answer."""
    sent: list[dict[str, Any]] = []

    async def run() -> None:
        pieces = [body[:2], body[2:]]

        async def receive() -> dict[str, Any]:
            return {"body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"content-type", b"text/csv; charset=utf-8"), (b"accept", b"text/csv")]
        await server({"method": method, "path": path, "headers": headers}, receive, send)

    server = Server(Echo(), CONTEXT)
    threading.Thread(target=server.calls.work).start()
    asyncio.run(run())
    server.calls.end()
    return sent[0]["status"], dict(sent[0]["headers"])[b"content-type"].decode(), sent[1]["body"]


def test_a_body_goes_to_the_handlers_and_their_answer_back_with_its_type() -> None:
    assert call(b"1,2") == (200, "text/csv", b"text/csv 1,2")


@pytest.mark.parametrize(("body", "status", "words"), [(b"wrong", 400, b"no such"), (b"broken", 500, b"beyond")])
def test_what_handlers_refuse_or_raise_is_answered_in_their_words(body: bytes, status: int, words: bytes) -> None:
    answered, content_type, said = call(body)
    assert (answered, content_type) == (status, "text/plain")
    assert words in said


def test_an_answer_does_not_wait_for_the_call_behind_it() -> None:
    release = threading.Event()
    calls = Calls(lambda body, _headers: (200 if body == b"quick" or release.wait(60) else 500, "text/plain", body))

    async def run() -> None:
        quick, slow = calls.call(b"quick", {}), calls.call(b"slow", {})
        threading.Thread(target=calls.work).start()
        assert await asyncio.wait_for(quick, 30) == (200, "text/plain", b"quick")
        assert not slow.done()
        release.set()
        assert await asyncio.wait_for(slow, 30) == (200, "text/plain", b"slow")

    asyncio.run(run())
    calls.end()


def test_it_says_that_it_lives_and_nothing_else_is_served() -> None:
    assert call(b"", "GET", "/ping")[0] == 200
    assert call(b"", "GET", "/models")[0] == 404


def test_libraries_that_modelbuilder_brings_are_found_without_a_copy_in_the_system_s_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(os, "execv", lambda program, words: started.append(program))
    monkeypatch.setenv("LD_LIBRARY_PATH", "/elsewhere")
    (tmp_path / "model" / "shared_libs").mkdir(parents=True)
    bring_libraries(tmp_path)
    assert not (tmp_path / "model" / "shared_libs").exists()
    assert not started
    (tmp_path / "shared_libs" / "libmine.so").touch()
    for _ in range(2):
        bring_libraries(tmp_path)
    assert started == [sys.executable]
    assert os.environ["LD_LIBRARY_PATH"] == f"{tmp_path}/shared_libs:/elsewhere"


@pytest.mark.parametrize(
    ("request_", "inputs", "by_row"),
    [
        ([[1, 2], [3, 4]], {"x": [[1, 2], [3, 4]]}, True),
        ({"instances": [[1, 2]]}, {"x": [[1, 2]]}, True),
        ({"instances": [{"x": 1}, {"x": 2}]}, {"x": [1, 2]}, True),
        ({"instances": [{"b64": "aGk="}]}, {"x": [b"hi"]}, True),
        ({"inputs": [[1, 2]]}, {"x": [[1, 2]]}, False),
        ({"inputs": {"x": [5]}}, {"x": [5]}, False),
    ],
)
def test_a_saved_model_is_asked_by_rows_or_by_columns(request_: Any, inputs: dict[str, Any], by_row: bool) -> None:
    assert inputs_of(request_, ["x"]) == (inputs, by_row)


def test_a_saved_model_of_several_inputs_and_outputs_has_them_by_name() -> None:
    rows = {"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    assert inputs_of(rows, ["a", "b"]) == ({"a": [1, 3], "b": [2, 4]}, True)
    assert answer_of({"p": [1, 2], "q": [3, 4]}, by_row=True) == {"predictions": [{"p": 1, "q": 3}, {"p": 2, "q": 4}]}
    assert answer_of({"p": [1, 2], "q": [3, 4]}, by_row=False) == {"outputs": {"p": [1, 2], "q": [3, 4]}}
    for wrong, words in (([[1, 2]], "a, b: each"), ({"instances": [{"a": 1}]}, "inputs b of"), ({}, "neither")):
        with pytest.raises(ValueError, match=words):
            inputs_of(wrong, ["a", "b"])
