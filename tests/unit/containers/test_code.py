"""The code of script mode: brought from S3, and what it requires."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from studiolo.containers.code import bring_code, required
from studiolo.domain import Invalid, NotFound


class Bucket:
    """An S3 client that has one archive."""

    def __init__(self, **files: str) -> None:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        self._archive = content.getvalue()

    def download_file(self, _bucket: str, key: str, file: str) -> None:
        if key != "code.tar.gz":
            answer: Any = {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(answer, "HeadObject")
        Path(file).write_bytes(self._archive)


def bring(folder: Path, source: str, **files: str) -> Path:
    root = folder / "ml"
    root.mkdir(exist_ok=True)
    bring_code(lambda: Bucket(**files), source, root, folder)
    return root


@pytest.mark.parametrize("source", ["s3://b/code.tar.gz", '"s3://b/code.tar.gz"'])
def test_code_is_brought_whether_its_address_is_quoted_or_not(tmp_path: Path, source: str) -> None:
    root = bring(tmp_path, source, **{"lib/train.py": "1"})
    assert (root / "code/lib/train.py").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["ml"]


def test_code_that_is_there_stays_and_what_is_not_on_s3_is_the_toolkit_s(tmp_path: Path) -> None:
    root = bring(tmp_path, "/opt/ml/input/data/code/sourcedir.tar.gz")
    assert not (root / "code").exists()
    (root / "code").mkdir()
    (root / "code/train.py").write_text("mine")
    bring(tmp_path, "s3://b/code.tar.gz", **{"train.py": "theirs"})
    assert (root / "code/train.py").read_text() == "mine"


def test_code_that_leaves_its_folder_or_is_not_there_is_told_with_its_address(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"s3://b/code\.tar\.gz, cannot be used.*evil"):
        bring(tmp_path, "s3://b/code.tar.gz", **{"../evil.py": ""})
    with pytest.raises(NotFound, match=r"s3://b/gone\.tar\.gz, cannot be read"):
        bring(tmp_path, "s3://b/gone.tar.gz")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "# pinned\nhumanize==4.9  # for people\n\npandas; os_name != 'x'",
            ["humanize==4.9", "pandas; os_name != 'x'"],
        ),
        ("--extra-index-url https://example.test/simple\nhumanize\n", []),
        ("humanize\n-r more.txt\n", []),
        ("./mine.whl\n", []),
    ],
)
def test_what_is_more_than_names_of_packages_is_left_to_pip(tmp_path: Path, text: str, wanted: list[str]) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/requirements.txt").write_text(text)
    assert required(tmp_path) == wanted


def test_what_a_model_of_mlflow_s_requires_is_beside_it_and_of_other_models_it_is_no_code(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "requirements.txt").write_text("mlflow==3.1\nlightgbm==4.6.0\n")
    assert required(tmp_path) == []
    (tmp_path / "model" / "MLmodel").touch()
    assert required(tmp_path) == ["mlflow==3.1", "lightgbm==4.6.0"]


def test_a_link_in_the_place_of_requirements_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "model/code").mkdir(parents=True)
    (tmp_path / "secret").write_text("humanize\n")
    (tmp_path / "model/code/requirements.txt").symlink_to(tmp_path / "secret")
    assert required(tmp_path) == []
