"""Chapter 1: where the measurements come from.

A folder given by the reader; else a copy beside the checkout; else the UCI Machine Learning Repository; else,
offline, readings made up by `synthetic.py`, which are called synthetic wherever they show.
"""

import csv
import gzip
import io
import re
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from studiolo.demo import synthetic
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Stage

COLUMNS = [
    *("No", "year", "month", "day", "hour"),
    *("PM2.5", "PM10", "SO2", "NO2", "CO", "O3"),
    *("TEMP", "PRES", "DEWP", "RAIN", "wd", "WSPM", "station"),
]

UCI_URL = "https://archive.ics.uci.edu/static/public/501/beijing+multi+site+air+quality+data.zip"
UCI_TITLE = "Beijing Multi-Site Air Quality, UCI Machine Learning Repository, dataset 501, CC BY 4.0"
UCI_CITATION = (
    "Zhang, S., Guo, B., Dong, A., He, J., Xu, Z. and Chen, S.X. (2017), Cautionary Tales on Air-Quality "
    "Improvement in Beijing, Proc. R. Soc. A 473: 20170457."
)
UCI_STATIONS = 12
UCI_ROWS = 420_768
UCI_MEMBER = re.compile(r"PRSA_Data_[A-Za-z]+_20130301-20170228\.csv")
CONNECT_SECONDS = 6
LARGEST_ARCHIVE = 100 * 1024 * 1024  # bytes; the real one has 8 MB
LARGEST_MEMBER = 20 * 1024 * 1024  # bytes unpacked; a station has 3 MB


@dataclass(frozen=True)
class Measurements:
    """Hourly readings, one CSV file (gzipped or not) a station."""

    files: tuple[Path, ...]
    rows: int
    city: str
    title: str
    citation: str
    synthetic: bool


def find(source: Path | None, folder: Path, stage: Stage) -> Measurements:
    """The measurements to work on; downloads and made-up readings are kept in `folder`.

    Raises StoryError for a `source` without such files.
    """
    if source is not None:
        return _in_folder(source, stage)
    for beside in _beside_the_checkout():
        if list(beside.glob("*.csv.gz")):
            return _in_folder(beside, stage)
    downloaded = folder / "uci"
    if len(list(downloaded.glob("*.csv.gz"))) == UCI_STATIONS or _download(downloaded, stage):
        return _in_folder(downloaded, stage)
    made_up = folder / "synthetic"
    stage.say("No data here and no network: making up SYNTHETIC readings, to show the way, not the air.")
    synthetic.write(made_up)
    return _in_folder(made_up, stage)


def _beside_the_checkout() -> list[Path]:
    """../shared/data/beijing-air-quality, seen from the current directory and from the repository's root."""
    roots = [Path.cwd(), *(parent for parent in Path(__file__).parents if (parent / "pyproject.toml").exists())]
    return [root.parent / "shared" / "data" / "beijing-air-quality" for root in roots]


def _in_folder(folder: Path, stage: Stage) -> Measurements:
    """Check and count what is in the folder. Raises StoryError if it is not what the story is about."""
    files = tuple(sorted([*folder.glob("*.csv"), *folder.glob("*.csv.gz")]))
    if not files:
        raise StoryError(f"There is no .csv or .csv.gz file in {folder}.")
    stage.plan(len(files))
    rows = 0
    for file in files:
        rows += _count_rows(file)
        stage.step()
    made_up = (folder / synthetic.MARKER).exists()
    original = len(files) == UCI_STATIONS and rows == UCI_ROWS
    return Measurements(
        files=files,
        rows=rows,
        city="a made-up city" if made_up else "Beijing",
        title=synthetic.TITLE if made_up else UCI_TITLE if original else f"Files of {folder}",
        citation="" if made_up or not original else UCI_CITATION,
        synthetic=made_up,
    )


def _count_rows(file: Path) -> int:
    """The readings in a station's file. Raises StoryError when it is not one."""
    try:
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
            header = next(csv.reader(lines), [])
            if header != COLUMNS:
                raise StoryError(f"{file} has not the columns of the UCI Beijing files: {', '.join(COLUMNS)}.")
            return sum(1 for line in lines if line.strip())
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError) as error:
        raise StoryError(f"{file} cannot be read: {error}.") from error


def packed(file: Path) -> tuple[str, bytes]:
    """A station's file as it goes into the bucket: its name ending in .csv.gz, and its bytes.

    The same file always gives the same bytes, so that an upload can see that nothing changed.
    """
    content = file.read_bytes()
    if file.suffix == ".gz":
        return file.name, content
    return f"{file.name}.gz", gzip.compress(content, mtime=0)


def _download(folder: Path, stage: Stage) -> bool:
    """Fetch the original files; False when they cannot be had, for whatever reason, which is said."""
    stage.say("Asking the UCI Machine Learning Repository for dataset 501 ...")
    try:
        with urllib.request.urlopen(UCI_URL, timeout=CONNECT_SECONDS) as answer:
            archive = answer.read(LARGEST_ARCHIVE)
        stations = unpack(archive)
    except (OSError, HTTPException, zipfile.BadZipFile, StoryError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        stage.say(f"It cannot be had: {reason}")
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in stations.items():
        part = folder / f"{name}.part"
        part.write_bytes(gzip.compress(content, mtime=0))
        part.replace(folder / f"{name}.gz")
    return True


def unpack(archive: bytes) -> dict[str, bytes]:
    """The station files in UCI's archive, by file name, without trusting the archive's paths or sizes.

    UCI packs the archive of the files into another. Raises StoryError unless it holds the 12 stations with
    420,768 readings, and BadZipFile.
    """
    stations: dict[str, bytes] = {}
    pending = [archive]
    while pending:
        with zipfile.ZipFile(io.BytesIO(pending.pop())) as opened:
            for member in opened.infolist():
                name = member.filename.replace("\\", "/").rsplit("/", 1)[-1]
                if name.endswith(".zip") and member.file_size <= LARGEST_ARCHIVE and len(pending) < 2:
                    pending.append(opened.read(member))
                elif UCI_MEMBER.fullmatch(name) and member.file_size <= LARGEST_MEMBER:
                    stations[name] = opened.read(member)
    rows = sum(len(content.splitlines()) - 1 for content in stations.values())
    if len(stations) != UCI_STATIONS or rows != UCI_ROWS:
        raise StoryError(
            f"the archive has {len(stations)} stations and {rows:,} rows, not {UCI_STATIONS} and {UCI_ROWS:,}"
        )
    return stations
