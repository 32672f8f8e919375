"""What is refused before anything is started."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from studiolo.config import Settings
from studiolo.domain import DomainError, Invalid, LimitExceeded, Scope
from studiolo.processes import Processes
from studiolo.runtimes import Runtimes
from studiolo.sessions import SessionRequest, Sessions
from studiolo.state import State


# The notebook kernel asks again three times when a limit is exceeded, and then shows nothing of the reason.
@pytest.mark.parametrize(("origin", "refusal"), [(None, LimitExceeded), ("GluePySparkKernel", Invalid)])
def test_short_memory_is_said_so_that_the_client_shows_it(
    state: State,
    processes: Processes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    origin: str | None,
    refusal: type[DomainError],
) -> None:
    anybody: Any = SimpleNamespace(pass_role=lambda *_: None)
    nothing: Any = SimpleNamespace()
    settings = Settings(data=tmp_path, warm_sessions=0)
    runtimes = Runtimes(settings)
    nowhere = "http://nowhere"
    sessions = Sessions(
        state, processes, runtimes, anybody, nothing, nothing, nothing, nothing, settings, nowhere, nowhere, nothing
    )
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1024, total=2**34))
    with pytest.raises(refusal, match="less than 1 GiB of memory free"):
        sessions.create(nothing, Scope("000000000000", "eu-central-1"), SessionRequest("one", "role", origin=origin))
