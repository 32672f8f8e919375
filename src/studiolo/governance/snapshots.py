"""Governed views of Iceberg tables: each is a table of its own, of the snapshot that was the present one when it was asked.

Its metadata name one snapshot, whose files are those of the raw table's with what may be seen of them. Rows that were
deleted are not in them, so that the new table has no deletes.
"""

import hashlib
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.domain import Conflict, Denied
from studiolo.governance.lake import Lake
from studiolo.governance.makers import Makers
from studiolo.governance.making.task import Task
from studiolo.governance.model import within
from studiolo.governance.seeing import location_of
from studiolo.governance.store_client import StoreClient
from studiolo.governance.views import METADATA, View, bucket_of

log = logging.getLogger("studiolo.s3")

ROUNDS = 4
"""So often a plan is begun again with the files that it asked for: a list of manifests, and the manifests."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file of a view: its key there, its bytes, and how many rows it has."""

    key: str
    size: int
    rows: int


class Snapshots:
    """Plans, filters and describes. client: of the store; its keys are names that `StoreClient.name` gives."""

    def __init__(self, lake: Lake, client: StoreClient, makers: Makers) -> None:
        self._lake = lake
        self._client = client
        self._makers = makers

    def source(self, view: View) -> str:
        """The place that tells of the table's files."""
        return view.table.parameters[METADATA]

    def state(self, view: View) -> str:
        """What tells the present snapshot from others, where the view's entry is called the same of each."""
        return ""

    def plan(self, view: View) -> Mapping[str, Any]:
        """The fields and data files of a table's present snapshot, as making/iceberg.py says. Raises Refused, Denied."""
        place = self.source(view)
        with self._makers.place() as folder:
            files = {place: self._brought(view, place, folder / "0")}
            for _ in range(ROUNDS):
                more = {"files": files, "metadata": place}
                self._makers.make(self._task(view, "plan", files[place], folder / "plan", more))
                plan: dict[str, Any] = json.loads((folder / "plan").read_text())
                if "needs" not in plan:
                    return plan
                for needed in plan["needs"]:
                    files[needed] = self._brought(view, needed, folder / str(len(files)))
        raise Conflict("The manifests of the table could not be read.")

    def key_of(self, view: View, data: Mapping[str, Any]) -> tuple[str, str]:
        """What is made of a data file is kept under, and what tells one apart that other deletes belong to."""
        told = json.dumps([data["path"], sorted(path for path, _ in data["deletes"])])
        fingerprint = hashlib.sha256(told.encode()).hexdigest()
        return f"data/{view.file_name(told, ('parquet',))}", fingerprint

    def make_data(self, view: View, key: str, data: Mapping[str, Any], plan: Mapping[str, Any]) -> Made:
        """Make what may be seen of one of a plan's data files; of no rows there is no object. Raises Refused, Denied."""
        with self._makers.place() as folder:
            source = self._brought(view, data["path"], folder / "raw")
            deletes = [
                [self._brought(view, path, folder / f"deletes-{number}"), ids]
                for number, (path, ids) in enumerate(data["deletes"])
            ]
            more = {"fields": plan["fields"], "path": data["path"], "constant": data["constant"], "deletes": deletes}
            rows = self._makers.make(self._task(view, "iceberg", source, folder / "seen", more))
            if not rows:
                return Made(key, -1, 0)
            return Made(key, self._kept(view, folder / "seen", key), rows)

    def describe(self, view: View, plan: Mapping[str, Any], data: Sequence[Made]) -> list[Made]:
        """Write the metadata of what was made of a plan's files, in their order: what leads to others last.

        Raises Refused, Denied.
        """
        place = self.source(view)
        root = f"s3://{bucket_of(view.scope)}/{view.id}"
        keys = {
            "manifest": f"metadata/{view.file_name(f'{place} manifest', ('avro',))}",
            "list": f"metadata/{view.file_name(f'{place} list', ('avro',))}",
            "metadata": view.entry,
        }
        number = int(hashlib.sha256(view.entry.encode()).hexdigest()[:15], 16)
        shown = {column.name.lower() for column in view.columns}
        more = {
            "metadata": place,
            "location": root,
            "uuid": str(uuid.UUID(hex=view.id)),
            "snapshot": number,
            "places": {name: f"{root}/{key}" for name, key in keys.items()},
            "data": [[f"{root}/{each.key}", each.size, each.rows] for each in data if each.rows],
            "optional": [name for name in shown if any(name not in names for _, names in view.cells)],
        }
        with self._makers.place() as folder:
            source = self._brought(view, place, folder / "raw")
            (folder / "made").mkdir()
            self._makers.make(self._task(view, "table", source, folder / "made", more))
            written = {name: folder / "made" / name for name in keys}
            there = {name: path for name, path in written.items() if path.exists()}
            return [Made(keys[name], self._kept(view, path, keys[name]), 0) for name, path in there.items()]

    def _task(self, view: View, kind: str, source: str, target: Path, more: Mapping[str, Any]) -> Task:
        return Task(
            source=source,
            target=str(target),
            name="",
            format=kind,
            columns=view.table.storage.columns if view.table.storage is not None else (),
            shown=tuple(column.name.lower() for column in view.columns),
            cells=view.cells,
            serde={},
            more=more,
        )

    def _brought(self, view: View, place: str, path: Path) -> str:
        """Bring a raw file here. Raises Denied for one that Lake Formation may not read."""
        bucket, _, key = place.partition("://")[2].partition("/")
        root = (location_of(view.table) or "").partition("://")[2]
        found = self._lake.location_of(view.scope, bucket, key) if bucket else None
        # Who writes a table's metadata could name files of others there.
        steps = {".", ".."} & set(key.split("/"))
        if found is None or steps or not within(f"{bucket}/{key}", root) or not self._lake.role_may(found, bucket, key):
            log.warning("%s.%s: %s is not below its registered location", view.table.database, view.table.name, place)
            raise Denied(
                f"Lake Formation cannot give a part of {view.table.database}.{view.table.name}: its files are not below "
                "its location, or that is not registered."
            )
        body = self._client.s3().get_object(Bucket=bucket, Key=self._client.name(key))["Body"]
        with path.open("wb") as file:
            for piece in body.iter_chunks(1024 * 1024):
                file.write(piece)
        return str(path)

    def _kept(self, view: View, path: Path, key: str) -> int:
        self._client.require_bucket(bucket_of(view.scope))
        self._client.s3().upload_file(str(path), bucket_of(view.scope), f"{view.id}/{key}")
        return path.stat().st_size
