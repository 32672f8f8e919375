"""What executors on other machines are sent beside jars: where AWS's clients have the role's keys from, and modules."""

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from studiolo.identity.environment import PLUGIN

KEYS = PLUGIN.with_name("far_keys.py")
CONFIG = "far_keys.ini"
"""The file of settings that tells AWS's clients to run that program; as Spark puts both, where executors work."""

MODULES = "modules"
"""The folder, where executors work, of the packages that a session brought along."""


def keys_files(folder: Path, python: str) -> list[str]:
    """The files by which AWS's clients in executors have keys: written into the folder; python: of the executors."""
    config = folder / CONFIG
    config.write_text(f"[default]\ncredential_process = {python} {KEYS.name}\n")
    return [str(config), str(KEYS)]


def packed(folder: Path, paths: Sequence[str]) -> str:
    """The archive of these folders of packages, those before winning, as Spark takes it; written into the folder."""
    archive = folder / f"{MODULES}.tar"
    with tarfile.open(archive, "w") as tar:
        # What is unpacked later stays.
        for path in reversed(paths):
            for entry in Path(path).iterdir():
                tar.add(entry, arcname=entry.name)
    return f"{archive}#{MODULES}"


def settings(folder: Path, paths: Sequence[str], python: str, conf: Mapping[str, str]) -> dict[str, str]:
    """Spark's settings for it, over the conf's: paths are the folders of packages that the session brought along."""
    found = {"spark.files": _joined(keys_files(folder, python), conf, "spark.files", ",")}
    brought = [path for path in paths if path != str(PLUGIN.parent)]
    if not brought:
        return found
    return {
        **found,
        "spark.archives": _joined([packed(folder, brought)], conf, "spark.archives", ","),
        "spark.executorEnv.PYTHONPATH": _joined([MODULES], conf, "spark.executorEnv.PYTHONPATH", ":"),
    }


def _joined(ours: list[str], conf: Mapping[str, str], key: str, separator: str) -> str:
    return separator.join([*ours, *filter(None, [conf.get(key)])])
