"""The tokens of Callback steps, and what those who got them have answered."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from studiolo.pipelines.errors import Busy, NoPipeline
from studiolo.pipelines.tables import callbacks
from studiolo.state import State


class Callbacks:
    """Answers are kept beside the steps, which whoever walks through an execution writes as a whole."""

    def __init__(self, state: State) -> None:
        self._state = state

    def expect(self, token: str, execution: str, step: str) -> None:
        """Know a token, before it is sent to somebody."""
        with self._state.transaction() as tx:
            if tx.execute(select(callbacks).where(callbacks.c.token == token)).first() is None:
                tx.execute(callbacks.insert().values(token=token, execution=execution, step=step))

    def of(self, token: str) -> tuple[str, str]:
        """The execution and the step of a token. Raises NoPipeline."""
        with self._state.reading() as connection:
            row = connection.execute(select(callbacks).where(callbacks.c.token == token)).first()
        if row is None:
            raise NoPipeline(f"No callback step waits for the token {token}.")
        return row.execution, row.step

    def put(self, token: str, answer: Mapping[str, Any]) -> None:
        """Keep the answer; the same once more is fine. Raises Busy for another one."""
        mine = callbacks.c.token == token
        with self._state.transaction() as tx:
            had = tx.execute(select(callbacks.c.answer).where(mine)).scalar()
            if had is not None and had != answer:
                raise Busy(f"The callback step of the token {token} has its answer.")
            tx.execute(callbacks.update().where(mine).values(answer=answer))

    def answer(self, token: str) -> Mapping[str, Any] | None:
        with self._state.reading() as connection:
            found: Mapping[str, Any] | None = connection.execute(
                select(callbacks.c.answer).where(callbacks.c.token == token)
            ).scalar()
        return found
