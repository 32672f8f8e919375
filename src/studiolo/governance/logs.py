"""Governed views of Delta tables: each is a table of its own, with one commit, of the snapshot that is the newest one."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from studiolo.catalog import HIVE_NULL
from studiolo.governance import expressions
from studiolo.governance.making.log_files import FOLDER, needed
from studiolo.governance.making.task import Refused
from studiolo.governance.seeing import location_of
from studiolo.governance.snapshots import Made, Snapshots
from studiolo.governance.views import View


class Logs(Snapshots):
    """Snapshots of tables that have their log beside their files."""

    def source(self, view: View) -> str:
        return f"{location_of(view.table)}/{FOLDER}"

    def state(self, view: View) -> str:
        """What tells the newest snapshot from others."""
        told = json.dumps([(name, each["ETag"]) for name, each in sorted(self._log(view).items())])
        return hashlib.sha256(told.encode()).hexdigest()

    def plan(self, view: View) -> Mapping[str, Any]:
        root = (location_of(view.table) or "").rstrip("/")
        with self._makers.place() as folder:
            files = [
                self._brought(view, f"{root}/{FOLDER}{name}", folder / name) for name in needed(list(self._log(view)))
            ]
            more = {"files": files, "location": root}
            self._makers.make(self._task(view, "log-plan", "", folder / "plan", more))
            plan: dict[str, Any] = json.loads((folder / "plan").read_text())
        return plan

    def key_of(self, view: View, data: Mapping[str, Any]) -> tuple[str, str]:
        told = json.dumps([data["path"], data["stamp"], data["values"]], sort_keys=True)
        fingerprint = hashlib.sha256(told.encode()).hexdigest()
        return f"data/{view.file_name(told, ('parquet',))}", fingerprint

    def make_data(self, view: View, key: str, data: Mapping[str, Any], plan: Mapping[str, Any]) -> Made:
        """What its partition says of a filter is known without its rows. Raises Refused, Denied."""
        columns = view.table.storage.columns if view.table.storage is not None else ()
        keys = tuple(each for each in columns if each.name.lower() in plan["keys"])
        values = [data["values"].get(each.name.lower()) or HIVE_NULL for each in keys]
        bound = [(expressions.bound(rows, keys, values), names) for rows, names in view.cells]
        cells = tuple((rows, names) for rows, names in bound if not expressions.never(rows))
        if not cells:
            return Made(key, -1, 0)
        with self._makers.place() as folder:
            source = self._brought(view, data["path"], folder / "raw")
            task = replace(self._task(view, "parquet", source, folder / "seen", {}), cells=cells)
            if any(task.rows_of(name) != task.rows for name in task.shown if name in plan["keys"]):
                raise Refused("It is partitioned by a column that shows in some of its rows alone.")
            shown = tuple(name for name in task.shown if name not in plan["keys"])
            rows = self._makers.make(replace(task, shown=shown))
            return Made(key, self._kept(view, folder / "seen", key), rows) if rows else Made(key, -1, 0)

    def describe(self, view: View, plan: Mapping[str, Any], data: Sequence[Made]) -> list[Made]:
        """Write the one commit of what was made. Raises Refused, Denied."""
        shown = [column.name.lower() for column in view.columns]
        more = {
            "schema": plan["schema"],
            "keys": plan["keys"],
            "id": str(uuid.UUID(hex=view.id)),
            "optional": [name for name in shown if any(name not in names for _, names in view.cells)],
            "data": [
                [each.key, each.size, raw["values"]] for each, raw in zip(data, plan["data"], strict=True) if each.rows
            ],
        }
        with self._makers.place() as folder:
            self._makers.make(self._task(view, "log", "", folder / "commit", more))
            return [Made(view.entry, self._kept(view, folder / "commit", view.entry), 0)]

    def _log(self, view: View) -> dict[str, Any]:
        """The files of the log, by name."""
        bucket, _, key = (location_of(view.table) or "").partition("://")[2].rstrip("/").partition("/")
        prefix = self._client.prefix(f"{key}/{FOLDER}")
        pages = self._client.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        return {each["Key"][len(prefix) :]: each for page in pages for each in page.get("Contents", ())}
