"""The files by which server and runner speak: work.json there, report.json and metrics.jsonl back, stop to end early."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from studiolo.containers.files import take_json, write_json
from studiolo.containers.work import BASE, Metric, Report, Work

STOP, INTERRUPT = "stop", "interrupt"
MOST_MEASURED = 1 << 20
"""Bytes of metrics that are read at a time."""


class WorkFolder:
    """The folder of one work. Every file in it is replaced whole, so a reader never sees half of one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def root(self, host: str) -> Path:
        """What the program of that host sees as /opt/ml."""
        return self.path / host / "ml"

    def shown(self, words: str) -> str:
        """Words about the work, as who asked for it may read them: what lies here is called as its programs see it."""
        host = f"{re.escape(str(self.path))}/[^/\\s]+"
        seen = re.sub(rf"{host}/own\b", "~", re.sub(rf"{host}/ml\b", BASE, words))
        return seen.replace(f"{self.path}/", "")

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

    def measure(self, metrics: Iterable[Metric]) -> None:
        """Note values of metrics behind those that are there."""
        lines = "".join(f"{json.dumps([metric.name, metric.value, metric.time])}\n" for metric in metrics)
        with (self.path / "metrics.jsonl").open("a") as file:
            file.write(lines)

    def measured(self, since: int) -> tuple[Sequence[Metric], int]:
        """Values of metrics, some at a time, that were noted behind the byte `since`; and the byte behind these."""
        try:
            with (self.path / "metrics.jsonl").open("rb") as file:
                file.seek(since)
                read = file.read(MOST_MEASURED)
        except FileNotFoundError:
            return [], since
        whole = read[: read.rfind(b"\n") + 1]
        return [Metric(*json.loads(line)) for line in whole.splitlines()], since + len(whole)

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
