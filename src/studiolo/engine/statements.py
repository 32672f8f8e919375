"""The statements of sessions: queued, shown with what they have printed so far, canceled."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from studiolo.domain import Conflict, Page
from studiolo.engine.journal import journal_file, read_output
from studiolo.engine.kernels import Kernels
from studiolo.engine.model import Key, Language, Output, Session, Statement
from studiolo.engine.store import Record, Store

PAGE_OUTPUT = 16 * 1024 * 1024
"""Characters of output after which a page of statements ends."""


class Statements:
    """wake: has the session of that key look for what there is to be done."""

    def __init__(self, store: Store, kernels: Kernels, wake: Callable[[Key], None]) -> None:
        self._store = store
        self._kernels = kernels
        self._wake = wake

    def run(self, key: Key, code: str, language: Language = "python") -> int:
        """Queue a statement; its number. Raises NotFound, Invalid, and Conflict while the session is not READY."""
        number = self._store.add_statement(key, code, language)
        self._wake(key)
        return number

    def get(self, key: Key, number: int) -> Statement:
        """A statement with its output so far. Raises NotFound."""
        return self._shown(self._store.session(key), self._store.statement(key, number))

    def page(self, key: Key, after: str | None = None, limit: int = 20) -> Page[Statement]:
        """The session's statements in their order; fewer than `limit` where they have much output. Raises NotFound."""
        session = self._store.session(key)
        found = self._store.statements(key, -1 if after is None else int(after), limit)
        shown: list[Statement] = []
        size = 0
        for record in found.items:
            shown.append(self._shown(session, record))
            size += shown[-1].output.size
            if size > PAGE_OUTPUT and len(shown) < len(found.items):
                return Page(shown, next=str(record.id))
        return Page(shown, found.next)

    def unfinished(self, key: Key) -> Sequence[Statement]:
        """Those that wait or run, without their outputs."""
        return [_as_statement(record) for record in self._store.unfinished(key)]

    def cancel(self, key: Key, number: int) -> None:
        """Cancel a statement: one that waits is not run, one that runs is interrupted. Raises NotFound and Conflict."""
        if self._store.change_statement(key, number, ("WAITING",), "CANCELLED"):
            return
        if not self._store.change_statement(key, number, ("RUNNING", "CANCELLING"), "CANCELLING"):
            state = self._store.statement(key, number).state
            raise Conflict(f"Statement {number} of session {key.id} is {state}, and cannot be canceled.")
        self._wake(key)

    def _shown(self, session: Session, record: Record) -> Statement:
        output = Output()
        if session.kernel is not None and record.started is not None:
            output = read_output(journal_file(self._kernels.folder(session.kernel), record.message))
        if record.error is not None:
            output = replace(output, status="error", error_name="SessionError", error_value=record.error)
        elif record.state == "CANCELLED" and output.status is None:
            output = replace(output, status="error", error_name="Canceled", error_value="Canceled before it ran.")
        return replace(_as_statement(record), output=output, progress=self._progress(session, record))

    def _progress(self, session: Session, record: Record) -> float:
        if record.completed is not None:
            return 1.0
        if session.kernel is None or record.started is None:
            return 0.0
        return self._kernels.progress(session.kernel, record.message)


def _as_statement(record: Record) -> Statement:
    return Statement(
        id=record.id,
        code=record.code,
        state=record.state,
        created=record.created,
        output=Output(),
        started=record.started,
        completed=record.completed,
        error=record.error,
        language=record.language,
    )
