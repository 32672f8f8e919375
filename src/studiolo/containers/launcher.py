"""What a launcher must do: one page; `local.py` is that of this machine, `ray/` that of a Ray cluster.

A launcher lays out /opt/ml for each instance of a work, brings its inputs, starts its programs, watches them, stops
them, and takes their outputs away. What it has begun needs neither the server nor the database: it goes on while they
are down, and the next server finds it again by the id of the work.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from studiolo.containers.work import Metric, Report, Work

OnEnd = Callable[[str], None]
"""Called with how the launcher's own part has ended, for work that has left no outcome in its report."""


class Launcher(Protocol):
    """Carries out work. Where it is begun already, it is named by its id."""

    def start(self, work: Work) -> None:
        """Begin with it. Raises DomainError or OSError; then nothing has begun."""
        ...

    def report(self, work: str) -> Report | None:
        """What has become of it so far; None as long as it has said nothing."""
        ...

    def measured(self, work: str, since: int) -> tuple[Sequence[Metric], int]:
        """What its metrics have been, each value in its turn, after the place `since`; and the place after these."""
        ...

    def follow(self, work: str, on_end: OnEnd) -> None:
        """Have `on_end` called once, from a thread, when nothing of it runs any more, for work that is `known`."""
        ...

    def stop(self, work: str, *, interrupt: bool = False) -> None:
        """Ask for its end, or take its instances away: its programs have their seconds of grace to leave what they have."""
        ...

    def end(self, work: str, grace: float) -> None:
        """End it, and all it started, within about `grace` seconds."""
        ...

    def clear(self, work: str) -> None:
        """Forget it: the role's keys, the files and whatever still runs of it."""
        ...

    def known(self, kind: str) -> Collection[str]:
        """The ids of the work of that kind of which anything is left."""
        ...
