"""What comes to log groups, handed to the functions that subscription filters name.

How far that has come is in the database: an event is handed on at least once, also when the server is killed.
"""

import base64
import gzip
import json
import logging

from studiolo.domain import Denied, Invalid, NotFound
from studiolo.functions import Trusting
from studiolo.logs import Logs
from studiolo.logs.subscription_filters import Batch, SubscriptionFilter

log = logging.getLogger(__name__)

SERVICE = "logs.amazonaws.com"
MOST_BYTES = 700_000
"""Of the gzipped text of a message, so that its Base64 fits the event of a function."""


class Subscriptions:
    """Hands log events on."""

    def __init__(self, logs: Logs, trusting: Trusting) -> None:
        self._logs = logs
        self._trusting = trusting

    def look(self) -> None:
        """Hand on what has come."""
        for each in self._logs.subscription_filters.everywhere():
            for batch in self._logs.subscription_filters.batches(each):
                try:
                    self._hand_on(each, batch)
                except (Denied, NotFound, Invalid) as error:
                    # As at AWS nothing waits for a function that is not there, or does not let CloudWatch Logs.
                    log.warning("%s: %s got no log events: %s", each.source, each.destination, error)
                self._logs.subscription_filters.done(each, batch)

    def _hand_on(self, subscription: SubscriptionFilter, batch: Batch) -> None:
        if not batch.events:
            return
        packed = _packed(subscription, batch)
        if len(packed) > MOST_BYTES and len(batch.events) > 1:
            half = len(batch.events) // 2
            for events in (batch.events[:half], batch.events[half:]):
                self._hand_on(subscription, Batch(batch.stream, events, batch.after))
            return
        message = json.dumps({"awslogs": {"data": base64.b64encode(packed).decode()}}).encode()
        self._trusting.invoke(SERVICE, subscription.source, subscription.destination, message)


def _packed(subscription: SubscriptionFilter, batch: Batch) -> bytes:
    """The message of a batch ("Using CloudWatch Logs subscription filters", CloudWatch Logs User Guide), gzipped."""
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": subscription.scope.account,
        "logGroup": subscription.group,
        "logStream": batch.stream,
        "subscriptionFilters": [subscription.name],
        "logEvents": [
            {"id": each.id, "timestamp": each.event.timestamp, "message": each.event.message} for each in batch.events
        ],
    }
    return gzip.compress(json.dumps(document).encode())
