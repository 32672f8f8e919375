"""The queue of what subscribers are still to get: in the database until they have it, or it is given up."""

import json
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from studiolo.background import Background
from studiolo.domain import Clock, DomainError, NotFound, Scope
from studiolo.metrics import Metrics
from studiolo.metrics.model import Metric
from studiolo.recorded import Record
from studiolo.state import State
from studiolo.topics import retries
from studiolo.topics.senders import Senders, Undelivered
from studiolo.topics.store import TopicStore
from studiolo.topics.tables import deliveries

log = logging.getLogger(__name__)

AT_ONCE = 16
OF_ONE = 4
"""So many at a time go to one subscription: one that is slow leaves the others room. Of a FIFO topic one goes at a time."""
LONGEST_WAIT = 60.0
END_SECONDS = 2.0
"""How long what is under way may take when the server ends: it is sent again else."""
NAMESPACE = "AWS/SNS"


class Delivery:
    """Sends what is due. For any thread."""

    def __init__(self, state: State, store: TopicStore, senders: Senders, metrics: Metrics, clock: Clock) -> None:
        self._state = state
        self._store = store
        self._senders = senders
        self._metrics = metrics
        self._clock = clock
        self._background = Background("topics", self.look, LONGEST_WAIT)
        self._lock = threading.Lock()
        self._sending: dict[str, tuple[str, threading.Thread]] = {}

    def start(self) -> None:
        self._background.wake()
        self._background.start()

    def close(self) -> None:
        self._background.close()
        with self._lock:
            under_way = [thread for _, thread in self._sending.values()]
        latest = time.monotonic() + END_SECONDS
        for thread in under_way:
            thread.join(max(0.0, latest - time.monotonic()))

    def put(self, tx: Connection, scope: Scope, subscription: str, message: Mapping[str, Any]) -> None:
        """Take a message for a subscription; `hurry` is to be called when it is written."""
        row = {"account": scope.account, "region": scope.region, "subscription": subscription, "message": message}
        tx.execute(deliveries.insert().values(id=str(uuid.uuid4()), attempts=0, due=self._clock(), **row))

    def hurry(self) -> None:
        self._background.wake()

    def look(self) -> float:
        """Send what is due; the seconds until more is."""
        present = self._clock()
        with self._lock:
            known = list(self._sending)
            counts = Counter(subscription for subscription, _ in self._sending.values())
        mine = deliveries.c.id.not_in(known)
        busy = [subscription for subscription, count in counts.items() if count >= _most(subscription)]
        query = select(deliveries).where(mine, deliveries.c.subscription.not_in(busy), deliveries.c.due <= present)
        with self._state.reading() as connection:
            rows = connection.execute(query.order_by(deliveries.c.due).limit(AT_ONCE)).all()
            following = connection.execute(
                select(func.min(deliveries.c.due)).where(deliveries.c.due > present)
            ).scalar()
        for row in rows:
            counts[row.subscription] += 1
            if counts.total() > AT_ONCE or counts[row.subscription] > _most(row.subscription):
                counts[row.subscription] -= 1
                continue
            # The process does not wait for a daemon when it ends: an endpoint may take its time.
            thread = threading.Thread(target=self._send, args=(row,), name="topic delivery", daemon=True)
            with self._lock:
                self._sending[row.id] = row.subscription, thread
            thread.start()
        # Who has sent wakes us.
        return LONGEST_WAIT if following is None else min(LONGEST_WAIT, (following - present).total_seconds())

    def _send(self, row: Row[Any]) -> None:
        scope = Scope(row.account, row.region)
        try:
            subscription = self._store.subscription(scope, row.subscription)
            self._hand(scope, row, subscription, self._store.get(scope, subscription["TopicArn"]))
        except NotFound:
            self._done(row)
        except Exception:
            if not self._background.ended:
                log.exception("the message %s could not be delivered", row.id)
                self._later(row, LONGEST_WAIT)
        finally:
            with self._lock:
                self._sending.pop(row.id, None)
            self._background.wake()

    def _hand(self, scope: Scope, row: Row[Any], subscription: Record, topic: Record) -> None:
        policy = retries.policy_of(subscription.get("DeliveryPolicy"), topic.get("DeliveryPolicy"))
        content_type = policy["requestPolicy"].get("headerContentType")
        try:
            self._senders.send(subscription, row.message, topic.get("SignatureVersion") or "1", content_type)
        except Exception as error:
            if self._background.ended:
                return
            if not isinstance(error, Undelivered):
                log.exception("the message %s could not be delivered", row.id)
            for_good = isinstance(error, Undelivered) and error.for_good
            of_aws = subscription["Protocol"] in ("lambda", "sqs")
            retry = retries.OF_FUNCTIONS if of_aws else policy["healthyRetryPolicy"]
            pause = None if for_good else retries.pause(retry, row.attempts + 1)
            if pause is None:
                log.warning("%s got no message after %d tries: %s", row.subscription, row.attempts + 1, error)
                self._bury(subscription, row.message)
                self.count(scope, topic, "NumberOfNotificationsFailed")
                self._done(row)
            else:
                log.info("%s is tried again: %s", row.subscription, error)
                self._later(row, pause)
        else:
            self.count(scope, topic, "NumberOfNotificationsDelivered")
            self._done(row)

    def _bury(self, subscription: Record, message: Mapping[str, Any]) -> None:
        """Send what was given up to the subscription's dead-letter queue, if it has one."""
        try:
            self._senders.bury(subscription, message)
        except DomainError as error:
            log.warning("%s: its dead-letter queue got no message: %s", subscription.id, error)

    def _done(self, row: Row[Any]) -> None:
        with self._state.transaction() as tx:
            tx.execute(deliveries.delete().where(deliveries.c.id == row.id))

    def _later(self, row: Row[Any], pause: float) -> None:
        values = {"attempts": row.attempts + 1, "due": self._clock() + timedelta(seconds=pause)}
        with self._state.transaction() as tx:
            tx.execute(deliveries.update().where(deliveries.c.id == row.id).values(values))

    def count(self, scope: Scope, topic: Record, name: str, value: float = 1, unit: str = "Count") -> None:
        self._metrics.add(scope, Metric.of(NAMESPACE, name, {"TopicName": topic["Name"]}), value, unit)


def _most(subscription: str) -> int:
    return 1 if ".fifo:" in subscription else OF_ONE


def effective(subscription: Record, topic: Record) -> str:
    """The delivery policy that counts for an HTTP subscription, as it is told."""
    found = retries.policy_of(subscription.get("DeliveryPolicy"), topic.get("DeliveryPolicy"))
    return json.dumps({name: value for name, value in found.items() if value}, separators=(",", ":"))
