"""Where the measurements come from, and what is refused."""

import gzip
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from studiolo.demo import data, synthetic
from studiolo.demo.errors import StoryError
from studiolo.demo.narrator import Narrator, Stage

HEADER = ",".join(f'"{name}"' for name in data.COLUMNS)


@pytest.fixture
def stage():
    with Narrator(Console(file=io.StringIO())).stage("Test") as stage:
        yield stage


def archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return packed.getvalue()


def station(rows: int) -> bytes:
    return (HEADER + "\n" + "x\n" * rows).encode()


def test_a_folder_of_plain_and_gzipped_files_is_counted(tmp_path: Path, stage: Stage) -> None:
    (tmp_path / "a.csv").write_bytes(station(3))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(station(4)))
    found = data.find(tmp_path, tmp_path / "report", stage)
    assert (len(found.files), found.rows, found.synthetic) == (2, 7, False)


def test_a_folder_without_measurements_is_named(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(StoryError, match=f"no .csv or .csv.gz file in {tmp_path}"):
        data.find(tmp_path, tmp_path, stage)


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", gzip.compress(station(100))[:-9]])
def test_a_file_that_is_no_station_is_named(tmp_path: Path, stage: Stage, content: bytes) -> None:
    name = "a.csv.gz" if content.startswith(b"\x1f\x8b") else "a.csv"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StoryError, match=name):
        data.find(tmp_path, tmp_path, stage)


def test_a_plain_file_is_packed_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(station(3))
    name, content = data.packed(tmp_path / "a.csv")
    assert name == "a.csv.gz"
    assert gzip.decompress(content) == station(3)
    assert data.packed(tmp_path / "a.csv") == (name, content)


def test_the_archive_in_the_archive_is_unpacked_by_file_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "UCI_STATIONS", 1)
    monkeypatch.setattr(data, "UCI_ROWS", 5)
    inner = archive({"../../PRSA_Data_Wanliu_20130301-20170228.csv": station(5), "/etc/passwd": b"x"})
    assert data.unpack(archive({"PRSA.zip": inner})) == {"PRSA_Data_Wanliu_20130301-20170228.csv": station(5)}


def test_an_archive_with_other_than_420768_readings_is_refused() -> None:
    with pytest.raises(StoryError, match="1 stations and 5 rows"):
        data.unpack(archive({"PRSA_Data_Wanliu_20130301-20170228.csv": station(5)}))


def test_offline_the_readings_are_made_up_and_labeled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Stage
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    small = pd.DataFrame([dict.fromkeys(data.COLUMNS, 1)])
    monkeypatch.setattr(data, "_beside_the_checkout", list)
    monkeypatch.setattr(data.urllib.request, "urlopen", offline)
    monkeypatch.setattr(synthetic, "stations", lambda: {"SyntheticA": small})
    found = data.find(None, tmp_path, stage)
    assert found.synthetic
    assert "SYNTHETIC" in found.title
    assert all("SYNTHETIC" in file.name for file in found.files)
    assert data.find(tmp_path / "synthetic", tmp_path, stage).synthetic  # also when it is given as the source
