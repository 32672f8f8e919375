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
            if post.target is not None:
                self._make_room(post)
            self._fleet.bring_up([post])
            self.watch(post)

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
        loaded = [each for each in self._fleet.models(post.base) if each != post]
        while loaded and (len(loaded) >= MOST_MODELS or psutil.virtual_memory().percent > FULL_PERCENT):
            oldest = max(loaded, key=self._idle)
            loaded.remove(oldest)
            # Who holds it starts or ends it, and waits perhaps for this one.
            if (lock := self._lock(oldest)).acquire(blocking=False):
                try:
                    self._rest(oldest)
                finally:
                    lock.release()

    def _lock(self, post: Post) -> threading.Lock:
        return self._locks[hash(post.child_name) % LOCKS]

    def _idle(self, post: Post) -> float:
        socket = self._fleet.socket(post)
        return -1.0 if socket is None else self._routes.idle(socket) or 0.0

    def _rest(self, post: Post) -> None:
        self._fleet.rest(post, self._await_end_of_calls)

    def _await_end_of_calls(self, sockets: Sequence[str]) -> None:
        self._routes.await_end_of_calls(sockets, CALL_SECONDS)
