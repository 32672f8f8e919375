"""Applications run by spark-submit, to their end: each a process in the fence that outlives the server, as a role."""

import json
import logging
import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from studiolo.domain import Clock, Conflict, DomainError, NotFound, Page, Scope
from studiolo.engine.kernels import Kernels
from studiolo.engine.materials import Material
from studiolo.engine.memory import Memory
from studiolo.engine.model import Key, Wanted
from studiolo.engine.plan import Plan
from studiolo.engine.provision import Surroundings
from studiolo.engine.reserves import Reserve, Reserves
from studiolo.engine.spark_pages import live
from studiolo.engine.submission_store import ACTIVE, Submission, SubmissionStore
from studiolo.kernel.failure import reason
from studiolo.processes import read_left
from studiolo.sparkui import Live, Pages, Past, Target
from studiolo.state import State, StateUnavailable

log = logging.getLogger(__name__)

SHOWN = 4 * 1024 * 1024
"""Bytes of what an application printed that are shown."""

MOST_KEPT = 128 * 1024 * 1024
APPLICATION = re.compile(r"(local|app|application)-?_?[\w-]{1,64}")

GROWING = timedelta(seconds=15)
"""How long the process of one that runs is taken to need until it has taken its memory."""

CANCEL_SECONDS = 5.0
"""Seconds that an application is given to end by itself."""


class Submitter(Protocol):
    """What must be known of a service whose applications are run."""

    service: str

    def submitted(self, submission: Submission) -> Wanted:
        """What was asked for, in the engine's words; the arguments are spark-submit's."""

    def submission_changed(self, submission: Submission) -> None:
        """It runs now, or has ended. Called from a thread of its own; a crash of the server may keep it from that."""


class Submissions:
    """The submissions of every service and scope of one data folder."""

    def __init__(
        self,
        state: State,
        kernels: Kernels,
        surroundings: Surroundings,
        memory: Memory,
        pages: Pages,
        clock: Clock,
    ) -> None:
        self._reserves = Reserves(kernels, memory)
        self._store = SubmissionStore(state, clock)
        self._kernels = kernels
        self._surroundings = surroundings
        self._pages = pages
        self._clock = clock
        self._services: dict[str, Submitter] = {}
        self._lock = threading.Lock()
        self._threads: dict[Key, threading.Thread] = {}
        self._closed = threading.Event()
        self.changed: Callable[[], None] = lambda: None

    def serve(self, submitter: Submitter) -> None:
        """Run a service's applications from now on. To be called before `start`."""
        self._services[submitter.service] = submitter
        self._pages.serve(f"{submitter.service} submission", self._pages_of)

    def start(self) -> None:
        """Take up what an earlier server left: run what was to be run, and watch what runs."""
        owned = self._store.programs()
        for program in self._kernels.recorded():
            if program not in owned:
                self._kernels.end(program)
        for program in self._kernels.folders():
            if program not in owned:
                self._kernels.remove(program)
        self._reserves.start()
        for submission in self._store.in_state(ACTIVE):
            own = submission.program
            if own is not None and submission.state == "PENDING":
                # The server ended between its start, or its claim, and the word of that.
                if self._kernels.has_begun(own):
                    self._store.change(submission.key, ("PENDING",), "RUNNING")
                else:
                    self._kernels.discard(own)
                    self._later(submission.key, self._run)
                    continue
            if own is not None and self._kernels.adopt(own, self._on_end(submission.key)):
                if submission.state == "CANCELLING":
                    self._later(submission.key, self._end)
            elif submission.state == "PENDING":
                self._later(submission.key, self._run)
            else:
                self._later(submission.key, self._finish)

    def close(self) -> None:
        """Cancel all that runs."""
        self._closed.set()
        for program in self._reserves.close():
            self._kernels.discard(program)
        for submission in self._store.in_state(ACTIVE):
            with suppress(Conflict):
                self.cancel(submission.key, "The server was stopped.")
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def empty(self) -> None:
        """Cancel and forget every submission."""
        for submission in self._store.in_state((*ACTIVE, "SUCCESS", "FAILED", "CANCELLED")):
            self.drop(submission.key)

    def keep(self, owner: str, scope: Scope, wanted: Wanted, count: int) -> None:
        """Keep so many drivers ready for applications of the owner's that are started as this one.

        They have no role, and nobody's files, until an application has them. Raises Invalid.
        """
        plan = self._plan(scope, wanted)

        def start(program: str) -> None:
            self._surroundings.make_runtime(wanted, scope, self._closed.is_set)
            environment = self._environment(scope, wanted, program)
            told = {"waiting": True, "arguments": ()}
            self._kernels.start(program, plan, warm=True, on_end=self._reserves.ended, aws=environment, told=told)

        self._reserves.keep(owner, Reserve(plan.launch, count, start))

    def give_back(self, owner: str) -> None:
        """End the drivers that are kept ready for the owner."""
        self._reserves.keep(owner, None)

    def kept(self, owner: str) -> int | None:
        """How many drivers are ready for the owner; None while there are to be more, and that can be."""
        return self._reserves.kept(owner)

    def starting(self) -> int:
        """How many have not yet taken the memory that they need: those that wait, or have run for moments only."""
        recently = self._clock() - GROWING
        running = self._store.in_state(("RUNNING",))
        return self._store.count("PENDING") + sum(
            each.started is not None and each.started > recently for each in running
        )

    def submit(self, key: Key, asked: Mapping[str, Any], tags: Mapping[str, str]) -> Submission:
        """Begin to run an application. Raises AlreadyExists."""
        made = self._store.add(key, asked, tags)
        self._later(key, self._run)
        self.changed()
        return made

    def get(self, key: Key) -> Submission:
        """Raises NotFound."""
        return self._store.get(key)

    def of_service(
        self, service: str, scope: Scope, prefix: str = "", after: str | None = None, limit: int = 100
    ) -> Page[Submission]:
        """A service's submissions whose ids begin so, in the order of their ids."""
        return self._store.of_service(service, scope, prefix, after, limit)

    def active(self, service: str) -> Sequence[Submission]:
        """A service's submissions that have not ended."""
        return [each for each in self._store.in_state(ACTIVE) if each.key.service == service]

    def set_tags(self, key: Key, *, add: Mapping[str, str] | None = None, remove: Collection[str] = ()) -> None:
        """Raises NotFound."""
        self._store.set_tags(key, add or {}, remove)

    def output(self, submission: Submission) -> tuple[bytes, bytes]:
        """What it has printed to stdout and stderr, the ends of it."""
        return self._read(submission, "stdout", SHOWN), self._read(submission, "stderr", SHOWN)

    def application(self, submission: Submission) -> str | None:
        """The id of its Spark application, once it has a context: its event log is named by it."""
        if submission.program is None:
            return None
        names = self._pages.logs.applications([self._kernels.event_logs(submission.program)])
        return next(filter(APPLICATION.fullmatch, names), None)

    def link(self, key: Key) -> str:
        """A link that opens its Spark UI, live or of what is over. Raises NotFound."""
        self._store.get(key)
        return self._pages.links.link(Target(f"{key.service} submission", key.scope, key.id))

    def _pages_of(self, target: Target) -> Live | Past:
        submission = self._store.get(Key(target.kind.removesuffix(" submission"), target.scope, target.id))
        if submission.program is None or submission.state == "PENDING":
            raise Conflict("It has not been started yet.")
        if submission.state == "RUNNING":
            return live(self._kernels.addresses(submission.program)["ui"])
        return Past((self._kernels.event_logs(submission.program),))

    def cancel(self, key: Key, why: str | None = None) -> None:
        """Begin to end it. Raises NotFound, and Conflict where it has ended."""
        if self._store.change(key, ("PENDING", "RUNNING"), "CANCELLING", why):
            self._later(key, self._end)
            return
        state = self._store.get(key).state
        if state != "CANCELLING":
            raise Conflict(f"{key.id} is {state}, and cannot be canceled.")

    def drop(self, key: Key, keep_as: str | None = None) -> None:
        """End it and forget it, whatever its state; keep_as: whose its event logs are then. Raises NotFound."""
        with suppress(Conflict):
            self.cancel(key)
        with self._lock:
            thread = self._threads.get(key)
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        submission = self._store.get(key)
        self._store.remove(key)
        if submission.program is not None:
            self._kernels.end(submission.program)
            if keep_as is not None:
                self._pages.logs.keep(keep_as, self._kernels.event_logs(submission.program))
            self._kernels.remove(submission.program)

    def expire(self) -> datetime | None:
        """End those whose time is over; the moment when the next one's may be."""
        deadlines = []
        for submission in self._store.in_state(("RUNNING",)):
            limit = None
            with suppress(DomainError):
                limit = self._wanted(submission).timeout
            if limit is None or submission.started is None:
                continue
            if submission.started + limit > self._clock():
                deadlines.append(submission.started + limit)
            else:
                self._time_over(submission.key, limit)
        return min(deadlines, default=None)

    def _time_over(self, key: Key, limit: timedelta) -> None:
        why = f"It ran longer than the {limit.total_seconds() / 60:g} minutes that it was given."
        with suppress(Conflict):
            self.cancel(key, why)

    def _wanted(self, submission: Submission) -> Wanted:
        return self._services[submission.key.service].submitted(submission)

    def _later(self, key: Key, work: Callable[[Key], None]) -> None:
        with self._lock:
            before = self._threads.get(key)

        def run() -> None:
            if before is not None:
                before.join()
            try:
                work(key)
            except (NotFound, StateUnavailable):
                log.exception("submission %s", key)
            finally:
                with self._lock:
                    if self._threads.get(key) is thread:
                        del self._threads[key]

        thread = threading.Thread(target=run, name=f"submission {key}", daemon=True)
        with self._lock:
            self._threads[key] = thread
        thread.start()

    def _run(self, key: Key) -> None:
        """Start its process."""
        try:
            self._start(key)
        except (DomainError, OSError) as error:
            if self._store.change(key, ("PENDING",), "FAILED", str(error)):
                self._tell(key)
        except StateUnavailable:
            raise
        except Exception:
            log.exception("submission %s", key)
            if self._store.change(key, ("PENDING",), "FAILED", "Studiolo failed in running it; its log says more."):
                self._tell(key)

    def _start(self, key: Key) -> None:
        submission = self._store.get(key)
        wanted = self._wanted(submission)

        def stopped() -> bool:
            return self._closed.is_set() or self._store.get(key).state != "PENDING"

        self._surroundings.make_runtime(wanted, key.scope, stopped)
        plan = self._plan(key.scope, wanted)
        kept = self._kept(wanted, plan)
        program = kept or self._kernels.new()
        if not self._store.give(key, program):
            if kept is not None:
                self._kernels.discard(kept)
            return
        self._surroundings.identity.workloads.give(program, wanted.role, wanted.acts_as[:64])
        environment = {} if kept else self._environment(key.scope, wanted, program)
        logged = self._surroundings.logged(self._kernels, key.scope, wanted, program)
        told = {"arguments": list(wanted.arguments), **logged}
        if kept is not None:
            self._kernels.claim(kept, plan, told)
        else:
            self._kernels.start(program, plan, warm=False, on_end=self._ignored, aws=environment, told=told)
        if self._store.change(key, ("PENDING",), "RUNNING"):
            self.changed()
            self._tell(key)
        # Not before it is RUNNING: it may have ended already.
        if not self._kernels.adopt(program, self._on_end(key)):
            self._finish(key)

    def _plan(self, scope: Scope, wanted: Wanted) -> Plan:
        conf = {**wanted.release.conf, **self._surroundings.catalog(scope, wanted), **wanted.conf}
        return self._surroundings.plan(wanted, conf)

    def _environment(self, scope: Scope, wanted: Wanted, program: str) -> dict[str, str]:
        """The variables of a program that is to be started."""
        client = self._surroundings.client_environment(self._kernels, scope, program)
        self._kernels.belongings.lay_out(program, Material(path=(Path(client.pop("PYTHONPATH")),)))
        return {**client, **wanted.environment}

    def _kept(self, wanted: Wanted, plan: Plan) -> str | None:
        """A program that was kept ready for it, and lives."""
        # What has variables of its own must be started with them.
        if wanted.kept_by is None or wanted.environment:
            return None
        program = self._reserves.take(wanted.kept_by, plan.launch)
        return program if program is not None and self._kernels.alive(program) else None

    def _ignored(self, _program: str, _status: int | None) -> None:
        pass

    def _on_end(self, key: Key) -> Callable[[str, int | None], None]:
        return lambda _program, _status: self._later(key, self._finish)

    def _end(self, key: Key) -> None:
        """End the process of one that is being canceled."""
        program = self._store.get(key).program
        if program is not None:
            self._kernels.end(program, CANCEL_SECONDS)
        self._finish(key)

    def _finish(self, key: Key) -> None:
        """Say how it ended."""
        submission = self._store.get(key)
        if submission.state not in ACTIVE:
            return
        program = submission.program
        status = self._status(submission)
        why = None if status == 0 else self._reason(submission, status)
        if program is not None:
            self._kernels.end(program, 0.0)
        changed = (
            self._store.change(key, ("CANCELLING",), "CANCELLED")
            or (status == 0 and self._store.change(key, ("RUNNING",), "SUCCESS"))
            or self._store.change(key, ("PENDING", "RUNNING"), "FAILED", why)
        )
        if changed:
            self._tell(key)

    def _tell(self, key: Key) -> None:
        self._services[key.service].submission_changed(self._store.get(key))

    def _status(self, submission: Submission) -> int | None:
        """Its exit status; None where it left none, since it was killed."""
        try:
            found = json.loads(self._read(submission, "result.json", 1000))["status"]
            return found if type(found) is int else None
        except (ValueError, LookupError, TypeError):
            return None

    def _reason(self, submission: Submission, status: int | None) -> str:
        if status is None:
            return "The application was killed." if submission.program is not None else "It was not started."
        said = reason(*(each.decode(errors="replace") for each in self.output(submission)))
        how = f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"
        return f"The application {how}." + (f" {said}" if said else "")

    def _read(self, submission: Submission, name: str, most: int) -> bytes:
        """The end of a file that its process has left."""
        if submission.program is None:
            return b""
        with suppress(FileNotFoundError):
            return read_left(self._kernels.folder(submission.program), f"journal/{name}", MOST_KEPT)[-most:]
        return b""
