"""The IAM records of one account, and a count of changes that what is cached is checked against.

The accounts of a server have one count: what is allowed in one may hang on the policies of another.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from sqlalchemy import Connection, select, update

from studiolo.domain import Clock
from studiolo.identity.tables import revisions
from studiolo.state import Remembered, State

V = TypeVar("V")


class Records:
    """One account's rows in the state."""

    def __init__(
        self, state: State, account: str, clock: Clock, counted: str | None = None, partition: str = "aws"
    ) -> None:
        """counted: the server's own account, where the rows are of another one."""
        self.account = account
        self.partition = partition
        self.clock = clock
        self._state = state
        self._counted = counted or account
        self._count = select(revisions.c.revision).where(revisions.c.account == self._counted)
        self._revision = Remembered(state, self._read)

    def arn(self, resource: str) -> str:
        """The ARN of something of the account's, e.g. `role/Analyst`."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    @property
    def accounts(self) -> frozenset[str]:
        """This account, and the server's own."""
        return frozenset({self.account, self._counted})

    @property
    def revision(self) -> int:
        """Grows with every change that any process commits: what was read under an older one may be out of date."""
        return self._revision.get(self._counted)

    def _read(self, _account: str) -> int:
        with self._state.reading() as connection:
            return connection.execute(self._count).scalar() or 0

    def remembered(self, read: Callable[[str], V]) -> Remembered[str, V]:
        """What `read` reads of the state, for as long as nobody writes anything."""
        return Remembered(self._state, read)

    def reading(self) -> AbstractContextManager[Connection]:
        return self._state.reading()

    def adding(self) -> AbstractContextManager[Connection]:
        """A transaction that changes nothing of what may be cached."""
        return self._state.transaction()

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A transaction on the records."""
        mine = revisions.c.account == self._counted
        with self._state.transaction() as tx:
            yield tx
            if tx.execute(update(revisions).where(mine).values(revision=revisions.c.revision + 1)).rowcount == 0:
                tx.execute(revisions.insert().values(account=self._counted, revision=1))
