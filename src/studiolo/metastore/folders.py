"""The folders of tables in the object store, which a caller makes, moves and deletes with its own rights."""

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.domain import Conflict, Denied, DomainError
from studiolo.metastore.caller import Caller
from studiolo.metastore.locations import SCHEMES, split
from studiolo.objects import Objects

AT_ONCE = 16
"""Requests to the object store at a time."""

FEW = 32
"""Folders under one parent that are looked for one by one; for more, the parent is listed."""

REFUSED = ("AccessDenied", "403")


class Folders:
    """Locations like `s3://bucket/folder`. Those that are not in the object store are the engines' own affair.

    Every method raises Conflict in the object store's words where it refuses, Denied where the caller may not.
    """

    def __init__(self, caller: Caller, objects: Objects) -> None:
        self._caller = caller
        self._objects = objects

    def check_removal(self, locations: Iterable[str]) -> None:
        """Raise Denied unless the caller may delete each folder with all that is in it; nothing is changed."""
        for location in locations:
            if location.startswith(SCHEMES) and not self._caller.is_root:
                bucket, folder = split(location)
                prefix = f"{folder}/" if folder else ""
                if prefix:
                    self._caller.may("s3:DeleteObject", f"{bucket}/{prefix}")
                with _store_errors():
                    for key in chain.from_iterable(self._keys(bucket, prefix)):
                        self._caller.may("s3:DeleteObject", f"{bucket}/{key}")

    def check_making(self, locations: Iterable[str]) -> None:
        """Raise Denied unless the caller may make the folders; nothing is changed."""
        for location in locations:
            if location.startswith(SCHEMES):
                bucket, folder = split(location)
                self._caller.may("s3:PutObject", f"{bucket}/{folder}/")

    def make(self, locations: Iterable[str]) -> None:
        """Make the folders that are not there."""
        by_parent: dict[tuple[str, str], list[str]] = defaultdict(list)
        for location in locations:
            if location.startswith(SCHEMES):
                bucket, folder = split(location)
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
        bucket, folder = split(location)
        prefix = f"{folder}/" if folder else ""
        with _store_errors():
            for keys in self._keys(bucket, prefix):
                answer = self._s3().delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
                )
                for failed in answer.get("Errors", []):
                    kind = Denied if failed.get("Code") in REFUSED else Conflict
                    raise kind(f"{location} cannot be deleted: {failed.get('Message') or failed.get('Code')}")
            self._remove_folders(bucket, prefix)

    def remove_if_empty(self, location: str) -> None:
        """Delete the folder, unless there are files in it."""
        if not location.startswith(SCHEMES):
            return
        bucket, folder = split(location)
        with _store_errors():
            files = (key for keys in self._keys(bucket, f"{folder}/") for key in keys if not key.endswith("/"))
            if folder and next(files, None) is None:
                self._remove_folders(bucket, f"{folder}/")

    def copy(self, location: str, to: str) -> None:
        """Copy all that is in one folder into another, which must not be there, and is not where the copy fails."""
        if not location.startswith(SCHEMES):
            return
        bucket, folder = split(to)
        with _store_errors():
            if self._is_folder(bucket, folder):
                raise Conflict(f"{to} exists already.")
            try:
                self._copy(*split(location), bucket, folder)
            except (ClientError, BotoCoreError):
                self.undo(to)
                raise

    def undo(self, location: str) -> None:
        """Delete a folder that was made for nothing, as far as the caller may."""
        with contextlib.suppress(DomainError):
            self.remove(location)

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

    def _s3(self) -> Any:
        return self._objects.client(self._caller.principal)

    def _each(self, do: Any, things: list[Any]) -> None:
        if len(things) == 1:
            do(things[0])
        elif things:
            with ThreadPoolExecutor(AT_ONCE) as threads:
                list(threads.map(do, things))


class _store_errors:  # noqa: N801 (used as a with statement)
    """Turns what the object store refuses into Conflict, and what it denies the caller into Denied, with its words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if isinstance(error, ClientError) and (told := error.response["Error"])["Code"] in REFUSED:
            # What answers a HEAD has no words of its own.
            raise Denied(told["Message"] if told["Code"] == "AccessDenied" else str(error)) from error
        if isinstance(error, (ClientError, BotoCoreError)):
            raise Conflict(str(error)) from error
