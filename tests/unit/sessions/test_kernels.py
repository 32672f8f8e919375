"""What is said of a kernel that has ended."""

import pytest

from studiolo.processes import Processes
from studiolo.sessions.kernels import Kernels

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
