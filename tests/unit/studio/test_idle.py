"""Apps that nobody uses are ended."""

import json
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, cast

import pytest

from studiolo.domain import Scope
from studiolo.state import State
from studiolo.studio import resources
from studiolo.studio.apps import Apps
from studiolo.studio.lab import App
from studiolo.studio.labs import Labs

SCOPE = Scope("000000000000", "us-east-1")
NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ANSWERS = {
    "/healthz": {"lastHeartbeat": NOON.timestamp() * 1000},
    "/jupyterlab/default/api/status": {"last_activity": "2026-03-01T12:00:00Z"},
}


class Answers(BaseHTTPRequestHandler):
    """What JupyterLab and code-server say of when they were used."""

    def do_GET(self) -> None:
        body = json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """A socket file has no address to log."""


class Ended:
    """The labs, of which only the end is looked at."""

    def __init__(self, state: State) -> None:
        self.names: list[str] = []
        self.closing = threading.Event()
        self.set = Labs(state, *[cast(Any, None)] * 6, lambda: NOON).set

    def take_down(self, lab: App) -> None:
        self.names.append(lab.space)


@pytest.fixture
def socket() -> Iterator[str]:
    # The path of a socket file is bounded.
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "s")
        with socketserver.ThreadingUnixStreamServer(path, Answers) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield path
            server.shutdown()


def test_an_app_ends_when_it_was_idle_as_long_as_its_space_or_its_user_or_the_domain_says(
    tmp_path: Path, socket: str
) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.db'}")
    labs = Ended(state)
    now = NOON
    apps = Apps(state, cast(Any, labs), lambda: now)
    idle = {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 90}
    for name, space, user in (
        ("own", {"JupyterLabAppSettings": _idling(IdleTimeoutInMinutes=60)}, {}),
        ("coding", {"AppType": "CodeEditor", "CodeEditorAppSettings": _idling(IdleTimeoutInMinutes=60)}, {}),
        ("user-s", {}, {"JupyterLabAppSettings": _idling(**{**idle, "IdleTimeoutInMinutes": 70})}),
        ("not", {}, {"JupyterLabAppSettings": _idling(LifecycleManagement="DISABLED")}),
        ("domain-s", {}, {}),
    ):
        _insert(state, "user-profile", f"d-1/{name}", {"UserSettings": user})
        private = {"OwnershipSettings": {"OwnerUserProfileName": name}}
        sharing = {"SpaceSharingSettings": {"SharingType": "Private"}}
        _insert(state, "space", f"d-1/{name}", {**private, **sharing, "SpaceSettings": space})
        kind = space.get("AppType", "JupyterLab")
        running = {"id": name, "role": "r", "token": "t", "socket": socket}
        _insert(state, "app", f"d-1/{name}/{kind}/default", running)
    _insert(state, "domain", "d-1", {"DefaultUserSettings": {"JupyterLabAppSettings": _idling(**idle)}})
    ended = []
    for minutes in (59, 61, 71, 91):
        now = NOON + timedelta(minutes=minutes)
        apps.look()
        _join()
        ended.append(sorted(labs.names))
    state.close()
    assert ended == [[], ["coding", "own"], ["coding", "own", "user-s"], ["coding", "domain-s", "own", "user-s"]]


def _idling(**settings: Any) -> dict[str, Any]:
    return {"AppLifecycleManagement": {"IdleSettings": settings}}


def _insert(state: State, kind: Any, path: str, settings: dict[str, Any]) -> None:
    with state.transaction() as tx:
        resources.insert(tx, SCOPE, kind, path, "InService", NOON, settings)


def _join() -> None:
    """Until what is being ended has ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("end "):
            thread.join()
