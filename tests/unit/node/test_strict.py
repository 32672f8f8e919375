"""What a node does not do: said and passed over, or a failure where the server is told to be strict."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from studiolo.node import commanding, pip
from tests.unit.node.test_submit import FACTS

UV = """#!/bin/sh
case "$*" in
    *--dry-run*lowest-direct*) echo "+ pandas==1.3.0" >&2 ;;
    *--dry-run*) echo "no wheel of pandas 1.2.5" >&2; exit 1 ;;
esac
"""
"""It has the next version alone."""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def made(strict: bool) -> None:
        uv = tmp_path / "uv"
        uv.write_text(UV)
        uv.chmod(0o755)
        facts = replace(FACTS, uv=str(uv), strict=strict)
        (tmp_path / "facts.json").write_text(json.dumps(asdict(facts)))
        monkeypatch.setenv("STUDIOLO_NODE", str(tmp_path))

    return made


@pytest.mark.parametrize(
    ("main", "words"), [(commanding.main, ["yum", "install", "-y", "jq"]), (pip.main, ["install", "pandas==1.2.5"])]
)
def test_what_a_node_does_not_do_fails_where_it_is_strict(
    node: Callable[[bool], None], main: Callable[[list[str]], int], words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    node(False)
    assert main(words) == 0
    said = capfd.readouterr()
    assert "not done here" in said.err or "pandas 1.2.5 has no wheel for this Python: 1.3.0 is installed" in said.out
    node(True)
    assert main(words) != 0
    assert "STUDIOLO_CLUSTER_STRICT" in capfd.readouterr().err
