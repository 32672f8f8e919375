"""Messages in the database. All here is done within a transaction of the caller's."""

import base64
import binascii
import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, case, func, select

from studiolo.domain import Invalid, Scope
from studiolo.queues.attributes import redrive_of
from studiolo.queues.errors import InvalidReceipt, NotInFlight
from studiolo.queues.model import Message, Queue, Received, Sent, Value, queue_named
from studiolo.queues.tables import deduplications, messages, queues

REMEMBERED = timedelta(minutes=5)
"""How long a FIFO queue knows what it was sent, and by which attempt something was received."""
LONGEST_INVISIBLE = 43_200
"""Seconds."""
FIRST_SEQUENCE = 10**19
"""Sequence numbers have 20 digits."""
c = messages.c


def of_queue(table: Table, queue: Queue) -> ColumnElement[bool]:
    """The rows of a queue."""
    columns = table.c
    mine = (columns.account == queue.scope.account) & (columns.region == queue.scope.region)
    return mine & (columns.queue == queue.name)


def put(
    tx: Connection, queue: Queue, attributes: Mapping[str, str], message: Message, sender: str, present: datetime
) -> Sent:
    """Take a message, unless a FIFO queue has it already. attributes: all that count for the queue."""
    sent, deduplication = Sent(str(uuid.uuid4())), message.deduplication
    place = {"account": queue.scope.account, "region": queue.scope.region, "queue": queue.name}
    sequence = None
    if queue.fifo:
        deduplication = deduplication or hashlib.sha256(message.body.encode()).hexdigest()
        group = message.group if attributes["DeduplicationScope"] == "messageGroup" else ""
        known = of_queue(deduplications, queue) & (deduplications.c.group_id == group)
        known &= deduplications.c.deduplication == deduplication
        found = tx.execute(select(deduplications).where(known)).first()
        if found is not None and found.sent > present - REMEMBERED:
            return Sent(found.id, str(FIRST_SEQUENCE + found.sequence))
        sequence = _next_sequence(tx, queue)
        sent = Sent(sent.id, str(FIRST_SEQUENCE + sequence))
        row = {"group_id": group, "deduplication": deduplication, "id": sent.id, "sequence": sequence, "sent": present}
        tx.execute(deduplications.delete().where(known))
        tx.execute(deduplications.insert().values(**place, **row))
    delay = int(attributes["DelaySeconds"]) if message.delay is None or queue.fifo else message.delay
    tx.execute(
        messages.insert().values(
            **place,
            id=sent.id,
            sender=sender,
            body=message.body,
            attributes={name: _kept(value) for name, value in message.attributes.items()},
            trace=message.trace,
            group_id=message.group,
            deduplication=deduplication,
            sequence=sequence,
            sent=present,
            visible=present + timedelta(seconds=delay),
            receives=0,
        )
    )
    return sent


def _next_sequence(tx: Connection, queue: Queue) -> int:
    columns = queues.c
    mine = (columns.account == queue.scope.account) & (columns.region == queue.scope.region)
    mine &= columns.name == queue.name
    tx.execute(queues.update().where(mine).values(sequence=columns.sequence + 1))
    return int(tx.execute(select(columns.sequence).where(mine)).scalar_one())


def next_visible(
    connection: Connection, queue: Queue, attributes: Mapping[str, str], present: datetime
) -> datetime | None:
    """When a message can, or could, be received; None where there is none. In a FIFO queue perhaps only later."""
    query = select(func.min(c.visible)).where(_kept_of(queue, attributes, present))
    if queue.fifo:
        query = query.where(_is_free(queue, present) | (c.visible > present))
    found: datetime | None = connection.execute(query).scalar()
    return found


def take(
    tx: Connection,
    queue: Queue,
    attributes: Mapping[str, str],
    most: int,
    invisible: int,
    attempt: str | None,
    present: datetime,
) -> tuple[list[Received], list[Queue]]:
    """Messages that are invisible to others for so many seconds; and the queue that dead letters went to, if any did."""
    until, taken = present + timedelta(seconds=invisible), _kept_of(queue, attributes, present)
    if attempt is not None and queue.fifo:
        same = taken & (c.attempt == attempt) & (c.visible > present)
        again = [row for row in tx.execute(select(messages).where(same).order_by(c.number)) if _is_recent(row, present)]
        for row in again:
            tx.execute(messages.update().where(c.number == row.number).values(visible=until))
        if again:
            return [_as_received(row._mapping) for row in again], []
    visible = taken & (c.visible <= present)
    dead = _dead_letter_queue(tx, queue, attributes)
    moved = 0
    if dead is not None:
        to = {"queue": dead[0].name, "visible": present, "receipt": None, "source": queue.arn}
        moved = tx.execute(messages.update().where(visible, c.receives >= dead[1]).values(to)).rowcount
    query = select(messages).where(visible)
    # The oldest first, and in a FIFO queue none of a group that has one with somebody.
    query = query.where(_is_free(queue, present)) if queue.fifo else query
    query = query.order_by(c.number) if queue.fifo else query.order_by(c.visible, c.number)
    found: list[Received] = []
    for row in tx.execute(query.limit(most)).all():
        values = {
            "visible": until,
            "receives": row.receives + 1,
            "first_received": row.first_received or present,
            "receipt": str(uuid.uuid4()),
            "attempt": attempt,
        }
        tx.execute(messages.update().where(c.number == row.number).values(values))
        found.append(_as_received({**row._mapping, **values}))
    return found, [dead[0]] if dead is not None and moved else []


def drop(tx: Connection, queue: Queue, receipt: str, present: datetime) -> None:
    """Forget what was received: nothing happens where it has been received by somebody else since.

    Raises InvalidReceipt, and Invalid where a message of a FIFO queue is not held any more.
    """
    row = _held(tx, queue, receipt)
    if row is None:
        return
    if queue.fifo and row.visible <= present:
        raise Invalid(
            f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )
    tx.execute(messages.delete().where(c.number == row.number))


def hide(tx: Connection, queue: Queue, receipt: str, seconds: int, present: datetime) -> None:
    """Keep what was received invisible for so long from now. Raises InvalidReceipt, NotInFlight, Invalid."""
    if not 0 <= seconds <= LONGEST_INVISIBLE:
        raise Invalid(
            f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be between 0 and "
            f"{LONGEST_INVISIBLE}."
        )
    row = _held(tx, queue, receipt)
    if row is None or row.visible <= present:
        raise NotInFlight(
            f"Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available "
            "for visibility timeout change."
        )
    visible = present + timedelta(seconds=seconds)
    tx.execute(messages.update().where(c.number == row.number).values(visible=visible))


def counts(
    connection: Connection, queue: Queue, attributes: Mapping[str, str], present: datetime
) -> tuple[int, int, int]:
    """How many messages can be received, how many are delayed, and how many are with somebody."""
    kinds = (c.visible <= present, and_(c.visible > present, c.receipt.is_(None)), c.visible > present)
    query = select(*(func.count(case((kind, 1))) for kind in kinds)).where(_kept_of(queue, attributes, present))
    visible, delayed, hidden = connection.execute(query).one()
    return visible, delayed, hidden - delayed


def sweep(tx: Connection, queue: Queue, attributes: Mapping[str, str], present: datetime) -> None:
    """Forget what is older than the queue keeps it."""
    tx.execute(messages.delete().where(of_queue(messages, queue), c.sent <= _oldest(attributes, present)))
    old = deduplications.c.sent <= present - REMEMBERED
    tx.execute(deduplications.delete().where(of_queue(deduplications, queue), old))


def _kept_of(queue: Queue, attributes: Mapping[str, str], present: datetime) -> ColumnElement[bool]:
    return of_queue(messages, queue) & (c.sent > _oldest(attributes, present))


def _oldest(attributes: Mapping[str, str], present: datetime) -> datetime:
    return present - timedelta(seconds=int(attributes["MessageRetentionPeriod"]))


def _is_free(queue: Queue, present: datetime) -> ColumnElement[bool]:
    """Whether no message of its group is with somebody, or delayed."""
    other = messages.alias()
    mine = (other.c.account == queue.scope.account) & (other.c.region == queue.scope.region)
    mine &= (other.c.queue == queue.name) & (other.c.visible > present)
    return c.group_id.not_in(select(other.c.group_id).where(mine))


def _is_recent(row: Row[Any], present: datetime) -> bool:
    return bool(row.first_received > present - REMEMBERED)


def _dead_letter_queue(tx: Connection, queue: Queue, attributes: Mapping[str, str]) -> tuple[Queue, int] | None:
    """Where a queue's dead letters go, and after how many receives; None also where that queue is not there any more."""
    redrive = redrive_of(attributes)
    if redrive is None:
        return None
    scope, name = queue_named(redrive[0])
    columns = queues.c
    mine = (columns.account == scope.account) & (columns.region == scope.region) & (columns.name == name)
    row = tx.execute(select(queues).where(mine)).first()
    return None if row is None or scope != queue.scope else (as_queue(row), redrive[1])


def as_queue(row: Row[Any]) -> Queue:
    return Queue(Scope(row.account, row.region), row.name, row.attributes, row.tags, row.created, row.changed)


def _held(tx: Connection, queue: Queue, receipt: str) -> Row[Any] | None:
    """What a receipt is for; None where it is not there, or was received by somebody else since."""
    try:
        number, token = base64.b64decode(receipt, validate=True).decode().split(" ")
        mine = of_queue(messages, queue) & (c.number == int(number)) & (c.receipt == str(uuid.UUID(token)))
    except (binascii.Error, ValueError) as error:
        raise InvalidReceipt(f'The input receipt handle "{receipt}" is not a valid receipt handle.') from error
    return tx.execute(select(messages).where(mine)).first()


def _as_received(row: Mapping[Any, Any]) -> Received:
    told = {
        "SenderId": row["sender"],
        "SentTimestamp": _milliseconds(row["sent"]),
        "ApproximateReceiveCount": str(row["receives"]),
        "ApproximateFirstReceiveTimestamp": _milliseconds(row["first_received"]),
        "SequenceNumber": None if row["sequence"] is None else str(FIRST_SEQUENCE + row["sequence"]),
        "MessageDeduplicationId": row["deduplication"],
        "MessageGroupId": row["group_id"],
        "AWSTraceHeader": row["trace"],
        "DeadLetterQueueSourceArn": row["source"],
    }
    receipt = base64.b64encode(f"{row['number']} {row['receipt']}".encode()).decode()
    attributes = {name: _value(kept) for name, kept in row["attributes"].items()}
    return Received(
        row["id"], row["body"], receipt, attributes, {name: text for name, text in told.items() if text is not None}
    )


def _milliseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def _kept(value: Value) -> list[str]:
    """As JSON holds it: type, form and text."""
    if isinstance(value.content, bytes):
        return [value.type, "bytes", base64.b64encode(value.content).decode()]
    return [value.type, "text", value.content]


def _value(kept: list[str]) -> Value:
    kind, form, text = kept
    return Value(kind, base64.b64decode(text) if form == "bytes" else text)
