"""The folder of a space, in which its programs have put what they like before JupyterLab starts again."""

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from studiolo.domain import Scope
from studiolo.studio.jupyter import Place
from studiolo.studio.lab import App

SCOPE = Scope("000000000000", "us-east-1")


@pytest.fixture
def app() -> App:
    moment = datetime.now(timezone.utc)
    settings = {"role": "arn:aws:iam::000000000000:role/lab", "owner": "ana"}
    return App(SCOPE, "d-1/mine/JupyterLab/default", "Pending", None, moment, moment, None, settings)


def test_what_lies_where_links_of_a_space_lead_is_left_as_it_is(tmp_path: Path, app: App) -> None:
    outside = tmp_path / "outside"
    (outside / "python3").mkdir(parents=True)
    (outside / "key").write_text("theirs")
    space = tmp_path / "space"
    space.mkdir()
    for name in ("kernels", "metadata", "venv"):
        (space / name).symlink_to(outside)
    place = Place(space)
    place.make(app, Path(sys.executable), [])
    assert sorted(each.name for each in outside.rglob("*")) == ["key", "python3"]
    assert json.loads((space / "metadata" / "resource-metadata.json").read_text())["UserProfileName"] == "ana"
    assert place.python.exists()

    draft = space / "kernels" / "python3" / "kernel.new"
    draft.symlink_to(outside / "key")
    place.make(app, Path(sys.executable), [])
    assert (outside / "key").read_text() == "theirs"


def test_a_script_is_not_written_where_a_link_leads_that_an_earlier_one_left(tmp_path: Path, app: App) -> None:
    (tmp_path / "key").write_text("theirs")
    place = Place(tmp_path / "space")
    place.make(app, Path(sys.executable), [])
    for left in (place.folder / "run" / "lifecycle.sh", place.folder / "run"):
        if left.is_dir():
            left.rename(tmp_path / "moved")
            left.symlink_to(tmp_path / "moved")
        else:
            left.symlink_to(tmp_path / "key")
        assert place.leave_script("echo ours").read_text() == "echo ours"
    assert (tmp_path / "key").read_text() == "theirs"
    assert not (place.folder / "run").is_symlink()
