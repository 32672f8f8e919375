"""Chapter 5: Spark. A Glue interactive session runs the cells of `prepare.py`, one statement each."""

import time
from contextlib import suppress
from importlib.resources import files
from types import TracebackType
from typing import Any, NamedTuple

import sagemaker
from botocore.exceptions import BotoCoreError, ClientError

from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage

NAME = "air-quality-"  # what the ids of the story's sessions begin with
POLL_SECONDS = 0.2
READY_SECONDS = 300
STOP_SECONDS = 60


class Cell(NamedTuple):
    """A part of `prepare.py`: its heading and its code."""

    title: str
    code: str


def cells(database: str) -> list[Cell]:
    """The cells of `prepare.py`, as an editor shows them: each begins at a line `# %% title`.

    The first says which database; here it says this one.
    """
    text = (files("studiolo.demo") / "prepare.py").read_text(encoding="utf-8")
    first, *others = [Cell(*part.split("\n", 1)) for part in text.split("\n# %% ")[1:]]
    return [first._replace(code=f"DATABASE = {database!r}\n"), *others]


def prepare(sdk: sagemaker.Session, role: str, database: str, stage: Stage) -> None:
    """Run `prepare.py` in a session of its own: the catalog's table of hourly readings to tables of Parquet.

    Raises StoryError when the session or a statement fails.
    """
    glue = sdk.boto_session.client("glue")
    for old in _sessions(glue):  # of a run that was killed
        _end(glue, old)
    chapters = cells(database)
    stage.plan(len(chapters) + 1)
    stage.doing("waiting for Spark")
    with GlueSession(glue, role) as session:
        stage.say(f"Glue session {session.id}, 2 workers G.1X, is ready", style="dim")
        stage.step()
        for cell in chapters:
            stage.doing(cell.title)
            stage.say(session.run(cell.code))
            stage.step()


class GlueSession:
    """A Glue interactive session with Spark in it; stopped and deleted when the `with` block ends, however it ends."""

    def __init__(self, glue: Any, role: str) -> None:
        self._glue = glue
        self._role = role
        self.id = f"{NAME}{time.strftime('%Y%m%d-%H%M%S')}"

    def __enter__(self) -> "GlueSession":
        self._glue.create_session(
            Id=self.id,
            Role=self._role,
            Command={"Name": "glueetl", "PythonVersion": "3"},
            GlueVersion="5.0",
            WorkerType="G.1X",
            NumberOfWorkers=2,
            IdleTimeout=15,  # minutes: should this program die, Glue ends the session itself
        )
        try:
            self._wait_until_ready()
        except BaseException:
            _end(self._glue, self.id)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _end(self._glue, self.id)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            session = self._glue.get_session(Id=self.id)["Session"]
            if session["Status"] == "READY":
                return
            if session["Status"] != "PROVISIONING":
                reason = session.get("ErrorMessage") or "no reason was given"
                raise StoryError(f"The Glue session is {session['Status']}: {reason}")
            if time.monotonic() > deadline:
                raise StoryError(f"The Glue session was not ready after {READY_SECONDS} s.")
            time.sleep(POLL_SECONDS)

    def run(self, code: str) -> str:
        """Run a statement to its end; what it printed. Raises StoryError with the traceback when it fails."""
        number = self._glue.run_statement(SessionId=self.id, Code=code)["Id"]
        try:
            while True:
                statement = self._glue.get_statement(SessionId=self.id, Id=number)["Statement"]
                if statement["State"] not in ("WAITING", "RUNNING"):
                    break
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            with suppress(BotoCoreError, ClientError):
                self._glue.cancel_statement(SessionId=self.id, Id=number)
            raise
        output = statement.get("Output", {})
        if statement["State"] != "AVAILABLE" or output.get("Status") == "error":
            trace = "".join(output.get("Traceback") or [])
            what = f"{output.get('ErrorName', statement['State'])}: {output.get('ErrorValue', 'no reason was given')}"
            raise StoryError(f"A statement failed in the Glue session.\n{trace}\n{what}")
        text: str = output.get("Data", {}).get("TextPlain") or ""
        return text


def _sessions(glue: Any) -> list[str]:
    """The ids of the story's sessions that are still listed."""
    page = glue.list_sessions()
    ids = list(page["Ids"])
    while page.get("NextToken"):
        page = glue.list_sessions(NextToken=page["NextToken"])
        ids += page["Ids"]
    return [session for session in ids if session.startswith(NAME)]


def _end(glue: Any, session: str) -> None:
    """Stop a session and delete it; one that is gone or was never ready is none the worse for it."""
    with suppress(glue.exceptions.EntityNotFoundException, glue.exceptions.IllegalSessionStateException):
        glue.stop_session(Id=session)
    deadline = time.monotonic() + STOP_SECONDS
    with suppress(glue.exceptions.EntityNotFoundException):
        while glue.get_session(Id=session)["Session"]["Status"] not in ("STOPPED", "FAILED", "TIMEOUT"):
            if time.monotonic() > deadline:
                return
            time.sleep(POLL_SECONDS)
        glue.delete_session(Id=session)
