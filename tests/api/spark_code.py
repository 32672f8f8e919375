"""Sessions for tests that are about what Spark does in them."""

import uuid
from collections.abc import Mapping
from typing import Any

from tests.waiting import until


class Spark:
    """A Glue session with these arguments; `run` gives what the code printed, and fails the test when it fails.

    `seconds` is how long it, or a statement, may take; `asked` is what else CreateSession is given.
    """

    def __init__(self, glue: Any, role: str, arguments: Mapping[str, str], seconds: float = 120, **asked: Any) -> None:
        self._glue, self._seconds = glue, seconds
        self.id = f"session-{uuid.uuid4().hex[:8]}"
        command = {"Name": "glueetl", "PythonVersion": "3"}
        glue.create_session(Id=self.id, Role=role, Command=command, DefaultArguments=dict(arguments), **asked)
        until(lambda: glue.get_session(Id=self.id)["Session"]["Status"] != "PROVISIONING", seconds)
        session = glue.get_session(Id=self.id)["Session"]
        assert session["Status"] == "READY", session.get("ErrorMessage")

    def run(self, code: str) -> str:
        number = self._glue.run_statement(SessionId=self.id, Code=code)["Id"]

        def ended() -> dict[str, Any] | None:
            statement: dict[str, Any] = self._glue.get_statement(SessionId=self.id, Id=number)["Statement"]
            return statement if statement["State"] not in ("WAITING", "RUNNING") else None

        output = until(ended, self._seconds)["Output"]
        assert output["Status"] == "ok", output
        printed: str = output["Data"]["TextPlain"]
        return printed

    def sql(self, *statements: str) -> str:
        """Run the SQL statements; the rows of the last one, as a list of tuples."""
        code = "".join(f"rows = spark.sql({statement!r}).collect()\n" for statement in statements)
        return self.run(f"{code}print([tuple(row) for row in rows])")

    def stop(self) -> None:
        self._glue.stop_session(Id=self.id)
        until(lambda: self._glue.get_session(Id=self.id)["Session"]["Status"] == "STOPPED")


def conf(settings: Mapping[str, str]) -> str:
    """The settings as `--conf` takes them."""
    return " --conf ".join(f"{name}={value}" for name, value in settings.items())
