"""The one thread of a living session: gets it a kernel, then hands over its statements one after another.

The database says what is wanted and the journal says what was answered, so the thread may die between any two
lines and another, of a later server, goes on from there.
"""

import contextlib
import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from studiolo.domain import DomainError
from studiolo.engine.channel import Channel, Waker
from studiolo.engine.journal import journal_file, read_output
from studiolo.engine.model import Key, Language, Output
from studiolo.engine.provision import Provision
from studiolo.engine.store import Record
from studiolo.state import StateUnavailable

log = logging.getLogger(__name__)

CONNECTION_POLL = 0.02
"""Seconds between looks for the connection file of a kernel that starts."""

BEGIN_POLL = 0.05
"""Seconds between looks whether a statement that is to be canceled has begun."""

STATE_AGAIN = 1.0
"""Seconds after which a session goes on whose records could not be written."""

INTERRUPT_AGAIN = 2.0
"""Seconds after which a statement that goes on is interrupted once more: an interrupt can fall between two cells.

Not sooner, whatever wakes the thread: the first one takes its time to become a traceback.
"""


MAGICS: Mapping[Language, str] = {"scala": "%%scala\n", "sql": "%%sql_rows\n"}
"""How the kernel is told a statement's language (`studiolo.kernel.magics`)."""


def told(language: Language, code: str) -> str:
    """The cell that a statement is; IPython takes no magic with nothing below it."""
    return code if language == "python" else f"{MAGICS[language]}{code if code.strip() else ';'}"


class KernelEnded(Exception):
    """The kernel is gone, with the reason."""


class Left(Exception):
    """The thread was told to leave the session alone."""


class Runner:
    """Runs a session from PROVISIONING until it is left or its kernel ends."""

    def __init__(self, key: Key, provision: Provision, release: Callable[[Key], None]) -> None:
        self.key = key
        self._release = release
        self._provision = provision
        self._store = provision.store
        self._kernels = provision.kernels
        self._waker = Waker()
        self._ended: dict[str, int | None] = {}
        self._interrupted = -math.inf
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"session {key}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is a new statement, or one is to be canceled."""
        self._waker.wake()

    def leave(self) -> None:
        """End the thread and wait for it; the kernel lives on."""
        self._left.set()
        self._waker.wake()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def kernel_ended(self, kernel: str, status: int | None) -> None:
        """To be called from any thread when a kernel that this session has, or had, is gone."""
        self._ended[kernel] = status
        self._waker.wake()

    def _run(self) -> None:
        while not self._left.is_set():
            try:
                self._live()
                break
            except StateUnavailable:
                # Nothing is lost: what was done is in the journal, and what is wanted in the database.
                log.exception("session %s", self.key)
                self._left.wait(STATE_AGAIN)
        self._waker.close()

    def _live(self) -> None:
        try:
            session = self._store.session(self.key)
            if session.state == "PROVISIONING":
                kernel, channel = self._get_ready(session.kernel)
            else:
                assert session.kernel is not None
                kernel, channel = session.kernel, self._connect(session.kernel)
                self._renew(channel)
            try:
                while True:
                    self._work(kernel, channel)
            finally:
                channel.close()
        except Left:
            pass
        except StateUnavailable:
            raise
        except (KernelEnded, DomainError, OSError) as reason:
            self._fail(str(reason))
        except Exception:
            log.exception("session %s", self.key)
            self._fail("Studiolo failed in running this session; its log says more.")

    def _fail(self, reason: str) -> None:
        kernel = self._store.session(self.key).kernel
        statement = self._store.current(self.key)
        # The kernel may have answered before it ended.
        if statement is not None and kernel is not None and self._output(kernel, statement).status is not None:
            self._finish(kernel, statement)
        self._store.fail(self.key, reason)
        self._provision.note(self._store.session(self.key), f"it has failed. {reason}")
        self._release(self.key)

    def _get_ready(self, kernel: str | None) -> tuple[str, Channel]:
        """Get a kernel, claim it, and say that the session is ready."""
        if kernel is None or not self._kernels.alive(kernel):
            kernel = self._provision.kernel_for(self.key, self._left.is_set)
        while True:
            channel = self._connect(kernel)
            reply = self._claim(kernel, channel)
            if reply["status"] == "ok":
                if self._store.change(self.key, ("PROVISIONING",), "READY"):
                    self._provision.note(self._store.session(self.key), "it is ready.")
                return kernel, channel
            channel.close()
            if reply["status"] != "unfit":
                raise KernelEnded(reply["reason"])
            kernel = self._provision.instead_of(self.key, kernel, self._left.is_set)

    def _renew(self, channel: Channel) -> None:
        """Tell a session of an earlier server where this one answers. It hears it when its statement is over."""
        with contextlib.suppress(DomainError):
            channel.send("claim_request", self._provision.claim(self.key, {}), uuid.uuid4().hex)

    def _connect(self, kernel: str) -> Channel:
        while True:
            self._check(kernel)
            connection = self._kernels.connection(kernel)
            if connection is not None:
                return Channel(connection, self._waker)
            self._left.wait(CONNECTION_POLL)

    def _claim(self, kernel: str, channel: Channel) -> Mapping[str, Any]:
        message = uuid.uuid4().hex
        conf = self._provision.late_conf(self.key, kernel)
        channel.send("claim_request", self._provision.claim(self.key, conf), message)
        while True:
            self._check(kernel)
            reply = channel.receive(None)
            if reply is not None and reply["parent_header"]["msg_id"] == message:
                content: Mapping[str, Any] = reply["content"]
                return content

    def _check(self, kernel: str) -> None:
        if self._left.is_set():
            raise Left
        if kernel in self._ended:
            raise KernelEnded(self._kernels.reason(kernel, self._ended[kernel]))

    def _work(self, kernel: str, channel: Channel) -> None:
        """Run the next statement, or wait until there may be one."""
        self._check(kernel)
        statement = self._store.begin_next(self.key)
        if statement is None:
            channel.receive(None)
            return
        # A statement that an earlier server sent is sent again: the kernel runs no message twice.
        content = {
            "code": told(statement.language, statement.code),
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        channel.send("execute_request", content, statement.message)
        self._interrupted = -math.inf
        while not self._answered(channel, kernel, statement):
            self._check(kernel)
        self._finish(kernel, statement)

    def _answered(self, channel: Channel, kernel: str, statement: Record) -> bool:
        canceling = self._store.statement(self.key, statement.id).state == "CANCELLING"
        if canceling:
            self._interrupt(kernel, statement)
        interrupted = math.isfinite(self._interrupted)
        reply = channel.receive((INTERRUPT_AGAIN if interrupted else BEGIN_POLL) if canceling else None)
        return reply is not None and reply["parent_header"].get("msg_id") == statement.message

    def _interrupt(self, kernel: str, statement: Record) -> None:
        """Interrupt the statement if it has begun, unless that was just done."""
        begun = journal_file(self._kernels.folder(kernel), statement.message).exists()
        if begun and time.monotonic() - self._interrupted >= INTERRUPT_AGAIN:
            self._kernels.interrupt(kernel)
            self._interrupted = time.monotonic()

    def _output(self, kernel: str, statement: Record) -> Output:
        return read_output(journal_file(self._kernels.folder(kernel), statement.message))

    def _finish(self, kernel: str, statement: Record) -> None:
        output = self._output(kernel, statement)
        if output.status is None:
            reason = "The statement ran, but what it answered could not be kept: the disk may be full."
            self._store.change_statement(self.key, statement.id, ("RUNNING", "CANCELLING"), "ERROR", reason)
        elif output.error_name != "KeyboardInterrupt" or not self._store.change_statement(
            self.key, statement.id, ("CANCELLING",), "CANCELLED"
        ):
            self._store.change_statement(self.key, statement.id, ("RUNNING", "CANCELLING"), "AVAILABLE")
