"""Events of data access: who read what of which table, gathered for a second and written as one, beside the requests."""

import json
import logging
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.domain import Clock, Scope
from studiolo.logs import Logs, LogWriter

GROUP = "/aws/lakeformation/data-access"
"""The log group of Studiolo's own; at AWS these are data events of CloudTrail."""

STREAM = "events"
MOST_WAITING = 10_000
MOST_PATHS = 20
SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accessed:
    """Who did what with data. how: `view`, `table` or `credentials`; path: in S3, of an object or a list.

    columns, rows: what shows of a view: each filter with its columns; None for all that there is.
    """

    scope: Scope
    principal: str
    how: str
    path: str
    allowed: bool
    action: str = "s3:GetObject"
    table: str = ""
    cells: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Audit:
    """Takes notes at no cost to who is answered; what is more than can be written is counted."""

    def __init__(self, logs: Logs, clock: Clock) -> None:
        self._logs = logs
        self._clock = clock
        self._waiting: queue.Queue[Accessed | None] = queue.Queue(MOST_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="lake-audit", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(10)

    def note(self, accessed: Accessed) -> None:
        try:
            self._waiting.put_nowait(accessed)
        except queue.Full:
            self._lost += 1

    def _run(self) -> None:
        going = True
        while going:
            first = self._waiting.get()
            going = first is not None
            batch = [] if first is None else [first]
            until = time.monotonic() + SECONDS
            while going and len(batch) < MOST_WAITING and (left := until - time.monotonic()) > 0:
                try:
                    each = self._waiting.get(timeout=left)
                except queue.Empty:
                    break
                going = each is not None
                batch += [] if each is None else [each]
            try:
                self._keep(batch)
            except Exception:
                log.exception("%d events of data access could not be written", len(batch))

    def _keep(self, batch: Sequence[Accessed]) -> None:
        alike: dict[tuple[Any, ...], list[str]] = {}
        for each in batch:
            told = (each.scope, each.principal, each.how, each.allowed, each.action, each.table, each.cells)
            alike.setdefault(told, []).append(each.path)
        lost, self._lost = self._lost, 0
        present = int(self._clock().timestamp() * 1000)
        of_scopes: dict[Scope, list[tuple[int, str]]] = {}
        for told, paths in alike.items():
            of_scopes.setdefault(told[0], []).append((present, json.dumps(_event(told, paths, lost))))
            lost = 0
        for scope, events in of_scopes.items():
            with LogWriter(
                self._logs.writer_file(Scope(scope.account.partition(":")[0], scope.region), GROUP, STREAM)
            ) as end:
                end.append(events)


def _event(told: tuple[Any, ...], paths: Sequence[str], lost: int) -> Mapping[str, Any]:
    _scope, principal, how, allowed, action, table, cells = told
    distinct = list(dict.fromkeys(paths))
    event: dict[str, Any] = {
        "principal": principal,
        "action": action,
        "allowed": allowed,
        "by": how,
        "table": table or None,
        "columns": sorted({name for _, names in cells for name in names}) or None,
        "filters": [{"rows": rows, "columns": list(names)} for rows, names in cells] or None,
        "requests": len(paths),
        "paths": distinct[:MOST_PATHS],
        "more_paths": max(0, len(distinct) - MOST_PATHS) or None,
        "lost_events": lost or None,
    }
    return {name: value for name, value in event.items() if value is not None}
