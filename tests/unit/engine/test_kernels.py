"""What is said of a kernel that has ended."""

import json

import pytest

from studiolo.domain import Conflict
from studiolo.engine.kernels import Kernels
from studiolo.processes import Processes

START = "Setting default log level to WARN.\n26/01/01 WARN NativeCodeLoader: Unable to load native-hadoop library\n"


@pytest.mark.parametrize(
    ("status", "log", "says"),
    [
        (-9, START, "The session's kernel was killed by SIGKILL."),
        (
            3,
            START + "Fatal: no more\n",
            "The session's kernel exited with status 3. The end of its log: Fatal: no more",
        ),
        (None, "", "The session's kernel ended."),
    ],
)
def test_the_reason_is_its_end_and_what_it_said_last(
    kernels: Kernels, processes: Processes, status: int | None, log: str, says: str
) -> None:
    file = processes.log("session-one")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(log)
    assert kernels.reason("one", status) == says


def test_the_reason_is_its_own_where_it_gave_one(kernels: Kernels) -> None:
    kernels.folder("one").mkdir(parents=True)
    (kernels.folder("one") / "failure.txt").write_text("Spark did not start.")
    assert kernels.reason("one", 1) == "Spark did not start."


@pytest.mark.parametrize(
    "addresses",
    [
        None,
        "[]",
        "{",
        "[" * 10_000,
        '{"ui": null}',
        '{"ui": 5, "connect": null}',
        '{"ui": "javascript:x", "connect": 1}',
    ],
)
def test_addresses_that_code_in_the_session_has_changed_are_not_told(kernels: Kernels, addresses: str | None) -> None:
    folder = kernels.folder("one")
    folder.mkdir(parents=True)
    (folder / "launch.json").write_text(json.dumps({"connect": None}))
    told = folder / "addresses.json"
    told.write_text(json.dumps({"ui": "http://127.0.0.1:4040/?token=x", "connect": None, "application": "local-1"}))
    assert kernels.addresses("one")["ui"] == "http://127.0.0.1:4040/?token=x"
    told.unlink()
    if addresses is not None:
        told.write_text(addresses)
    with pytest.raises(Conflict, match="has changed or removed"):
        kernels.addresses("one")
