"""What the reader sees while the story runs: a heading a stage, what happens in it, and its seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

STAGES = 11


@dataclass(frozen=True)
class Chapter:
    """A stage that is over."""

    title: str
    seconds: float


class Stage:
    """A stage that is running."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def say(self, text: str, style: str = "") -> None:
        """Add lines to the story."""
        for line in text.rstrip().splitlines():
            self._progress.console.print(Padding(Text(line, style), (0, 0, 0, 4)))

    def doing(self, text: str) -> None:
        """Name what is being waited for."""
        self._progress.update(self._task, description=text)

    def plan(self, steps: int) -> None:
        """Show a bar of so many steps."""
        self._progress.update(self._task, total=steps, completed=0)

    def step(self, steps: int = 1) -> None:
        """Move the bar on."""
        self._progress.advance(self._task, steps)


class Narrator:
    """Tells the stages one after the other and remembers how long each took."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.chapters: list[Chapter] = []

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        """A stage of the story: its bar is there as long as the block runs."""
        self.console.print(f"[bold cyan]{len(self.chapters) + 1}/{STAGES}[/] [bold]{title}[/]")
        columns = (
            TextColumn("   "),
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        started = time.monotonic()
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as progress:
            yield Stage(progress, progress.add_task(title, total=None))
        seconds = time.monotonic() - started
        self.chapters.append(Chapter(title, seconds))
        self.console.print(f"    {seconds:.1f} s", style="dim")

    def table(self) -> Table:
        """The seconds of every stage so far, and their sum."""
        table = Table(box=None, show_footer=True, pad_edge=False)
        table.add_column("stage", footer="all")
        table.add_column("seconds", justify="right", footer=f"{sum(chapter.seconds for chapter in self.chapters):.1f}")
        for chapter in self.chapters:
            table.add_row(chapter.title, f"{chapter.seconds:.1f}")
        return table
