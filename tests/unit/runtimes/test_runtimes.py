"""Release labels, Java and jars."""

import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jgo.maven
import pytest

from studiolo.config import Settings
from studiolo.domain import Invalid
from studiolo.runtimes import JarsUnavailable, JavaMissing, Runtimes
from studiolo.runtimes.jars import fetch_jars
from studiolo.runtimes.java import find_java, fit_for_spark_4


def a_java(home: Path, version: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch()
    (home / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.fixture
def runtimes(tmp_path: Path) -> Runtimes:
    return Runtimes(Settings(data=tmp_path / "data"), tmp_path / "environments")


def test_glue_runs_on_spark_3_5_up_to_5_1_and_then_on_4_1(runtimes: Runtimes) -> None:
    found = {label: runtimes.for_glue(label).runtime.pyspark[:3] for label in runtimes.glue_labels()}
    assert found == {**dict.fromkeys(["0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1"], "3.5"), "6.0": "4.1"}
    assert runtimes.for_emr("emr-spark-8.0.0").runtime.pyspark == "4.0.2"


def test_a_glue_version_that_is_not_here_is_answered_with_those_that_are(runtimes: Runtimes) -> None:
    with pytest.raises(Invalid, match=r"7\.0 is not available here; available are 0\.9, 1\.0, .*5\.1, 6\.0"):
        runtimes.for_glue("7.0")


def test_a_release_restores_what_later_versions_of_spark_changed_and_nothing_else(runtimes: Runtimes) -> None:
    names = {label: set(runtimes.for_glue(label).conf) for label in runtimes.glue_labels()}
    assert names["0.9"] > names["1.0"] == names["2.0"] > names["3.0"] > names["5.0"] > names["5.1"] == set()
    assert runtimes.for_glue("2.0").conf["spark.sql.legacy.timeParserPolicy"] == "LEGACY"
    assert "spark.sql.legacy.timeParserPolicy" not in names["3.0"]
    assert names["6.0"] == set()


def test_a_release_tells_in_one_line_what_runs_and_what_is_not_there(runtimes: Runtimes) -> None:
    notice = runtimes.for_glue("6.0").notice
    assert "Spark 4.1.1" in notice
    assert "here it is Spark 4.1.4" in notice
    assert notice.endswith("Not here: hudi.")
    assert not any("\n" in runtimes.for_glue(label).notice for label in runtimes.glue_labels())


def test_a_java_without_the_vector_module_starts_programs_that_ask_for_it(tmp_path: Path) -> None:
    home = a_java(tmp_path / "a home", "17.0.1")
    (home / "release").write_text('JAVA_VERSION="17.0.1"\nMODULES="java.base java.sql"\n')
    (home / "bin" / "java").write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    (home / "bin" / "java").chmod(0o755)
    stand_in = fit_for_spark_4(home, tmp_path / "java")
    command = [stand_in / "bin" / "java", "-a b", "--add-modules=jdk.incubator.vector", "-cp", "x y:*", ""]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "-a b|-cp|x y:*||"
    assert find_java(stand_in, (17,)) == stand_in
    (home / "release").write_text('JAVA_VERSION="17.0.1"\nMODULES="java.base jdk.incubator.vector"\n')
    assert fit_for_spark_4(home, tmp_path / "java") == home


def test_the_java_of_the_settings_is_taken(tmp_path: Path) -> None:
    assert find_java(a_java(tmp_path, "17.0.1"), (17,)) == tmp_path


def test_java_home_is_taken_before_the_installed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(a_java(tmp_path, "1.8.0_392")))
    assert find_java(None, (8, 17)) == tmp_path


def test_an_unfit_java_is_named_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(JavaMissing, match=r"which is Java 25\. Spark needs Java 11 or 17\."):
        find_java(a_java(tmp_path, "25"), (17, 11))


def test_a_folder_without_java_is_named(tmp_path: Path) -> None:
    with pytest.raises(JavaMissing, match=r"no bin/java"):
        find_java(tmp_path, (17,))


@pytest.fixture
def maven(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A Maven repository that has everything but `absent`; the list tells what was fetched from it."""
    fetched: list[str] = []

    class Context:
        def __init__(self, **_: Any) -> None:
            pass

        def project(self, group: str, artifact: str) -> Any:
            def resolve() -> Path:
                if artifact == "absent":
                    raise RuntimeError("404 Not Found")
                fetched.append(f"{group}:{artifact}")
                jar = tmp_path / f"{artifact}.jar"
                jar.write_bytes(b"jar")
                return jar

            return SimpleNamespace(
                at_version=lambda _: SimpleNamespace(artifact=lambda: SimpleNamespace(resolve=resolve))
            )

    monkeypatch.setattr(jgo.maven, "MavenContext", Context)
    return fetched


def test_jars_are_fetched_once(maven: list[str], tmp_path: Path) -> None:
    folder = fetch_jars(["a:one:1", "a:two:1"], tmp_path / "jars")
    assert sorted(jar.name for jar in folder.iterdir()) == ["one.jar", "two.jar"]
    assert fetch_jars(["a:two:1", "a:one:1"], tmp_path / "jars") == folder
    assert maven == ["a:one", "a:two"]


def test_servers_that_need_the_same_jars_at_once_fetch_them_once(maven: list[str], tmp_path: Path) -> None:
    threads = [threading.Thread(target=fetch_jars, args=(["a:one:1"], tmp_path / "jars")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maven == ["a:one"]


def test_a_jar_that_cannot_be_fetched_is_named_and_half_a_set_is_none(maven: list[str], tmp_path: Path) -> None:
    with pytest.raises(JarsUnavailable, match="a:absent:2 could not be fetched.*404 Not Found"):
        fetch_jars(["a:one:1", "a:absent:2"], tmp_path / "jars")
    assert maven == ["a:one"]
    with pytest.raises(JarsUnavailable):
        fetch_jars(["a:one:1", "a:absent:2"], tmp_path / "jars")
