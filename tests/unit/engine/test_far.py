"""What executors on other machines are sent."""

import tarfile
from pathlib import Path

from studiolo.engine.far import packed, settings


def test_of_packages_that_two_folders_have_executors_find_those_of_the_first(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name / "measures").mkdir(parents=True)
        (tmp_path / name / "measures" / "__init__.py").write_text(name)
    archive, _, place = packed(tmp_path, [str(tmp_path / "first"), str(tmp_path / "second")]).partition("#")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / place, filter="data")
    assert (tmp_path / place / "measures" / "__init__.py").read_text() == "first"


def test_files_and_paths_of_the_person_s_own_stay_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    told = {
        "spark.files": "s3://b/x",
        "spark.archives": "/p.tar.gz#environment",
        "spark.executorEnv.PYTHONPATH": "/own",
    }
    found = settings(tmp_path, [str(tmp_path / "modules")], "./environment/bin/python", told)
    assert found["spark.files"].endswith("far_keys.py,s3://b/x")
    assert found["spark.archives"] == f"{tmp_path}/modules.tar#modules,/p.tar.gz#environment"
    assert found["spark.executorEnv.PYTHONPATH"] == "modules:/own"
    assert "= ./environment/bin/python far_keys.py" in (tmp_path / "far_keys.ini").read_text()
