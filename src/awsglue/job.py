"""A job's frame: `init` at its start, `commit` at its end."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from awsglue.context import GlueContext


class Job:
    """The run of a script. Bookmarks are not kept: each run reads everything."""

    def __init__(self, glue_context: "GlueContext") -> None:
        self.glue_context = glue_context
        self.job_name = ""
        self.args: dict[str, Any] = {}
        self._initialized = False

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        """Begin a run with its name and arguments."""
        self.job_name, self.args = job_name, dict(args or {})
        self._initialized = True

    def isInitialized(self) -> bool:
        """Whether `init` was called."""
        return self._initialized

    def commit(self) -> None:
        """End a run. Raises RuntimeError when it did not begin."""
        if not self._initialized:
            raise RuntimeError("The job was not begun: call init first.")
