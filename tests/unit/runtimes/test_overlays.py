"""Additional modules, resolved by the real uv from a folder of small wheels, over an environment of two packages."""

import io
import os
import subprocess
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from uv import find_uv_bin

from studiolo.processes import isolation
from studiolo.runtimes import ModulesUnavailable, Overlays

PACKAGES = {
    "alpha 1.0": [],
    "alpha 1.1": [],
    "alpha 2.0": [],
    "beta 1.0": ["alpha<2"],
    "beta 2.0": ["alpha>=2"],
    "gamma 1.0": ["alpha>=2"],
    "delta 1.0": ["alpha"],
}


def wheel(folder: Path, name: str, version: str, requires: list[str]) -> Path:
    file = folder / f"{name}-{version}-py3-none-any.whl"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    information = f"{name}-{version}.dist-info"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(file, "w") as content:
        content.writestr(f"{name}.py", f"version = '{version}'\n")
        content.writestr(f"{information}/METADATA", "\n".join(metadata) + "\n")
        content.writestr(f"{information}/WHEEL", tags)
        content.writestr(f"{information}/RECORD", "")
    return file


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for package, requires in PACKAGES.items():
        name, version = package.split()
        wheel(folder, name, version, requires)
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """The interpreter of an environment with alpha 1.0 and beta 1.0."""
    home = tmp_path_factory.mktemp("environment")
    interpreter = home / "bin" / "python"
    subprocess.run([find_uv_bin(), "venv", "--quiet", "--clear", str(home)], check=True)
    install = [find_uv_bin(), "pip", "install", "--quiet", "--no-index", "--find-links", str(wheels)]
    subprocess.run([*install, "--python", str(interpreter), "alpha==1.0", "beta==1.0"], check=True)
    return interpreter


@pytest.fixture
def options(wheels: Path) -> list[str]:
    return ["--no-index", "--find-links", str(wheels)]


@pytest.fixture
def overlays(tmp_path: Path) -> Overlays:
    return Overlays(tmp_path / "overlays")


def versions(path: Path) -> list[str]:
    return sorted(folder.name.removesuffix(".dist-info") for folder in path.glob("*.dist-info"))


@pytest.mark.parametrize("module", ["alpha", "alpha<2", "Beta==1.0"])
def test_what_is_installed_and_will_do_is_left_as_it_is(
    overlays: Overlays, python: Path, options: list[str], module: str
) -> None:
    overlay = overlays.overlay(python, [module], options)
    assert (versions(overlay.path), overlay.shadows) == ([], False)


def test_a_new_module_comes_alone_where_the_installed_ones_suit_it(
    overlays: Overlays, python: Path, options: list[str]
) -> None:
    overlay = overlays.overlay(python, ["delta"], options)
    assert (versions(overlay.path), overlay.shadows) == (["delta-1.0"], False)


def test_a_version_that_is_asked_for_goes_before_the_installed_one(
    overlays: Overlays, python: Path, options: list[str]
) -> None:
    overlay = overlays.overlay(python, ["alpha==1.1"], options)
    assert (versions(overlay.path), overlay.shadows) == (["alpha-1.1"], True)


def test_what_builds_on_a_replaced_package_follows_it(overlays: Overlays, python: Path, options: list[str]) -> None:
    overlay = overlays.overlay(python, ["gamma"], options)
    assert versions(overlay.path) == ["alpha-2.0", "beta-2.0", "gamma-1.0"]


def test_a_wheel_is_a_module_too(overlays: Overlays, python: Path, options: list[str], tmp_path: Path) -> None:
    file = wheel(tmp_path, "mine", "0.1", ["delta"])
    assert versions(overlays.overlay(python, [file.as_uri()], options).path) == ["delta-1.0", "mine-0.1"]


def test_a_module_cannot_require_a_file_of_its_own_choice(
    overlays: Overlays, python: Path, options: list[str], tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    private = wheel(tmp_path / "home", "private", "1.0", [])
    file = wheel(tmp_path, "mine", "0.1", [f"private @ {private.as_uri()}"])
    with pytest.raises(ModulesUnavailable, match="private-1.0"):
        overlays.overlay(python, [file.as_uri()], options)


@pytest.mark.parametrize(
    ("modules", "says"),
    [
        (["delta", "nowhere"], "nowhere was not found"),
        (["alpha==9"], "installed. No solution found when resolving dependencies: Because .* alpha==9"),
        (["alpha==2.0", "beta==1.0"], "depends on alpha<2"),
        (["not a module"], "parse requirement at position 0: .* not a module"),
        (["alpha", "! odd"], "the start of a requirement: line 2$"),
    ],
)
def test_what_cannot_be_had_is_named_with_the_reason(
    overlays: Overlays, python: Path, options: list[str], modules: list[str], says: str
) -> None:
    with pytest.raises(ModulesUnavailable, match=says):
        overlays.overlay(python, modules, options)


def test_the_second_time_nothing_is_fetched(overlays: Overlays, python: Path, tmp_path: Path) -> None:
    folder = tmp_path / "soon gone"
    folder.mkdir()
    file = wheel(folder, "once", "1.0", [])
    options = ["--no-index", "--find-links", str(folder)]
    first = overlays.overlay(python, ["once"], options)
    file.unlink()
    assert overlays.overlay(python, ["once"], options) == first


def test_many_sessions_share_one_overlay(overlays: Overlays, python: Path, options: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: overlays.overlay(python, ["delta"], options), range(8)))
    assert len(set(found)) == 1
    assert (found[0].path / "delta.py").is_file()


def test_an_overlay_that_was_cut_off_is_made_anew(overlays: Overlays, python: Path, options: list[str]) -> None:
    path = overlays.overlay(python, ["delta"], options).path
    path.rename(path.with_suffix(".part"))
    assert versions(overlays.overlay(python, ["delta"], options).path) == ["delta-1.0"]


def test_a_session_that_is_stopped_does_not_wait_for_its_modules(
    overlays: Overlays, python: Path, options: list[str]
) -> None:
    with pytest.raises(ModulesUnavailable):
        overlays.overlay(python, ["git+https://127.0.0.1:1/nobody/nothing.git"], ["--no-index"], lambda: True)


def test_an_overlay_that_nobody_asks_for_any_more_is_removed_whole(
    overlays: Overlays, python: Path, options: list[str], tmp_path: Path
) -> None:
    old, used, again = (overlays.overlay(python, [name], options).path for name in ("delta", "gamma", "alpha==1.1"))
    for overlay in (old, used, again):
        os.utime(overlay.with_suffix(".json"), (0, 0))
    overlays.resolve(python, ["alpha==1.1"], options)
    overlays.purge(1000, [used])
    assert (used.is_dir(), again.is_dir()) == (True, True)
    assert [left.name for left in (tmp_path / "overlays").glob(f"{old.name}*")] == [f"{old.name}.lock"]
    assert versions(overlays.overlay(python, ["delta"], options).path) == ["delta-1.0"]


BACKEND = """
import contextlib, pathlib, zipfile
def build_wheel(folder, *_):
    with contextlib.suppress(OSError):
        pathlib.Path("{evil}").write_text("built")
    name = "built-1.0.dist-info"
    with zipfile.ZipFile(folder + "/built-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("built.py", "seen = %r" % [name for name in {secrets} if pathlib.Path(name).exists()])
        wheel.writestr(name + "/METADATA", "Metadata-Version: 2.1\\nName: built\\nVersion: 1.0\\n")
        wheel.writestr(name + "/WHEEL", "Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(name + "/RECORD", "")
    return "built-1.0-py3-none-any.whl"
"""


@pytest.mark.skipif(isolation().kind != "fenced", reason=str(isolation()))
def test_a_package_that_must_be_built_is_built_in_the_fence(tmp_path: Path, overlays: Overlays, python: Path) -> None:
    evil = tmp_path / "evil"
    secrets = [tmp_path / "credentials.json", tmp_path / "overlays" / "of-another-role.json"]
    secrets[1].parent.mkdir()
    for secret in secrets:
        secret.write_text("the root key")
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": BACKEND.format(secrets=[str(secret) for secret in secrets], evil=evil),
        "PKG-INFO": "Metadata-Version: 2.1\nName: built\nVersion: 1.0\n",
    }
    (tmp_path / "session-files").mkdir()
    sources = tmp_path / "session-files" / "built-1.0.tar.gz"
    with tarfile.open(sources, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"built-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    overlay = overlays.overlay(python, [sources.as_uri()], ["--no-index"])
    assert (overlay.path / "built.py").read_text() == "seen = []"
    assert not evil.exists()
