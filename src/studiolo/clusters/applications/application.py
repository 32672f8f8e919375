"""What an application of a cluster must say of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.runtimes import Release

if TYPE_CHECKING:
    from studiolo.clusters.world import World


@dataclass(frozen=True)
class Daemon:
    """A program that runs as long as the cluster does; it is ready when its port is open at the cluster's address.

    doors: the ports of its at which somebody must connect first, before it is started; without any it is at once.
    answer: the path of a page, and a text that it has when the program is ready, of one that opens its port before.
    """

    command: tuple[str, ...]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    doors: tuple[int, ...] = ()
    answer: tuple[str, str] | None = None


class Application:
    """An application, as RunJobFlow names it. `format` is the table format that it is, if it is one."""

    name: str
    format: str | None = None

    def version(self, release: Release) -> str | None:
        """The version that is here with a release; None where it is not."""
        raise NotImplementedError

    def prepare(self, say: Callable[[str], object], stopped: Callable[[], bool]) -> None:
        """Fetch what it is made of, once on this machine. Raises EnvironmentUnavailable."""

    def seen(self) -> tuple[Path, ...]:
        """What of the machine its programs see."""
        return ()

    def lay_out(self, world: "World") -> None:
        """Write its files and commands."""

    def daemon(self, world: "World") -> Daemon | None:
        """What it runs beside Spark's own daemons."""
        return None
