"""EventBridge as the server holds it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from studiolo.background import Background
from studiolo.calling import Services
from studiolo.domain import Clock, DomainError, Scope
from studiolo.events.counting import Counting
from studiolo.events.delivery import Delivery, new_event
from studiolo.events.rules import Rules
from studiolo.events.subscriptions import Subscriptions
from studiolo.events.targets import Sender
from studiolo.functions import Trusting
from studiolo.identity import Identity
from studiolo.logs import Logs
from studiolo.metrics import Metrics
from studiolo.queues import Queues
from studiolo.state import State
from studiolo.topics import Topics

FOLLOW_SECONDS = 2.0
"""Between two looks at the log groups that have filters."""


class Rejected(NamedTuple):
    """Why an event was not taken."""

    code: str
    message: str


class Events:
    """Rules, and the events that they are for."""

    def __init__(
        self,
        state: State,
        identity: Identity,
        trusting: Trusting,
        topics: Topics,
        queues: Queues,
        logs: Logs,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self.rules = Rules(state, identity, clock)
        self.trusting = trusting
        self._delivery = Delivery(state, Sender(trusting, topics, queues, logs, identity, clock), metrics, clock)
        self._following = [
            Background("subscription filters", Subscriptions(logs, trusting).look, FOLLOW_SECONDS),
            Background("metric filters", Counting(logs, metrics, clock).look, FOLLOW_SECONDS),
        ]
        self._clock = clock

    def start(self, services: Services) -> None:
        """Go on with what an earlier server has left."""
        self._delivery.start(services)
        for each in self._following:
            each.start()

    def close(self) -> None:
        for each in self._following:
            each.close()
        self._delivery.close()

    def put(self, scope: Scope, entries: Sequence[Mapping[str, Any]]) -> list[str | Rejected]:
        """Take events, each as the API's PutEventsRequestEntry with its bus by name: their ids, or why not."""
        answers: list[str | Rejected] = []
        taken: list[tuple[str, Mapping[str, Any]]] = []
        for entry in entries:
            event = self._checked(scope, entry)
            if isinstance(event, Rejected):
                answers.append(event)
            else:
                taken.append((entry["EventBusName"], event))
                answers.append(event["id"])
        if taken:
            self._delivery.put(scope, taken)
        return answers

    def _checked(self, scope: Scope, entry: Mapping[str, Any]) -> Mapping[str, Any] | Rejected:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                words = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return Rejected("InvalidArgument", words)
        if entry["Source"].startswith("aws."):
            return Rejected("NotAuthorizedForSourceException", "Not authorized for the source.")
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return Rejected("MalformedDetail", "Detail is malformed.")
        try:
            self.rules.bus(scope, entry["EventBusName"])
        except DomainError as error:
            return Rejected("InvalidArgument", str(error))
        at: datetime = entry.get("Time") or self._clock()
        told = {
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "resources": list(entry.get("Resources", [])),
            "detail": detail,
        }
        return new_event(scope, at, told)
