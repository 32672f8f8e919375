"""How the objective of a running trial went so far, read from its log."""

from studiolo.containers.metrics import linear
from studiolo.domain import Invalid, NotFound
from studiolo.logs import Logs
from studiolo.ml.training.jobs import LOG_GROUP, TrainingJob, TrainingJobs, log_stream

HOST = "algo-1"


def check(metric: str, regex: str) -> None:
    """Raise Invalid where the server cannot read the values in a time that it knows beforehand."""
    if linear(regex) is None:
        raise Invalid(
            f"The regular expression {regex!r} of the objective metric {metric} has look-arounds or references back, "
            "which are not taken where trials are stopped early. Write it without, or leave early stopping off."
        )


class Curves:
    """The values that trials printed of their objective, one for each step. A log is read on from where it was."""

    def __init__(self, logs: Logs, training: TrainingJobs) -> None:
        self._logs = logs
        self._training = training
        self._read: dict[str, tuple[int, list[float]]] = {}

    def values(self, job: TrainingJob, metric: str) -> list[float]:
        """All values so far, in their order."""
        pattern = next(each.regex for each in self._training.metrics_of(job.specification) if each.name == metric)
        position, found = self._read.get(job.name, (0, []))
        try:
            page = self._logs.head(job.scope, LOG_GROUP, log_stream(job, HOST), position)
        except NotFound:
            return found
        compiled = linear(pattern)
        for event in page.events:
            for match in compiled.finditer(event.message):
                try:
                    found.append(float(match[1] if compiled.groups else match[0]))
                except (TypeError, ValueError):
                    continue
        self._read[job.name] = (page.after, found)
        return found

    def forget(self, job: str) -> None:
        """It has ended."""
        self._read.pop(job, None)
