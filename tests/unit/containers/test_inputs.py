"""Objects become files of a channel."""

import gzip
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from studiolo.ml.training.job import Channel

from studiolo.containers.inputs import download, local_name
from studiolo.domain import Invalid, NotFound


class Objects:
    """The three calls of an S3 client that a channel makes, on a dictionary."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_paginator(self, _operation: str) -> "Objects":
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - as boto3 names them
        for key in sorted(self.objects):
            if key.startswith(f"{Bucket}/{Prefix}"):
                yield {"Contents": [{"Key": key.partition("/")[2]}]}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self._content(Bucket, Key))}

    def download_file(self, bucket: str, key: str, path: str, Callback: Callable[[int], None]) -> None:  # noqa: N803
        content = self._content(bucket, key)
        Callback(len(content))
        Path(path).write_bytes(content)

    def _content(self, bucket: str, key: str) -> bytes:
        if f"{bucket}/{key}" not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject")
        return self.objects[f"{bucket}/{key}"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetch(objects: dict[str, bytes], folder: Path, **channel: Any) -> dict[str, bytes]:
    download(Objects(objects), Channel(name="train", **channel), folder, lambda _bytes: None)
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


def test_one_host_gets_all_of_a_sharded_channel(tmp_path: Path) -> None:
    objects = {f"b/t/{n}": b"" for n in range(5)}
    assert len(fetch(objects, tmp_path, uri="s3://b/t", distribution="ShardedByS3Key")) == 5


def test_a_manifest_brings_what_it_lists(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://b/t/"}, "x/a", "c"]).encode()
    objects = {"b/m": manifest, "b/t/x/a": b"1", "b/t/c": b"2", "b/t/unlisted": b"3"}
    assert fetch(objects, tmp_path, uri="s3://b/m", source="ManifestFile") == {"x/a": b"1", "c": b"2"}


@pytest.mark.parametrize("manifest", [b"", b"{}", b'["a"]', b'[{"prefix": "b/t"}, "a"]'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, manifest: bytes) -> None:
    with pytest.raises(Invalid):
        fetch({"b/m": manifest}, tmp_path, uri="s3://b/m", source="ManifestFile")


def test_an_object_that_a_manifest_lists_and_is_not_there_is_named(tmp_path: Path) -> None:
    manifest = json.dumps([{"prefix": "s3://b/t/"}, "gone"]).encode()
    with pytest.raises(NotFound, match="s3://b/t/gone"):
        fetch({"b/m": manifest}, tmp_path, uri="s3://b/m", source="ManifestFile")


def test_a_compressed_channel_is_unpacked(tmp_path: Path) -> None:
    objects = {"b/t/a.csv.gz": gzip.compress(b"1,2")}
    assert fetch(objects, tmp_path, uri="s3://b/t", compression="Gzip") == {"a.csv": b"1,2"}


def test_an_object_that_cannot_be_unpacked_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"s3://b/t/a\.csv\.gz cannot be unpacked"):
        fetch({"b/t/a.csv.gz": b"1,2"}, tmp_path, uri="s3://b/t", compression="Gzip")


@pytest.mark.parametrize("name", ["../a", "x/../../a"])
def test_a_key_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="outside"):
        fetch({f"b/t/{name}": b"1"}, tmp_path / "into", uri="s3://b/t/")
    assert not (tmp_path / "a").exists()


def test_a_channel_without_objects_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="s3://b/nothing"):
        fetch({"b/t": b"1"}, tmp_path, uri="s3://b/nothing")
