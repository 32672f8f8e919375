"""Objects become files of a channel."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from studiolo.containers.inputs import Share, download, local_name
from studiolo.containers.work import Input
from studiolo.domain import Invalid, NotFound
from tests.unit.containers.store import Store

WHOLE = Share()


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetch(objects: dict[str, bytes], folder: Path, share: Share = WHOLE, **given: Any) -> dict[str, bytes]:
    path = "/opt/ml/input/data/train"
    download(Store(objects), Input("train", path, **given), folder, share, lambda _bytes: None)
    return files(folder)


@pytest.mark.parametrize(
    ("key", "prefix", "name"),
    [
        ("data/train/a.csv", "data/train/", "a.csv"),
        ("data/train/a.csv", "data/train", "a.csv"),
        ("data/train/x/a.csv", "data/train", "x/a.csv"),
        ("data/train/a.csv", "data/train/a.csv", "a.csv"),
        ("data/train-1.csv", "data/train", "train-1.csv"),
        ("a.csv", "", "a.csv"),
    ],
)
def test_a_file_is_named_as_its_object_below_the_prefix(key: str, prefix: str, name: str) -> None:
    assert local_name(key, prefix) == name


@pytest.mark.parametrize("key", ["day/1.csv", f"{'x' * 300}.csv"])
def test_a_key_that_no_file_can_have_is_told_as_the_person_s_to_mend(tmp_path: Path, key: str) -> None:
    with pytest.raises(Invalid, match="Data download failed:s3://b/t/.* cannot be written as a file"):
        fetch({"b/t/day": b"1", f"b/t/{key}": b"2"}, tmp_path, uri="s3://b/t/")


def test_a_manifest_of_no_bucket_s_name_is_refused(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://no bucket/"}, "a.csv"]).encode()
    with pytest.raises(Invalid, match="s3://no bucket/"):
        fetch({"b/m": manifest}, tmp_path, uri="s3://b/m", source="ManifestFile")


def test_a_prefix_brings_every_object_and_no_folder_marker(tmp_path: Path) -> None:
    objects = {"b/t/": b"", "b/t/a": b"1", "b/t/x/a": b"2", "b/other": b"3"}
    assert fetch(objects, tmp_path, uri="s3://b/t") == {"a": b"1", "x/a": b"2"}


def test_the_hosts_get_each_object_of_a_sharded_input_once(tmp_path: Path) -> None:
    objects = {f"b/t/{n}": b"" for n in range(5)}
    parts = [
        fetch(objects, tmp_path / str(host), Share(host, 2), uri="s3://b/t", sharded=True, seed=seed)
        for host, seed in ((0, None), (1, None))
    ]
    assert [sorted(part) for part in parts] == [["0", "2", "4"], ["1", "3"]]


def test_a_shuffled_input_has_an_order_of_its_own_in_each_epoch_and_the_same_again(tmp_path: Path) -> None:
    given = Input("train", "/opt/ml/input/data/train", "s3://b/t", seed=7)
    orders = [Share().of(range(20), given, epoch) for epoch in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(20))


def test_a_manifest_brings_what_it_lists(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://b/t/"}, "x/a", "c"]).encode()
    objects = {"b/m": manifest, "b/t/x/a": b"1", "b/t/c": b"2", "b/t/unlisted": b"3"}
    assert fetch(objects, tmp_path, uri="s3://b/m", source="ManifestFile") == {"x/a": b"1", "c": b"2"}


@pytest.mark.parametrize(
    "manifest", [b"", b"{}", b'["a"]', b'[{"prefix": "b/t"}, "a"]', b'[{"prefix": "s3://b/t/"}, {"a": 1}]']
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: bytes) -> None:
    with pytest.raises(Invalid):
        fetch({"b/m": manifest}, tmp_path, uri="s3://b/m", source="ManifestFile")


def test_an_object_that_a_manifest_lists_and_is_not_there_is_named(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://b/t/"}, "gone"]).encode()
    with pytest.raises(NotFound, match="s3://b/t/gone"):
        fetch({"b/m": manifest}, tmp_path, uri="s3://b/m", source="ManifestFile")


def test_a_compressed_channel_is_unpacked(tmp_path: Path) -> None:
    objects = {"b/t/a.csv.gz": gzip.compress(b"1,2")}
    assert fetch(objects, tmp_path, uri="s3://b/t", gzip=True) == {"a.csv": b"1,2"}


def test_an_object_that_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"s3://b/t/a\.csv\.gz cannot be unpacked"):
        fetch({"b/t/a.csv.gz": b"1,2"}, tmp_path, uri="s3://b/t", gzip=True)


@pytest.mark.parametrize("name", ["../a", "x/../../a"])
def test_a_key_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="outside"):
        fetch({f"b/t/{name}": b"1"}, tmp_path / "into", uri="s3://b/t/")
    assert not (tmp_path / "a").exists()


def test_a_channel_without_objects_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="s3://b/nothing"):
        fetch({"b/t": b"1"}, tmp_path, uri="s3://b/nothing")
