"""What the S3 door tells of objects that were written or deleted, for those whom their bucket wants told.

The door is a process of its own: it leaves notices in the database, and the server takes them from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, Column, Connection, Integer, Table, Text, select

from studiolo.state import Moment, State, metadata

bucket_notices = Table(
    "bucket_notices",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that was done to an object.

    name: of the event, as S3 spells it without `s3:`, e.g. `ObjectCreated:Put`; reason: the operation; by: who, as the
    principal's id; configuration: the bucket's notifications as XML. size, etag and version are None where they are not
    known.
    """

    bucket: str
    key: str
    name: str
    reason: str
    request_id: str
    by: str
    configuration: str
    size: int | None = None
    etag: str | None = None
    version: str | None = None


class Notices:
    """The notices that are still to be told."""

    def __init__(self, state: State, clock: Callable[[], datetime]) -> None:
        self._state = state
        self._clock = clock

    def add(self, account: str, region: str, notices: Sequence[Notice]) -> None:
        """Leave notices, for good."""
        present = self._clock()
        with self._state.transaction() as tx:
            for notice in notices:
                document = {name: getattr(notice, name) for name in Notice.__slots__}
                row = {"account": account, "region": region, "bucket": notice.bucket, "document": document}
                tx.execute(bucket_notices.insert().values(**row, at=present))


def waiting(state: State) -> Sequence[tuple[int, str, str, Notice, datetime]]:
    """The oldest: number, account, region, notice and moment of each."""
    query = select(bucket_notices).order_by(bucket_notices.c.number).limit(AT_ONCE)
    with state.reading() as connection:
        rows = connection.execute(query).all()
    return [(row.number, row.account, row.region, Notice(**row.document), row.at) for row in rows]


def told(tx: Connection, number: int) -> None:
    """Forget a notice, in the transaction that tells it on."""
    tx.execute(bucket_notices.delete().where(bucket_notices.c.number == number))
