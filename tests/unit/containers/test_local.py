"""The launcher of this machine, over the end of the server that it works for."""

import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from studiolo.containers import local
from studiolo.containers.local import LocalLauncher
from studiolo.containers.surroundings import Surroundings
from studiolo.processes import Processes
from studiolo.state import State


def test_what_a_server_was_killed_over_removing_is_removed_by_the_next(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launcher() -> LocalLauncher:
        return LocalLauncher(Processes(state, tmp_path), Mock(Surroundings), tmp_path / "jobs")

    left = tmp_path / "jobs" / "0123456789ab"
    left.mkdir(parents=True)
    Processes(state, tmp_path).start(
        f"training-a-{left.name}", "training", ["sleep", "600"], environment=dict(os.environ), folder=left
    )
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(local, "remove_left", Mock(side_effect=SystemExit))
        launcher().clear(left.name)
    assert launcher().known("training") == [left.name]
    launcher().clear(left.name)
    assert not left.exists()
    assert launcher().known("training") == []
