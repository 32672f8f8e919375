"""Scripts that run in a JupyterLab's fence, as its role, before it starts: lifecycle configurations, and git."""

from collections.abc import Mapping

from studiolo.logs import Logs, LogWriter
from studiolo.processes import Child, Fence, Processes, read_end
from studiolo.studio.jupyter import Place
from studiolo.studio.lab import Lab, Script

KIND = "studio-lifecycle-config"
SECONDS = 300.0
"""Longest that one may run ("Lifecycle configurations", SageMaker AI Developer Guide)."""

LOG_BYTES = 1024 * 1024
TAIL_LINES = 4


class Scripts:
    """Runs them; what they print is in CloudWatch."""

    def __init__(self, processes: Processes, logs: Logs) -> None:
        self._processes = processes
        self._logs = logs

    def run(self, lab: Lab, place: Place, environment: Mapping[str, str], fence: Fence) -> str | None:
        """Run a JupyterLab's scripts; why it does not start then."""
        for script in lab.scripts:
            if (reason := self._run(script, lab, place, environment, fence)) is not None:
                return reason
        return None

    def stop(self, lab: Lab) -> None:
        """End the script of one that is not wanted any more, which is not to start then."""
        if (child := self._processes.find(_child_name(lab))) is not None:
            self._processes.stop(child)

    def close(self) -> None:
        """End all scripts: they run anew when their JupyterLabs are started again."""
        for child in self._processes.children(KIND):
            self._processes.stop(child)

    def _run(self, script: Script, lab: Lab, place: Place, environment: Mapping[str, str], fence: Fence) -> str | None:
        self.stop(lab)
        file = place.leave_script(script.text)
        child = self._processes.start(
            _child_name(lab), KIND, ["bash", str(file)], environment=environment, folder=place.home, fence=fence
        )
        try:
            status = self._processes.wait(child, SECONDS)
        except TimeoutError:
            reason: str | None = f"did not end within {SECONDS:.0f} s"
        else:
            reason = None if status == 0 else f"ended with exit status {status}"
        return self._told(script, lab, child, reason)

    def _told(self, script: Script, lab: Lab, child: Child, reason: str | None) -> str | None:
        self._processes.stop(child)
        said = read_end(child.log, LOG_BYTES)
        with LogWriter(self._logs.writer_file(lab.scope, script.group, script.stream)) as log:
            log.write(said)
        self._processes.log(child.name).unlink(missing_ok=True)
        if reason is None:
            return None
        last = "\n".join(said.splitlines()[-TAIL_LINES:])
        return f"{script.title} {reason}. It last said: {last or 'nothing'}"


def _child_name(lab: Lab) -> str:
    return f"{KIND}-{lab.id}"
