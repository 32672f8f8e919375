"""Interactive sessions: Spark behind an IPython kernel, one for each, living longer than the server."""

import contextlib
import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from studiolo.config import Settings
from studiolo.domain import Clock, Conflict, Invalid, LimitExceeded, NotFound, Page, Scope
from studiolo.identity import Identity, Principal
from studiolo.logs import Logs
from studiolo.metastore import Metastore
from studiolo.objects import Objects
from studiolo.processes import Processes
from studiolo.runtimes import Runtimes
from studiolo.sessions.arguments import on_sail
from studiolo.sessions.journal import journal_file, read_output
from studiolo.sessions.kernels import Kernels
from studiolo.sessions.materials import Materials
from studiolo.sessions.memory import Memory
from studiolo.sessions.model import MAX_CODE, ConnectEndpoint, Output, Session, SessionRequest, SessionState, Statement
from studiolo.sessions.plan import Plans
from studiolo.sessions.pool import Pool
from studiolo.sessions.provision import Provision
from studiolo.sessions.runner import STATE_AGAIN, Runner
from studiolo.sessions.store import LIVING, Key, Record, Store
from studiolo.sessions.system_log import SystemLog
from studiolo.state import State, StateUnavailable
from studiolo.storage import Storage

log = logging.getLogger(__name__)

PAGE_OUTPUT = 16 * 1024 * 1024
"""Characters of output after which a page of statements ends."""

SERVICE = "glue.amazonaws.com"


class Sessions:
    """The sessions of every scope of one data folder.

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
        settings: Settings,
        endpoint: str,
        s3_endpoint: str,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._identity = identity
        self._runtimes = runtimes
        self._store = Store(state, clock)
        self._kernels = Kernels(processes, runtimes, identity, settings, s3_endpoint)
        self.system_log = SystemLog(logs, endpoint, identity.root.secret, clock)
        self._memory = Memory(lambda: self._store.count("PROVISIONING"))
        # Between the look at the memory and the record that promises it.
        self._admitting = threading.Lock()
        self._pool = Pool(
            self._kernels,
            self._memory,
            # On a cluster, a session that waits would hold executors that others need.
            settings.warm_sessions if settings.spark_master == "local" else 0,
            lambda: self._provision.plan(self._provision.settle(SessionRequest("", "")), {}),
            self._store.anything_unfinished,
            self._kernel_ended,
        )
        self._provision = Provision(
            self._store,
            self._kernels,
            Plans(storage, settings, s3_endpoint),
            self._pool,
            runtimes,
            identity,
            logs,
            self.system_log,
            Materials(settings.folder, objects),
            metastore,
            endpoint,
            s3_endpoint,
            self._kernel_ended,
        )
        self._lock = threading.Lock()
        self._runners: dict[Key, Runner] = {}
        self._endings: dict[Key, threading.Thread] = {}
        self._closed = threading.Event()
        self._sooner = threading.Event()
        self._timer = threading.Thread(target=self._watch_time, name="session timeouts", daemon=True)

    def start(self) -> None:
        """Take up what still lives, mark failed what does not, and begin to keep sessions ready."""
        self._kernels.archives.start(self._store.anything_unfinished)
        self._kernels.archives.look(self._runtimes.for_glue(self._runtimes.default_label()).runtime)
        stopping, living = self._store.in_state("STOPPING"), self._store.in_state(*LIVING)
        # Before anything is started: what is running now is what an earlier server left.
        warm = self._adopt_warm({session.kernel for _, session in [*stopping, *living]})
        for key, _ in stopping:
            self._end_later(key, "STOPPED")
        for key, session in living:
            runner = self._runner(key)
            lives = session.kernel is not None and self._kernels.adopt(session.kernel, self._kernel_ended)
            if session.kernel is not None and session.state == "READY" and not lives:
                runner.kernel_ended(session.kernel, None)
            runner.start()
        self._pool.start(warm)
        self._timer.start()

    def _adopt_warm(self, taken: Collection[str | None]) -> dict[str, str]:
        """The kernels kept ready that still live; those that belong to nobody are ended."""
        warm = {}
        owned = self._store.kernels()
        for kernel, fingerprint in self._kernels.recorded().items():
            if kernel in taken:
                continue
            if kernel not in owned and fingerprint is not None and self._kernels.adopt(kernel, self._kernel_ended):
                warm[kernel] = fingerprint
            else:
                self._kernels.end(kernel)
        for kernel in self._kernels.folders():
            if kernel not in owned and kernel not in warm:
                self._kernels.remove(kernel)
        return warm

    def close(self) -> None:
        """Stop every session and end every kernel."""
        self._closed.set()
        self._sooner.set()
        self._kernels.archives.close()
        for key, _ in self._store.in_state(*LIVING):
            if self._store.change(key, LIVING, "STOPPING"):
                self._end_later(key, "STOPPED")
        ready = [threading.Thread(target=self._discard, args=(kernel,)) for kernel in self._pool.close()]
        for thread in ready:
            thread.start()
        with self._lock:
            endings = list(self._endings.values())
        for thread in [*endings, *ready]:
            thread.join()

    def empty(self) -> None:
        """End every session and forget it. Those that are kept ready belong to nobody and stay."""
        for key, session in self._store.in_state(*get_args(SessionState)):
            if self._store.change(key, LIVING, "STOPPING"):
                self._end_later(key, "STOPPED")
            self._forget(key, session)

    def _discard(self, kernel: str) -> None:
        """End a kernel that nobody has used: there is nothing in it to stop with care."""
        self._kernels.end(kernel, grace=0.0)
        self._kernels.remove(kernel)

    def create(self, principal: Principal, scope: Scope, asked: SessionRequest) -> Session:
        """Begin a session; it is PROVISIONING until its Spark answers.

        It is promised its memory from now on. Raises Invalid, AlreadyExists, NotFound and Denied for the role, and
        LimitExceeded (for notebooks Invalid) where there is not enough to promise.
        """
        asked = self._provision.settle(asked)
        self._identity.pass_role(principal, asked.role, SERVICE)
        self._provision.check_materials(asked)
        self._make_room(Key(scope, asked.id))
        with self._admitting:
            if (shortage := self._memory.shortage()) is not None:
                # Notebooks (requests with an origin) ask again when a limit is exceeded, and show nothing of why.
                raise (LimitExceeded if asked.origin is None else Invalid)(shortage)
            session = self._store.add(scope, asked)
        self._runner(Key(scope, asked.id)).start()
        self._sooner.set()
        return session

    def _make_room(self, key: Key) -> None:
        """Forget a session of that id that has ended: a notebook asks again by the id of the session it lost."""
        with contextlib.suppress(NotFound):
            session = self._store.session(key)
            if session.state not in LIVING:
                self._forget(key, session)

    def session(self, scope: Scope, name: str) -> Session:
        """Raises NotFound."""
        return self._store.session(Key(scope, name))

    def sessions(
        self, scope: Scope, tags: Mapping[str, str] | None = None, after: str | None = None, limit: int = 100
    ) -> Page[Session]:
        """The sessions that carry all the tags, in the order of their ids."""
        return self._store.sessions(scope, tags or {}, after, limit)

    def endpoint(self, scope: Scope, name: str) -> ConnectEndpoint:
        """Where Spark Connect clients reach the session. Raises NotFound, Invalid, and Conflict unless it is READY."""
        session = self._store.session(Key(scope, name))
        if session.asked.kind != "SPARK_CONNECT":
            raise Invalid(
                f"Session {name} is of type {session.asked.kind}: only a SPARK_CONNECT session has an endpoint."
            )
        if session.state != "READY" or session.kernel is None:
            raise Conflict(f"Session {name} is {session.state}: it has an endpoint when it is READY.")
        found = self._kernels.addresses(session.kernel)
        end = session.created + timedelta(minutes=session.asked.timeout)
        return ConnectEndpoint(f"sc://127.0.0.1:{found['connect']}", found["token"], end)

    def dashboard(self, scope: Scope, name: str) -> str:
        """The URL of the session's Spark UI, its token in it. Raises NotFound, and Invalid unless READY and with one."""
        session = self._store.session(Key(scope, name))
        if on_sail(session.asked.arguments):
            raise Invalid(f"Session {name} runs on Sail, which has no Spark UI.")
        if session.state != "READY" or session.kernel is None:
            raise Invalid(f"Session {name} is {session.state}: its Spark UI is there while it is READY.")
        url: str | None = self._kernels.addresses(session.kernel)["ui"]
        if url is None:
            raise Invalid(f"Session {name} has no Spark UI: it was started with spark.ui.enabled=false.")
        return url

    def system_log_url(self, scope: Scope, name: str) -> str:
        """Where the session's system log can be downloaded for an hour. Raises NotFound."""
        key = Key(scope, name)
        self._store.session(key)
        return self.system_log.url(key)

    def stop(self, scope: Scope, name: str) -> None:
        """Begin to stop a session; it is STOPPED when its processes are gone. Raises NotFound and Conflict.

        One that has failed, or whose time was over, stays so: there is nothing left of it to be stopped.
        """
        key = Key(scope, name)
        session = self._store.session(key)
        if session.state in ("FAILED", "TIMEOUT"):
            return
        if not self._store.change(key, LIVING, "STOPPING"):
            raise Conflict(f"Session {name} is {session.state}, and cannot be stopped.")
        self._end_later(key, "STOPPED")

    def delete(self, scope: Scope, name: str) -> None:
        """Forget a session that has ended, and all it kept. Raises NotFound and Conflict."""
        key = Key(scope, name)
        session = self._store.session(key)
        if session.state in LIVING:
            raise Conflict(f"Session {name} is {session.state}: stop it before it is deleted.")
        self._forget(key, session)

    def _forget(self, key: Key, session: Session) -> None:
        with self._lock:
            ending = self._endings.get(key)
        if ending is not None:
            ending.join()
        self._store.remove(key)
        if session.kernel is not None:
            self._kernels.remove(session.kernel)

    def set_tags(
        self, scope: Scope, name: str, *, add: Mapping[str, str] | None = None, remove: Collection[str] = ()
    ) -> None:
        """Raises NotFound."""
        self._store.set_tags(Key(scope, name), add or {}, remove)

    def run(self, scope: Scope, name: str, code: str) -> int:
        """Queue a statement; its number. Raises Invalid, NotFound, and Conflict while the session is not READY."""
        if len(code) > MAX_CODE:
            raise Invalid(f"A statement has at most {MAX_CODE} characters, and this one {len(code)}.")
        key = Key(scope, name)
        number = self._store.add_statement(key, code)
        self._wake(key)
        return number

    def statement(self, scope: Scope, name: str, number: int) -> Statement:
        """A statement with its output so far. Raises NotFound."""
        key = Key(scope, name)
        return self._as_statement(self._store.session(key), self._store.statement(key, number))

    def statements(self, scope: Scope, name: str, after: str | None = None, limit: int = 20) -> Page[Statement]:
        """The session's statements in their order; fewer than `limit` where they have much output. Raises NotFound."""
        key = Key(scope, name)
        session = self._store.session(key)
        found = self._store.statements(key, -1 if after is None else int(after), limit)
        shown: list[Statement] = []
        size = 0
        for record in found.items:
            shown.append(self._as_statement(session, record))
            size += shown[-1].output.size
            if size > PAGE_OUTPUT and len(shown) < len(found.items):
                return Page(shown, next=str(record.id))
        return Page(shown, found.next)

    def cancel(self, scope: Scope, name: str, number: int) -> None:
        """Cancel a statement: one that waits is not run, one that runs is interrupted. Raises NotFound and Conflict."""
        key = Key(scope, name)
        if self._store.change_statement(key, number, ("WAITING",), "CANCELLED"):
            return
        if not self._store.change_statement(key, number, ("RUNNING", "CANCELLING"), "CANCELLING"):
            state = self._store.statement(key, number).state
            raise Conflict(f"Statement {number} of session {name} is {state}, and cannot be canceled.")
        self._wake(key)

    def expire(self) -> datetime | None:
        """End the sessions whose time is over; the moment when the next one's may be."""
        moment = self._clock()
        deadlines = []
        for key, session in self._store.in_state(*LIVING):
            deadline = self._deadline(key, session, moment)
            if deadline > moment:
                deadlines.append(deadline)
            elif self._store.change(key, LIVING, "TIMEOUT", "The session's time was over."):
                self._end_later(key, "TIMEOUT")
        return min(deadlines, default=None)

    def _deadline(self, key: Key, session: Session, moment: datetime) -> datetime:
        end = session.created + timedelta(minutes=session.asked.timeout)
        if session.asked.idle_timeout is None:
            return end
        idle = self._store.idle_since(key) or moment
        return min(end, idle + timedelta(minutes=session.asked.idle_timeout))

    def _watch_time(self) -> None:
        while not self._closed.is_set():
            self._sooner.clear()
            try:
                deadline = self.expire()
                wait = None if deadline is None else max(0.1, (deadline - self._clock()).total_seconds())
            except StateUnavailable:
                log.exception("session timeouts")
                wait = STATE_AGAIN
            self._sooner.wait(wait)

    def _as_statement(self, session: Session, record: Record) -> Statement:
        output = Output()
        if session.kernel is not None and record.started is not None:
            output = read_output(journal_file(self._kernels.folder(session.kernel), record.message))
        if record.error is not None:
            output = replace(output, status="error", error_name="SessionError", error_value=record.error)
        elif record.state == "CANCELLED" and output.status is None:
            output = replace(output, status="error", error_name="Canceled", error_value="Canceled before it ran.")
        return Statement(
            id=record.id,
            code=record.code,
            state=record.state,
            created=record.created,
            output=output,
            started=record.started,
            completed=record.completed,
            error=record.error,
            origin=session.asked.origin,
            progress=self._progress(session, record),
        )

    def _progress(self, session: Session, record: Record) -> float:
        if record.completed is not None:
            return 1.0
        if session.kernel is None or record.started is None:
            return 0.0
        return self._kernels.progress(session.kernel, record.message)

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

    def _end_failed(self, key: Key) -> None:
        """Free what a failed session held; called by its runner."""
        with self._lock:
            self._runners.pop(key, None)
        kernel = self._store.session(key).kernel
        if kernel is not None:
            self._kernels.end(kernel)

    def _end_later(self, key: Key, after: SessionState) -> None:
        thread = threading.Thread(target=self._end, args=(key, after), name=f"end of session {key.id}")
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
        kernel = self._store.session(key).kernel
        if kernel is not None:
            self._kernels.end(kernel)
        self._store.finish_all(key, "CANCELLED", "The session was ended.")
        self._store.change(key, ("STOPPING",), after)
        self.system_log.note(key, "its time was over." if after == "TIMEOUT" else "it was stopped.")
        self._provision.purge_materials()
