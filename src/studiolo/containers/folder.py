"""The files by which the server and a runner speak: work.json there, report.json back, stop to end early."""

import json
from dataclasses import asdict
from pathlib import Path

from studiolo.containers.files import take_json, write_json
from studiolo.containers.work import Report, Work

STOP, INTERRUPT = "stop", "interrupt"


class WorkFolder:
    """The folder of one work. Every file in it is replaced whole, so a reader never sees half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def root(self, host: str) -> Path:
        """What the program of that host sees as /opt/ml."""
        return self.path / host / "ml"

    def create(self, work: Work, hidden: Path) -> None:
        """Leave the work in the folder, readable by its owner alone; `hidden` is the data folder."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_json(self.path / "work.json", {"work": asdict(work), "hidden": str(hidden)})

    def take_work(self) -> tuple[Work, Path]:
        """The work and the data folder, which is told no more then."""
        values = take_json(self.path / "work.json")
        return Work.from_json(values["work"]), Path(values["hidden"])

    def report(self) -> Report | None:
        """What the runner wrote last; None before it wrote anything."""
        try:
            return Report.from_json(json.loads((self.path / "report.json").read_text()))
        except FileNotFoundError:
            return None

    def tell(self, report: Report) -> None:
        write_json(self.path / "report.json", report.to_json())

    def ask(self, word: str) -> None:
        """Leave word that the work is to end, STOP or INTERRUPT: a runner that is only just starting misses signals."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.path / "stop").write_text(word)

    @property
    def word(self) -> str | None:
        """The word that was left, if any."""
        try:
            return (self.path / "stop").read_text()
        except FileNotFoundError:
            return None
