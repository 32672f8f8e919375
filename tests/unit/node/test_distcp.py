"""What `s3-dist-cp` makes of files: their names, their groups, how they are compressed."""

import gzip
from pathlib import Path

import pytest

from studiolo.node.distcp import CannotCopy, File, copy, grouped

MIB = 1024 * 1024
LOGS = [
    File(
        f"{folder}/XABC.2012-02-23-0{hour}.{folder}.gz", f"s3://b/cf/{folder}/XABC.2012-02-23-0{hour}.{folder}.gz", MIB
    )
    for hour in (1, 2)
    for folder in "ab"
]
HOURS = r".*XABC.([0-9]+-[0-9]+-[0-9]+-[0-9]+).*"


def files(*names: str) -> list[File]:
    return [File(name, f"s3://b/src/{name}", MIB) for name in names]


def made(
    given: list[File], pattern: str | None = None, target: int | None = None, codec: str = "keep"
) -> dict[str, int]:
    return {name: len(parts) for name, parts in grouped(given, pattern, target, codec).items()}


def test_what_is_joined_lies_where_its_first_file_would_and_tells_how_it_is_compressed() -> None:
    assert made(LOGS, HOURS) == {"a/2012-02-23-01.gz": 2, "a/2012-02-23-02.gz": 2}
    assert made(LOGS, HOURS, codec="none") == {"a/2012-02-23-01": 2, "a/2012-02-23-02": 2}


def test_patterns_are_tried_on_whole_paths_and_what_they_have_no_name_for_is_left_out() -> None:
    given = files("jan/x.log", "feb/x.log", "x.log")
    assert made(given, r"s3://b/src/(?:(jan)/)?.*") == {"jan/jan": 1}


def test_a_joined_file_is_complete_with_the_one_that_brings_it_to_its_size() -> None:
    parts = files(*(f"part-{number}" for number in range(5)))
    assert made(parts, ".*/(part).*", target=2) == {"part0": 2, "part1": 2, "part2": 1}
    assert made(parts, ".*/(part).*", target=9) == {"part": 5}


@pytest.mark.parametrize(
    ("name", "codec", "becomes"),
    [
        ("a.txt", "keep", "a.txt"),
        ("a.txt", "none", "a.txt"),
        ("a.txt", "gzip", "a.txt.gz"),
        ("a.txt.gz", "none", "a.txt"),
        ("a.txt.gz", "gz", "a.txt.gz"),
        ("a.snappy", "keep", "a.snappy"),
        ("part-0", "none", "part-0"),
    ],
)
def test_a_name_ends_with_how_the_file_is_compressed(name: str, codec: str, becomes: str) -> None:
    assert made(files(name), codec=codec) == {becomes: 1}


@pytest.mark.parametrize(
    ("names", "codec", "words"),
    [(("a.gz", "a.txt"), "keep", "different compression schemes"), (("a.lzo",), "none", "compressed with lzo")],
)
def test_what_cannot_be_joined_is_refused(names: tuple[str, ...], codec: str, words: str) -> None:
    with pytest.raises(CannotCopy, match=words):
        made(files(*names), ".*/(a).*", codec=codec)


def test_files_are_written_anew_as_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIOLO_HDFS", str(tmp_path))
    monkeypatch.delenv("STUDIOLO_NAMENODE", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x1.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "in" / "x2.gz").write_bytes(gzip.compress(b"two\n"))
    for codec, name in (("none", "out/x"), ("gzip", "out/x.gz")):
        words = ["--src=/in", "--dest=hdfs:///out", "--groupBy=.*/(x).*", f"--outputCodec={codec}"]
        assert copy(words) == 0
        content = (tmp_path / name).read_bytes()
        assert (content if codec == "none" else gzip.decompress(content)) == b"one\ntwo\n"
