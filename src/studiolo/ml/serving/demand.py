"""Processes that are there on demand: started for a call, ended when none has come for a while or others need the room.

They serve serverless variants and the models of multi-model containers.
"""

import threading
from collections.abc import Sequence

import psutil

from studiolo.background import Background
from studiolo.ml.serving.fleet import Fleet
from studiolo.ml.serving.posts import Post
from studiolo.ml.serving.routes import Routes

LOOK_SECONDS = 1.0
LOCKS = 64
MOST_MODELS = 16
"""Models that a multi-model container has loaded at once: each is a process."""
FULL_PERCENT = 90.0
"""Used memory of the machine from which on a model makes room before another is loaded."""
CALL_SECONDS = 60.0


class OnDemand:
    """Starts and ends such processes. idle_seconds: how long one stays without a call."""

    def __init__(self, fleet: Fleet, routes: Routes, idle_seconds: float) -> None:
        self._fleet = fleet
        self._routes = routes
        self._idle_seconds = idle_seconds
        # Shared by the posts, so that one is not ended while it is started.
        self._locks = [threading.Lock() for _ in range(LOCKS)]
        self._posts: dict[str, Post] = {}
        # Models that are being started, with their containers, and those that make room for them, by their names.
        self._coming: dict[str, str] = {}
        self._going: set[str] = set()
        self._counting = threading.Lock()
        self._background = Background("processes on demand", self.look, LOOK_SECONDS)

    def start(self) -> None:
        self._background.start()

    def close(self) -> None:
        self._background.close()

    def watch(self, post: Post) -> None:
        """End its process in time. It may be up."""
        self._posts[post.child_name] = post

    def wake(self, post: Post) -> None:
        """Have the post served. Raises VariantFailed."""
        with self._lock(post):
            if self._fleet.socket(post) is not None:
                return
            try:
                if post.target is not None:
                    self._make_room(post)
                self._fleet.bring_up([post])
                self.watch(post)
            finally:
                with self._counting:
                    self._coming.pop(post.child_name, None)

    def look(self) -> None:
        """End what nobody has called for long enough."""
        for name, post in tuple(self._posts.items()):
            with self._lock(post):
                socket = self._fleet.socket(post)
                if socket is None:
                    del self._posts[name]
                    continue
                idle = self._routes.idle(socket)
                if idle is not None and idle > self._idle_seconds:
                    self._rest(post)

    def _make_room(self, post: Post) -> None:
        """End the models that were not used for the longest, until the container has room for another."""
        with self._counting:
            self._coming[post.child_name] = post.base.child_name
        while (oldest := self._next_to_go(post.base)) is not None:
            try:
                self._rest(oldest)
            finally:
                self._lock(oldest).release()
                with self._counting:
                    self._going.remove(oldest.child_name)

    def _next_to_go(self, base: Post) -> Post | None:
        """A model that has to go, its lock held for that; None where there is room, or all are started or ended now."""
        with self._counting:
            coming = {name for name, container in self._coming.items() if container == base.child_name}
            passing = coming | self._going
            loaded = [each for each in self._fleet.models(base) if each.child_name not in passing]
            if len(loaded) + len(coming) <= MOST_MODELS and psutil.virtual_memory().percent <= FULL_PERCENT:
                return None
            for oldest in sorted(loaded, key=self._idle, reverse=True):
                # Who holds it starts or ends it, and waits perhaps for this one.
                if self._lock(oldest).acquire(blocking=False):
                    self._going.add(oldest.child_name)
                    return oldest
            return None

    def _lock(self, post: Post) -> threading.Lock:
        return self._locks[hash(post.child_name) % LOCKS]

    def _idle(self, post: Post) -> float:
        socket = self._fleet.socket(post)
        return -1.0 if socket is None else self._routes.idle(socket) or 0.0

    def _rest(self, post: Post) -> None:
        self._fleet.rest(post, self._await_end_of_calls)

    def _await_end_of_calls(self, sockets: Sequence[str]) -> None:
        self._routes.await_end_of_calls(sockets, CALL_SECONDS)
