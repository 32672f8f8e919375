"""What `python -m studiolo.demo` says when it cannot begin, and what it is made of."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import studiolo.demo


def demo(**environment: str) -> "subprocess.CompletedProcess[str]":
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "studiolo.demo"],
        env={**inherited, **environment, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "No Studiolo is named in AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Nothing answers at"),
    ],
)
def test_without_a_server_it_says_in_one_sentence_how_to_start_one(environment: dict[str, str], reason: str) -> None:
    ended = demo(**environment)
    assert ended.returncode == 1
    assert reason in ended.stdout
    assert "studiolo up" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_it_uses_nothing_of_studiolo_but_itself() -> None:
    imported = set()
    for file in Path(studiolo.demo.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
    assert {name for name in imported if name.startswith("studiolo")} <= {
        name for name in imported if name.startswith("studiolo.demo")
    }
    assert any(name.startswith("studiolo.demo.") for name in imported)
