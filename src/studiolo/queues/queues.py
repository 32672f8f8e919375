"""SQS as the server holds it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from studiolo.background import Background
from studiolo.domain import AlreadyExists, Clock, DomainError, Invalid, NotFound, Page, Scope
from studiolo.identity import Identity, Question
from studiolo.metrics import Metrics
from studiolo.metrics.model import Metric
from studiolo.queues import messages as stored
from studiolo.queues.attributes import COUNTS, allows_redrive, check_name, checked, effective, redrive_of
from studiolo.queues.errors import BatchRefused, QueueDenied
from studiolo.queues.model import LARGEST, Message, Queue, Received, Sent, check, queue_arn, queue_named
from studiolo.queues.tables import deduplications, messages, queues
from studiolo.state import State, Thing, page

KIND = "queue"
SWEEP_SECONDS = 600.0
"""Between two looks for messages that are older than their queues keep them: they are not received before, either."""
MOST_RECEIVED, MOST_TAGS = 10, 50
NAMESPACE = "AWS/SQS"


class Queues:
    """The queues of every scope. endpoint: the URL of this server. For any thread."""

    def __init__(self, state: State, identity: Identity, metrics: Metrics, endpoint: str, clock: Clock) -> None:
        self._state = state
        self._identity = identity
        self._metrics = metrics
        self._endpoint = endpoint
        self._clock = clock
        self._background = Background("queues", self._sweep, SWEEP_SECONDS)

    def start(self) -> None:
        self._background.start()

    def close(self) -> None:
        self._background.close()

    def url(self, queue: Queue) -> str:
        """By which clients name it."""
        return f"{self._endpoint}/{queue.scope.account}/{queue.name}"

    # --- queues

    def create(self, scope: Scope, name: str, given: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
        """A queue: a new one, or the one that is there where it has these attributes. Raises AlreadyExists, Invalid."""
        fifo = check_name(name, given)
        attributes = {key: value for key, value in checked(given, fifo=fifo).items() if value}
        _check_tags(tags)
        with self._state.transaction() as tx:
            found = _find(tx, scope, name)
            if found is None:
                present = self._clock()
                made = Queue(scope, name, attributes, dict(tags), present, present)
                self._check_redrive(tx, made)
                row = {
                    "attributes": attributes,
                    "tags": made.tags,
                    "sequence": 0,
                    "created": present,
                    "changed": present,
                }
                tx.execute(queues.insert().values(account=scope.account, region=scope.region, name=name, **row))
                return made
        has = effective(found.attributes, fifo=fifo)
        if wrong := [key for key, value in attributes.items() if has.get(key) != value]:
            raise AlreadyExists(
                f"A queue already exists with the same name and a different value for attribute {wrong[0]}"
            )
        return found

    def get(self, scope: Scope, name: str) -> Queue:
        """Raises NotFound."""
        with self._state.reading() as connection:
            return _get(connection, scope, name)

    def page(self, scope: Scope, prefix: str, after: str | None, limit: int) -> Page[Queue]:
        query = select(queues).where(_of(scope), queues.c.name.startswith(prefix, autoescape=True))
        with self._state.reading() as connection:
            found = page(connection, query, queues.c.name, after, limit)
        return Page([stored.as_queue(row) for row in found.items], found.next)

    def sources(self, scope: Scope, name: str) -> list[Queue]:
        """The queues whose dead letters go to this one. Raises NotFound."""
        arn = self.get(scope, name).arn
        with self._state.reading() as connection:
            found = [stored.as_queue(row) for row in connection.execute(select(queues).where(_of(scope)))]
        return [each for each in found if (redrive := redrive_of(each.attributes)) and redrive[0] == arn]

    def attributes(self, scope: Scope, name: str) -> dict[str, str]:
        """Those of a queue, by SQS's names. Raises NotFound."""
        with self._state.reading() as connection:
            queue = _get(connection, scope, name)
            found = effective(queue.attributes, fifo=queue.fifo)
            counted = stored.counts(connection, queue, found, self._clock())
        moments = {"CreatedTimestamp": queue.created, "LastModifiedTimestamp": queue.changed}
        return {
            **found,
            **{name: str(int(moment.timestamp())) for name, moment in moments.items()},
            **dict(zip(COUNTS, map(str, counted), strict=True)),
            "QueueArn": queue.arn,
        }

    def set(self, scope: Scope, name: str, given: Mapping[str, str]) -> None:
        """Change attributes: an empty text takes one away. Raises NotFound, Invalid."""

        def changed(queue: Queue) -> dict[str, Any]:
            values = checked(given, fifo=queue.fifo)
            return {"attributes": {key: value for key, value in {**queue.attributes, **values}.items() if value}}

        self._change(scope, name, changed)

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        def changed(queue: Queue) -> dict[str, Any]:
            kept = {key: value for key, value in {**queue.tags, **tags}.items() if key not in without}
            _check_tags(kept)
            return {"tags": kept}

        self._change(scope, name, changed)

    def permit(self, scope: Scope, name: str, label: str, accounts: Sequence[str], actions: Sequence[str]) -> None:
        """Let accounts do that with a queue. Raises NotFound, Invalid where there is something of that label."""
        arn, partition = queue_arn(scope, name), scope.partition
        statement = {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:{partition}:iam::{account}:root" for account in accounts]},
            "Action": [f"SQS:{action}" for action in actions],
            "Resource": arn,
        }

        def added(statements: list[Any]) -> list[Any]:
            if any(each.get("Sid") == label for each in statements):
                raise Invalid(
                    f"Value {label} for parameter Label is invalid. Reason: Already exists: a statement of the queue's "
                    "policy has it."
                )
            return [*statements, statement]

        self._change(scope, name, lambda queue: _with_statements(queue, added))

    def forbid(self, scope: Scope, name: str, label: str) -> None:
        """Take back what was permitted. Raises NotFound, Invalid where there is nothing of that label."""

        def removed(statements: list[Any]) -> list[Any]:
            kept = [each for each in statements if each.get("Sid") != label]
            if len(kept) == len(statements):
                raise Invalid(
                    f"Value {label} for parameter Label is invalid. Reason: can't find label on existing policy."
                )
            return kept

        self._change(scope, name, lambda queue: _with_statements(queue, removed))

    def delete(self, scope: Scope, name: str) -> None:
        """With its messages. Raises NotFound."""
        with self._changing(scope, name) as (tx, queue):
            for table in (messages, deduplications):
                tx.execute(table.delete().where(stored.of_queue(table, queue)))
            tx.execute(queues.delete().where(_is(scope, name)))

    def purge(self, scope: Scope, name: str) -> None:
        """Forget all messages. Raises NotFound."""
        with self._changing(scope, name) as (tx, queue):
            tx.execute(messages.delete().where(stored.of_queue(messages, queue)))

    # --- messages

    def send(self, scope: Scope, name: str, sent: Sequence[Message], sender: str) -> list[Sent | DomainError]:
        """Take messages, for good: what became of each. sender: by the id of a principal. Raises NotFound, BatchRefused."""
        if len(sent) > 1 and sum(each.size for each in sent) > LARGEST:
            raise BatchRefused("BatchRequestTooLong", f"Batch requests cannot be longer than {LARGEST} bytes.")
        done: list[Sent | DomainError] = []
        with self._changing(scope, name) as (tx, queue):
            attributes, present = effective(queue.attributes, fifo=queue.fifo), self._clock()
            for message in sent:
                try:
                    check(message, queue, attributes)
                    done.append(stored.put(tx, queue, attributes, message, sender, present))
                except DomainError as error:
                    done.append(error)
        taken = [message for message, what in zip(sent, done, strict=True) if isinstance(what, Sent)]
        self._count(scope, name, "NumberOfMessagesSent", len(taken))
        for message in taken:
            self._count(scope, name, "SentMessageSize", message.size, "Bytes")
        return done

    def receive(
        self, scope: Scope, name: str, most: int = 1, invisible: int | None = None, attempt: str | None = None
    ) -> list[Received]:
        """What there is to be received, at once. invisible: seconds. Raises NotFound, Invalid."""
        if not 1 <= most <= MOST_RECEIVED:
            raise Invalid(
                f"Value {most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
            )
        if invisible is not None and not 0 <= invisible <= stored.LONGEST_INVISIBLE:
            raise Invalid(
                f"Value {invisible} for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= "
                f"{stored.LONGEST_INVISIBLE}, if provided."
            )
        due = self.due(scope, name)
        present = self._clock()
        found: list[Received] = []
        # Who looks again and again must not take turns in writing.
        if (due is not None and due <= present) or attempt is not None:
            with self._state.transaction() as tx:
                queue = _get(tx, scope, name)
                attributes = effective(queue.attributes, fifo=queue.fifo)
                hidden = int(attributes["VisibilityTimeout"]) if invisible is None else invisible
                found, dead = stored.take(tx, queue, attributes, most, hidden, attempt, present)
            for each in dead:
                self._state.changes.tell(thing_of(each.scope, each.name))
        self._count(scope, name, "NumberOfMessagesReceived" if found else "NumberOfEmptyReceives", len(found) or 1)
        return found

    def due(self, scope: Scope, name: str) -> datetime | None:
        """When there can be something to be received, if nothing is sent meanwhile. Raises NotFound."""
        with self._state.reading() as connection:
            queue = _get(connection, scope, name)
            attributes = effective(queue.attributes, fifo=queue.fifo)
            return stored.next_visible(connection, queue, attributes, self._clock())

    def delete_messages(self, scope: Scope, name: str, receipts: Sequence[str]) -> list[DomainError | None]:
        """Forget what has been dealt with: why not, of each. Raises NotFound."""
        done = self._each(scope, name, receipts, stored.drop)
        self._count(scope, name, "NumberOfMessagesDeleted", done.count(None))
        return done

    def hide(self, scope: Scope, name: str, changes: Sequence[tuple[str, int]]) -> list[DomainError | None]:
        """Keep messages, by their receipts, invisible for so many seconds: why not, of each. Raises NotFound."""

        def hidden(tx: Connection, queue: Queue, change: tuple[str, int], present: datetime) -> None:
            stored.hide(tx, queue, *change, present)

        return self._each(scope, name, changes, hidden)

    def send_by(self, service: str, source: str, arn: str, message: Message) -> Sent:
        """Send in the name of a service, where the queue's policy lets it for `source`, an ARN.

        service: as policies name it, e.g. `sns.amazonaws.com`. Raises NotFound, Invalid and QueueDenied.
        """
        scope, name = queue_named(arn)
        policy = self.get(scope, name).attributes.get("Policy")
        identity = self._identity.of(scope.account)
        keys = {"aws:SourceArn": source, "aws:SourceAccount": source.split(":")[4] or scope.account}
        # A policy for everybody of AWS is for services, too.
        names = frozenset({("Service", service), ("AWS", service)})
        asked = Question("sqs:SendMessage", arn, keys)
        if policy is None or not identity.trusts(identity.compiled(policy, arn), names, asked):
            raise QueueDenied(f"The policy of the queue {arn} does not let {service} do sqs:SendMessage for {source}.")
        (done,) = self.send(scope, name, [message], service)
        if isinstance(done, DomainError):
            raise done
        return done

    # --- parts

    def _each(
        self, scope: Scope, name: str, given: Sequence[Any], do: Callable[[Connection, Queue, Any, datetime], None]
    ) -> list[DomainError | None]:
        done: list[DomainError | None] = []
        with self._changing(scope, name) as (tx, queue):
            for each in given:
                try:
                    do(tx, queue, each, self._clock())
                    done.append(None)
                except DomainError as error:
                    done.append(error)
        return done

    @contextmanager
    def _changing(self, scope: Scope, name: str) -> Iterator[tuple[Connection, Queue]]:
        """A transaction of which those hear who wait at a queue. Raises NotFound."""
        with self._state.transaction(thing_of(scope, name)) as tx:
            yield tx, _get(tx, scope, name)

    def _change(self, scope: Scope, name: str, changed: Callable[[Queue], Mapping[str, Any]]) -> None:
        with self._changing(scope, name) as (tx, queue):
            values = {"attributes": queue.attributes, "tags": queue.tags, **changed(queue), "changed": self._clock()}
            after = Queue(scope, name, values["attributes"], values["tags"], queue.created, values["changed"])
            if after.attributes.get("RedrivePolicy") != queue.attributes.get("RedrivePolicy"):
                self._check_redrive(tx, after)
            tx.execute(queues.update().where(_is(scope, name)).values(values))

    @staticmethod
    def _check_redrive(tx: Connection, queue: Queue) -> None:
        """Raise Invalid where dead letters could not go where the queue has them go."""
        redrive = redrive_of(queue.attributes)
        if redrive is None:
            return
        scope, name = queue_named(redrive[0])
        found = _find(tx, scope, name)
        if found is None or scope != queue.scope:
            why = "Dead letter target does not exist."
        elif found.fifo != queue.fifo:
            why = "Dead-letter queue must be same type of queue as the source."
        elif not allows_redrive(found.attributes, queue.arn):
            why = "The dead-letter queue's RedriveAllowPolicy does not let this queue redrive to it."
        else:
            return
        policy = queue.attributes["RedrivePolicy"]
        raise Invalid(f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {why}")

    def _sweep(self) -> None:
        with self._state.reading() as connection:
            found = [stored.as_queue(row) for row in connection.execute(select(queues))]
        for queue in found:
            with self._state.transaction() as tx:
                stored.sweep(tx, queue, effective(queue.attributes, fifo=queue.fifo), self._clock())

    def _count(self, scope: Scope, queue: str, name: str, value: float, unit: str = "Count") -> None:
        if value:
            self._metrics.add(scope, Metric.of(NAMESPACE, name, {"QueueName": queue}), value, unit)


def thing_of(scope: Scope, name: str) -> Thing:
    """A queue, for who waits until there is something in it."""
    return Thing(KIND, scope.account, scope.region, name)


def _of(scope: Scope) -> ColumnElement[bool]:
    return (queues.c.account == scope.account) & (queues.c.region == scope.region)


def _is(scope: Scope, name: str) -> ColumnElement[bool]:
    return _of(scope) & (queues.c.name == name)


def _find(connection: Connection, scope: Scope, name: str) -> Queue | None:
    row = connection.execute(select(queues).where(_is(scope, name))).first()
    return None if row is None else stored.as_queue(row)


def _get(connection: Connection, scope: Scope, name: str) -> Queue:
    found = _find(connection, scope, name)
    if found is None:
        raise NotFound("The specified queue does not exist.")
    return found


def _with_statements(queue: Queue, change: Callable[[list[Any]], list[Any]]) -> dict[str, Any]:
    """The attributes with another list of statements in the policy."""
    policy = json.loads(queue.attributes.get("Policy") or "{}")
    had = policy.get("Statement", [])
    statements = change(had if isinstance(had, list) else [had])
    default = {"Version": "2012-10-17", "Id": f"{queue.arn}/SQSDefaultPolicy"}
    text = json.dumps({**default, **policy, "Statement": statements}) if statements else ""
    attributes = {**queue.attributes, **checked({"Policy": text}, fifo=queue.fifo)}
    return {"attributes": {key: value for key, value in attributes.items() if value}}


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MOST_TAGS:
        raise Invalid(f"A queue has at most {MOST_TAGS} tags, and not {len(tags)}.")
