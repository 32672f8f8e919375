"""Interactive Spark: sessions behind an IPython kernel, one for each, living longer than the server.

A session belongs to a service, which keeps what it was asked for in its own words, and says what these mean (`Words`).
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from studiolo.background import UNTIL_WOKEN, Background
from studiolo.config import Settings
from studiolo.domain import Clock, Conflict, DomainError, LimitExceeded, NotFound, Page, Scope
from studiolo.engine.completion import complete
from studiolo.engine.kept_sessions import KeptSessions
from studiolo.engine.kernels import Kernels
from studiolo.engine.launches import Launches
from studiolo.engine.materials import Materials
from studiolo.engine.memory import Memory
from studiolo.engine.model import LIVING, Key, Session, SessionState, Wanted
from studiolo.engine.plan import Plan, Plans
from studiolo.engine.pool import Pool
from studiolo.engine.provision import Provision, Surroundings, Words
from studiolo.engine.runner import STATE_AGAIN, Runner
from studiolo.engine.spark_pages import live
from studiolo.engine.statements import Statements
from studiolo.engine.store import Store
from studiolo.engine.submissions import Submissions
from studiolo.identity import Identity
from studiolo.logs import Logs
from studiolo.metastore import Metastore
from studiolo.objects import Objects
from studiolo.processes import Processes
from studiolo.runtimes import Archives, Runtimes
from studiolo.sparkui import Live, Pages, Past, Target
from studiolo.state import State, StateUnavailable
from studiolo.storage import Storage

log = logging.getLogger(__name__)


class Engine:
    """The sessions of every service and scope of one data folder.

    Records survive the server, and so do the kernels: `start` takes up what an earlier server left.
    """

    def __init__(
        self,
        state: State,
        processes: Processes,
        runtimes: Runtimes,
        identity: Identity,
        objects: Objects,
        logs: Logs,
        storage: Storage,
        metastore: Metastore,
        pages: Pages,
        settings: Settings,
        endpoint: str,
        s3_endpoint: str,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._pages = pages
        self._runtimes = runtimes
        self._store = Store(state, clock)
        self._archives = Archives(processes, runtimes)
        self.kernels = Kernels(processes, runtimes, identity, settings, s3_endpoint, self._archives)
        self._memory = Memory(lambda: self._store.count("PROVISIONING") + self.submissions.starting())
        # Between the look at the memory and the record that promises it.
        self._admitting = threading.Lock()
        self._first: Callable[[], Wanted] | None = None
        # On a cluster, a session that waits would hold executors that others need.
        warm = settings.warm_sessions if settings.spark_master == "local" else 0
        self._pool = Pool(
            self.kernels, self._memory, warm, self._first_plan, self._store.anything_unfinished, self._kernel_ended
        )
        plans = Plans(storage, settings, s3_endpoint)
        around = Surroundings(plans, runtimes, identity, logs, metastore, endpoint, s3_endpoint)
        self.launches = Launches(around, self._archives)
        materials = Materials(settings.folder, objects)
        self.kept = KeptSessions(self.kernels, self._memory, around, self._kernel_ended)
        self._provision = Provision(
            self._store, self.kernels, self._pool, materials, around, self.kept.take, self._kernel_ended
        )
        programs = Kernels(
            processes, runtimes, identity, settings, s3_endpoint, self._archives, "submission", "studiolo.kernel.submit"
        )
        self.submissions = Submissions(state, programs, around, self._memory, pages, clock)
        self._timeouts = Background("session timeouts", self._watch_time, STATE_AGAIN)
        self.submissions.changed = self._timeouts.wake
        self.statements = Statements(self._store, self.kernels, self._wake)
        self._lock = threading.Lock()
        self._runners: dict[Key, Runner] = {}
        self._endings: dict[Key, threading.Thread] = {}
        self._closed = threading.Event()

    def serve(self, words: Words, first: Callable[[], Wanted] | None = None) -> None:
        """Run a service's sessions from now on. To be called before `start`.

        first: what sessions are kept ready for before any has been asked for.
        """
        self._provision.services[words.service] = words
        self._pages.serve(_kind(words.service), self._pages_of)
        self._first = first or self._first

    def _first_plan(self) -> Plan:
        assert self._first is not None
        return self._provision.plan(self._first(), {})

    def start(self) -> None:
        """Take up what still lives, mark failed what does not, and begin to keep sessions ready."""
        self._archives.start(self._store.anything_unfinished)
        self._archives.look(self._runtimes.for_glue(self._runtimes.default_label()).runtime)
        stopping, living = self._store.in_state("STOPPING"), self._store.in_state(*LIVING)
        # Before anything is started: what is running now is what an earlier server left.
        warm = self._adopt_warm({session.kernel for session in [*stopping, *living]})
        for session in stopping:
            self._end_later(session.key, "STOPPED")
        for session in living:
            runner = self._runner(session.key)
            lives = session.kernel is not None and self.kernels.adopt(session.kernel, self._kernel_ended)
            if session.kernel is not None and session.state == "READY" and not lives:
                runner.kernel_ended(session.kernel, None)
            runner.start()
        self._pool.start(warm)
        self.kept.start()
        self.submissions.start()
        self._timeouts.wake()
        self._timeouts.start()

    def _adopt_warm(self, taken: Collection[str | None]) -> dict[str, str]:
        """The kernels kept ready that still live; those that belong to nobody are ended."""
        warm = {}
        owned = self._store.kernels()
        for kernel, fingerprint in self.kernels.recorded().items():
            if kernel in taken:
                continue
            if kernel not in owned and fingerprint is not None and self.kernels.adopt(kernel, self._kernel_ended):
                warm[kernel] = fingerprint
            else:
                self.kernels.end(kernel)
        for kernel in self.kernels.folders():
            if kernel not in owned and kernel not in warm:
                self.kernels.remove(kernel)
        return warm

    def close(self) -> None:
        """Stop every session and end every kernel."""
        self._closed.set()
        self._timeouts.close()
        self._archives.close()
        for session in self._store.in_state(*LIVING):
            if self._store.change(session.key, LIVING, "STOPPING"):
                self._end_later(session.key, "STOPPED")
        unused = [*self._pool.close(), *self.kept.close()]
        ready = [threading.Thread(target=self.kernels.discard, args=(kernel,)) for kernel in unused]
        for thread in ready:
            thread.start()
        self.submissions.close()
        with self._lock:
            endings = list(self._endings.values())
        for thread in [*endings, *ready]:
            thread.join()

    def empty(self) -> None:
        """End every session and forget it. Those that are kept ready belong to nobody and stay."""
        for session in self._store.in_state(*get_args(SessionState)):
            if self._store.change(session.key, LIVING, "STOPPING"):
                self._end_later(session.key, "STOPPED")
            self._forget(session)
        self.submissions.empty()

    def check(self, wanted: Wanted, *, materials: bool = False) -> None:
        """Raises Invalid for a session that no kernel could be started for.

        materials: also Invalid, NotFound or Denied for modules and files that cannot be had.
        """
        self._provision.plan(wanted, wanted.conf)
        if materials:
            self._provision.check_materials(wanted)

    def create(self, key: Key, asked: Mapping[str, Any], tags: Mapping[str, str]) -> Session:
        """Begin a session that was checked; it is PROVISIONING until its Spark answers.

        It is promised its memory from now on. Raises AlreadyExists, and LimitExceeded where there is not enough to
        promise.
        """
        self._make_room(key)
        with self.admitting():
            session = self._store.add(key, asked, tags)
        self._runner(key).start()
        self._timeouts.wake()
        return session

    @contextlib.contextmanager
    def admitting(self) -> Iterator[None]:
        """What the block records, a session or a submission, is promised its memory.

        Raises LimitExceeded where there is not enough to promise.
        """
        with self._admitting:
            if (shortage := self._memory.shortage()) is not None:
                raise LimitExceeded(shortage)
            yield

    def _make_room(self, key: Key) -> None:
        """Forget a session of that id that has ended: a notebook asks again by the id of the session it lost."""
        with contextlib.suppress(NotFound):
            session = self._store.session(key)
            if session.state not in LIVING:
                self._forget(session)

    def session(self, key: Key) -> Session:
        """Raises NotFound."""
        return self._store.session(key)

    def sessions(
        self,
        service: str,
        scope: Scope,
        tags: Mapping[str, str] | None = None,
        after: str | None = None,
        limit: int = 100,
        prefix: str = "",
    ) -> Page[Session]:
        """A service's sessions whose ids begin so and that carry all the tags, in the order of their ids."""
        return self._store.sessions(service, scope, tags or {}, after, limit, prefix)

    def addresses(self, session: Session) -> Mapping[str, Any]:
        """Where the session's engine answers: `ui`, a URL that opens its pages, `connect`, a port, or None; a token.

        Raises Conflict unless it is READY.
        """
        if session.state != "READY" or session.kernel is None:
            raise Conflict(f"Session {session.key.id} is {session.state}: it has addresses when it is READY.")
        return self.kernels.addresses(session.kernel)

    def link(self, session: Session) -> str:
        """A link that opens the session's Spark UI, live or of what is over."""
        return self._pages.links.link(self.target(session))

    def target(self, session: Session) -> Target:
        """The session as one that has Spark pages: this one, and no later one of its id."""
        key = session.key
        return Target(_kind(key.service), key.scope, f"{key.id}@{session.created.isoformat()}")

    def _pages_of(self, target: Target) -> Live | Past:
        name = target.id.rpartition("@")[0]
        session = self._store.session(Key(target.kind.removesuffix(" session"), target.scope, name))
        if self.target(session) != target:
            raise NotFound(f"Session {name} is another one now.")
        if session.state == "READY":
            return live(self.addresses(session)["ui"])
        if session.state in ("PROVISIONING", "STOPPING"):
            raise Conflict(f"The session is {session.state}.")
        return Past(() if session.kernel is None else (self.kernels.event_logs(session.kernel),))

    def is_idle(self, key: Key) -> bool:
        """Whether the session has no statement that waits or runs. Raises NotFound."""
        return self._store.idle_since(key) is not None

    def log(self, session: Session) -> Sequence[str]:
        """The last lines that the session's Spark has printed."""
        return () if session.kernel is None else self.kernels.log(session.kernel)

    def touch(self, key: Key) -> None:
        """The session is in use: its idle time begins anew."""
        self._store.touch(key)

    def complete(self, key: Key, code: str, cursor: int) -> Sequence[str]:
        """How Python code could go on at that character; nothing while a statement runs. Raises NotFound, Conflict."""
        session = self._store.session(key)
        if session.state != "READY" or session.kernel is None:
            raise Conflict(f"Session {key.id} is {session.state}, and completes code when it is READY.")
        connection = self.kernels.connection(session.kernel)
        return complete(connection, code, cursor) if connection is not None and self.is_idle(key) else ()

    def stop(self, key: Key) -> None:
        """Begin to stop a session; it is STOPPED when its processes are gone. Raises NotFound and Conflict.

        One that has failed, or whose time was over, stays so: there is nothing left of it to be stopped.
        """
        session = self._store.session(key)
        if session.state in ("FAILED", "TIMEOUT"):
            return
        if not self._store.change(key, LIVING, "STOPPING"):
            raise Conflict(f"Session {key.id} is {session.state}, and cannot be stopped.")
        self._end_later(key, "STOPPED")

    def delete(self, key: Key) -> None:
        """Forget a session that has ended, and all it kept. Raises NotFound and Conflict."""
        session = self._store.session(key)
        if session.state in LIVING:
            raise Conflict(f"Session {key.id} is {session.state}: stop it before it is deleted.")
        self._forget(session)

    def drop(self, key: Key, keep_as: str | None = None) -> None:
        """End a session and forget it, whatever its state; keep_as: whose its event logs are then. Raises NotFound."""
        with contextlib.suppress(Conflict):
            self.stop(key)
        self._forget(self._store.session(key), keep_as)

    def end_in_time(self, key: Key, reason: str) -> None:
        """End a session because its time was over, for that reason; one that has ended stays as it is."""
        if self._store.change(key, LIVING, "TIMEOUT", reason):
            self._end_later(key, "TIMEOUT")

    def _forget(self, session: Session, keep_as: str | None = None) -> None:
        with self._lock:
            ending = self._endings.get(session.key)
        if ending is not None:
            ending.join()
        self._store.remove(session.key)
        if session.kernel is not None:
            if keep_as is not None:
                self._pages.logs.keep(keep_as, self.kernels.event_logs(session.kernel))
            self.kernels.remove(session.kernel)

    def set_tags(self, key: Key, *, add: Mapping[str, str] | None = None, remove: Collection[str] = ()) -> None:
        """Raises NotFound."""
        self._store.set_tags(key, add or {}, remove)

    def expire(self) -> datetime | None:
        """End the sessions whose time is over; the moment when the next one's may be."""
        moment = self._clock()
        deadlines = []
        for session in self._store.in_state(*LIVING):
            deadline = self._deadline(session, moment)
            if deadline is None:
                continue
            if deadline > moment:
                deadlines.append(deadline)
            else:
                self.end_in_time(session.key, "The session's time was over.")
        return min(deadlines, default=None)

    def _deadline(self, session: Session, moment: datetime) -> datetime | None:
        try:
            wanted = self._provision.wanted(session)
        except DomainError:
            return None  # what it belongs to is gone, and ends it
        ends = []
        if wanted.timeout is not None:
            ends.append(session.created + wanted.timeout)
        if wanted.idle_timeout is not None:
            ends.append((self._store.idle_since(session.key) or moment) + wanted.idle_timeout)
        return min(ends, default=None)

    def _watch_time(self) -> float:
        deadline = min(filter(None, (self.expire(), self.submissions.expire())), default=None)
        return UNTIL_WOKEN if deadline is None else max(0.1, (deadline - self._clock()).total_seconds())

    def _runner(self, key: Key) -> Runner:
        runner = Runner(key, self._provision, self._end_failed)
        with self._lock:
            self._runners[key] = runner
        return runner

    def _wake(self, key: Key) -> None:
        with self._lock:
            runner = self._runners.get(key)
        if runner is not None:
            runner.wake()

    def _kernel_ended(self, kernel: str, status: int | None) -> None:
        with self._lock:
            runners = list(self._runners.values())
        for runner in runners:
            runner.kernel_ended(kernel, status)
        self._pool.ended(kernel, status)
        self.kept.ended(kernel, status)

    def _end_failed(self, key: Key) -> None:
        """Free what a failed session held; called by its runner."""
        with self._lock:
            self._runners.pop(key, None)
        kernel = self._store.session(key).kernel
        if kernel is not None:
            self.kernels.end(kernel)

    def _end_later(self, key: Key, after: SessionState) -> None:
        thread = threading.Thread(target=self._end, args=(key, after), name=f"end of session {key}")
        with self._lock:
            self._endings[key] = thread
        thread.start()

    def _end(self, key: Key, after: SessionState) -> None:
        """Free what a session held, then say how it ended."""
        with self._lock:
            runner = self._runners.pop(key, None)
        if runner is not None:
            runner.leave()
        while True:
            try:
                self._free(key, after)
                break
            except StateUnavailable:
                log.exception("end of session %s", key)
                if self._closed.wait(STATE_AGAIN):
                    break
        with self._lock:
            self._endings.pop(key, None)

    def _free(self, key: Key, after: SessionState) -> None:
        session = self._store.session(key)
        if session.kernel is not None:
            self.kernels.end(session.kernel)
        self._store.finish_all(key, "CANCELLED", "The session was ended.")
        self._store.change(key, ("STOPPING",), after)
        self._provision.note(session, "its time was over." if after == "TIMEOUT" else "it was stopped.")
        self._provision.purge_materials()
        self._pages.logs.purge()


def _kind(service: str) -> str:
    """How targets of Spark pages are called that are its sessions."""
    return f"{service} session"
