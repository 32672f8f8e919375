"""The launcher of a Ray cluster: what of work can be sent there is, the rest is carried out on this machine."""

import logging
import threading
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from studiolo.containers.launcher import OnEnd
from studiolo.containers.local import LocalLauncher
from studiolo.containers.ray.cluster import Cluster, ClusterUnavailable
from studiolo.containers.ray.follower import lost
from studiolo.containers.ray.parcel import stays
from studiolo.containers.surroundings import Surroundings
from studiolo.containers.work import Work
from studiolo.processes import Processes

log = logging.getLogger(__name__)

FOLLOWER = "studiolo.containers.ray.follower"
SUBMISSION = "submission"
"""The file in a work's folder with the name that Ray has for it."""


class RayLauncher(LocalLauncher):
    """A follower on this machine for each work, in the place of a runner."""

    def __init__(self, processes: Processes, surroundings: Surroundings, folder: Path, cluster: Cluster) -> None:
        super().__init__(processes, surroundings, folder)
        self._cluster = cluster

    def start(self, work: Work) -> None:
        reason = stays(work)
        if reason is not None:
            note = f"Studiolo's jobs run on Ray, but {reason} carried out on its own machine."
            work = replace(work, notes=(*work.notes, note))
        super().start(work)

    def follow(self, work: str, on_end: OnEnd) -> None:
        def ended(obituary: str) -> None:
            with suppress(FileNotFoundError):
                obituary = lost(self._of(work)).read_text()
            on_end(obituary)

        super().follow(work, ended)

    def clear(self, work: str) -> None:
        report = self.report(work)
        # Its follower may not have lived to hear its end.
        if report is None or report.outcome is None:
            with suppress(FileNotFoundError):
                submission = (self._of(work).path / SUBMISSION).read_text()
                # Whoever clears holds up all other jobs, and a node that has died is long in not answering.
                threading.Thread(target=self._give_up, args=(submission,), daemon=True).start()
        super().clear(work)

    def _give_up(self, submission: str) -> None:
        try:
            self._cluster.stop(submission)
        except ClusterUnavailable as error:
            log.warning("%s may still run: %s", submission, error)

    def _program(self, work: Work) -> list[str]:
        if stays(work) is not None:
            return super()._program(work)
        submission = f"studiolo-{work.kind}-{work.id}-{uuid.uuid4().hex[:8]}"
        (self._of(work.id).path / SUBMISSION).write_text(submission)
        return [FOLLOWER, self._cluster.address, submission]
