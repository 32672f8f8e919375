"""A job's frame: `init` at its start, `commit` at its end."""

from collections.abc import Mapping
from typing import Any

from awsglue.host import Host


class Job:
    """The run of a script. Bookmarks are not kept: each run reads everything."""

    @classmethod
    def continuation_options(cls) -> list[str]:
        """The argument that asked for bookmarks once, and its values."""
        return ["--continuation-option", "continuation-enabled", "continuation-readonly", "continuation-ignore"]

    @classmethod
    def job_bookmark_options(cls) -> list[str]:
        """The argument that asks for bookmarks, and its values."""
        return ["--job-bookmark-option", "job-bookmark-enable", "job-bookmark-pause", "job-bookmark-disable"]

    @classmethod
    def job_bookmark_range_options(cls) -> list[str]:
        """The arguments that bound what a paused bookmark reads."""
        return ["--job-bookmark-from", "--job-bookmark-to"]

    @classmethod
    def id_params(cls) -> list[str]:
        """The arguments that name a run."""
        return ["--JOB_NAME", "--JOB_ID", "--JOB_RUN_ID", "--SECURITY_CONFIGURATION"]

    @classmethod
    def encryption_type_options(cls) -> list[str]:
        """The argument that asks for encryption, and its value."""
        return ["--encryption-type", "sse-s3"]

    def __init__(self, glue_context: Host) -> None:
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
        """End a run, which has no bookmarks to write. Notebooks commit a job that they never began."""
