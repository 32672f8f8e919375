"""The folders of tables in the object store: the metastore makes, moves and deletes those of managed tables."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.domain import Conflict, Invalid, Scope
from studiolo.storage import Storage

log = logging.getLogger(__name__)

SCHEMES = ("s3://", "s3a://", "s3n://")

AT_ONCE = 16
"""Requests to the object store at a time."""

FEW = 32
"""Folders under one parent that are looked for one by one; for more, the parent is listed."""


class Warehouse:
    """Locations like `s3://bucket/folder`. Those that are not in the object store are the engines' own affair.

    Every method raises Conflict in the object store's words where it refuses.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: set[str] = set()

    def root(self, scope: Scope) -> str:
        """Where the tables of a scope go that are given no other place: the location of its database `default`."""
        return f"s3://{_bucket(scope)}/warehouse"

    def prepare(self, scope: Scope, location: str) -> None:
        """Make the scope's own bucket, if the location is in it and the bucket is not known to be there."""
        bucket = _bucket(scope)
        if bucket in self._known or not location.startswith(SCHEMES) or _split(location)[0] != bucket:
            return
        try:
            self._s3().create_bucket(Bucket=bucket)
        except (ClientError, BotoCoreError) as error:
            if "BucketAlready" not in str(error):
                raise Conflict(f"The warehouse's bucket {bucket} cannot be made: {error}") from error
        self._known.add(bucket)

    def forget(self) -> None:
        """To be called when the object store was emptied."""
        self._known.clear()

    def make(self, locations: Iterable[str]) -> None:
        """Make the folders that are not there."""
        by_parent: dict[tuple[str, str], list[str]] = defaultdict(list)
        for location in locations:
            if location.startswith(SCHEMES):
                bucket, folder = _split(location)
                if folder:
                    by_parent[bucket, folder.rpartition("/")[0]].append(folder)
        lacking = []
        with _store_errors():
            for (bucket, parent), folders in by_parent.items():
                there = set(self._folders(bucket, parent)) if len(folders) > FEW else None
                for folder in folders:
                    if f"{folder}/" not in there if there is not None else not self._is_folder(bucket, folder):
                        lacking.append((bucket, f"{folder}/"))
            self._each(lambda at: self._s3().put_object(Bucket=at[0], Key=at[1], Body=b""), lacking)

    def remove(self, location: str) -> None:
        """Delete the folder with all that is in it."""
        if not location.startswith(SCHEMES):
            return
        bucket, folder = _split(location)
        prefix = f"{folder}/" if folder else ""
        with _store_errors():
            for keys in self._keys(bucket, prefix):
                answer = self._s3().delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
                for failed in answer.get("Errors", []):
                    raise Conflict(f"{location} cannot be deleted: {failed.get('Message') or failed.get('Code')}")
            self._remove_folders(bucket, prefix)

    def remove_if_empty(self, location: str) -> None:
        """Delete the folder, unless there are files in it."""
        if not location.startswith(SCHEMES):
            return
        bucket, folder = _split(location)
        with _store_errors():
            files = (key for keys in self._keys(bucket, f"{folder}/") for key in keys if not key.endswith("/"))
            if folder and next(files, None) is None:
                self._remove_folders(bucket, f"{folder}/")

    def copy(self, location: str, to: str) -> None:
        """Copy all that is in one folder into another, which must not be there, and is not where the copy fails."""
        if not location.startswith(SCHEMES):
            return
        bucket, folder = _split(to)
        with _store_errors():
            if self._is_folder(bucket, folder):
                raise Conflict(f"{to} exists already.")
            try:
                self._copy(*_split(location), bucket, folder)
            except (ClientError, BotoCoreError):
                self.remove(to)
                raise

    def _copy(self, bucket: str, folder: str, new_bucket: str, new_folder: str) -> None:
        def copy(key: str) -> None:
            new = f"{new_folder}/{key[len(folder) + 1 :]}"
            # A folder's own marker holds nothing, and SeaweedFS lists it but does not copy it.
            if key.endswith("/"):
                self._s3().put_object(Bucket=new_bucket, Key=new, Body=b"")
            else:
                self._s3().copy({"Bucket": bucket, "Key": key}, new_bucket, new)

        copy(f"{folder}/")
        for keys in self._keys(bucket, f"{folder}/"):
            self._each(copy, [key for key in keys if key != f"{folder}/"])

    def _remove_folders(self, bucket: str, prefix: str) -> None:
        # SeaweedFS goes on listing folders that have lost their files, until their own markers are deleted.
        for folder in list(self._folders(bucket, prefix.rstrip("/"))):
            self._remove_folders(bucket, folder)
        if prefix:
            self._s3().delete_object(Bucket=bucket, Key=prefix)

    def _is_folder(self, bucket: str, folder: str) -> bool:
        answer = self._s3().list_objects_v2(Bucket=bucket, Prefix=f"{folder}/", MaxKeys=1)
        return bool(answer.get("Contents") or answer.get("CommonPrefixes"))

    def _folders(self, bucket: str, parent: str) -> Iterator[str]:
        pages = self._s3().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=f"{parent}/" if parent else "", Delimiter="/"):
            yield from (each["Prefix"] for each in page.get("CommonPrefixes", []))

    def _keys(self, bucket: str, prefix: str) -> Iterator[list[str]]:
        pages = self._s3().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix):
            keys = [each["Key"] for each in page.get("Contents", [])]
            if keys:
                yield keys

    def _each(self, do: Any, things: list[Any]) -> None:
        if len(things) == 1:
            do(things[0])
        elif things:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                list(threads.map(do, things))

    def _s3(self) -> Any:
        return self._storage.client()


class _store_errors:  # noqa: N801 (used as a with statement)
    """Turns what the object store refuses into Conflict, with its words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, (ClientError, BotoCoreError)):
            raise Conflict(str(error)) from error


def _bucket(scope: Scope) -> str:
    return f"studiolo-{scope.account}-{scope.region}"


def _split(location: str) -> tuple[str, str]:
    """The bucket and the folder (without slashes around it) of a location. Raises Invalid."""
    bucket, _, folder = location.partition("://")[2].partition("/")
    if not bucket:
        raise Invalid(f"The location {location} names no bucket.")
    return bucket, folder.strip("/")
