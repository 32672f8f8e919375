"""SNS as the server holds it."""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studiolo.domain import Clock, DomainError, Scope
from studiolo.functions import Trusting
from studiolo.identity import Identity, Question
from studiolo.metrics import Alarm, CompositeAlarm, Metrics, State
from studiolo.queues import Queues, Value
from studiolo.recorded import Book, Record, Records
from studiolo.state import State as Database
from studiolo.topics import filters
from studiolo.topics.alarms import message_of, subject_of
from studiolo.topics.delivery import Delivery, effective
from studiolo.topics.model import Publication, Published, TopicDenied, check, check_batch, is_fifo
from studiolo.topics.senders import CONFIRMATION, NOTIFICATION, ORDER, Senders
from studiolo.topics.signing import Signer
from studiolo.topics.store import TopicStore, as_attributes, is_pending, of_topic, scope_of
from studiolo.topics.subscribing import DELIVERED, HTTP, filter_policy

CLOUDWATCH = "cloudwatch.amazonaws.com"
ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


class Topics:
    """Topics, their subscriptions, and what is published to them. endpoint: the URL of this server."""

    def __init__(
        self,
        state: Database,
        identity: Identity,
        trusting: Trusting,
        queues: Queues,
        metrics: Metrics,
        folder: Path,
        endpoint: str,
        clock: Clock,
    ) -> None:
        self.store = TopicStore(Records(state, clock))
        self.signer = Signer(folder, clock)
        self._state = state
        self._identity = identity
        self._clock = clock
        self._delivery = Delivery(state, self.store, Senders(trusting, queues, self.signer, endpoint), metrics, clock)

    def start(self) -> None:
        """Go on with what an earlier server has left."""
        self._delivery.start()

    def close(self) -> None:
        self._delivery.close()

    # --- who publishes

    def publish(self, scope: Scope, arn: str, publication: Publication) -> Published:
        """Take a message, for good. Raises NotFound for no such topic, Invalid, InvalidAttribute."""
        topic = self.store.get(scope, arn)
        check(publication, topic.attributes)
        published = Published(str(uuid.uuid4()), f"{time.time_ns():020d}" if is_fifo(topic.attributes) else None)
        filtered = 0
        with self._state.transaction() as tx:
            for each in of_topic(Book(tx, scope, self._clock), arn):
                if each["Protocol"] not in DELIVERED or is_pending(each):
                    continue
                text = publication.text(each["Protocol"])
                policy = filter_policy(each.attributes)
                if policy is not None and not filters.passes(*policy, text, publication.attributes):
                    filtered += 1
                    continue
                told = {"Subject": publication.subject} if publication.subject else {}
                attributes = {name: _as_told(value) for name, value in publication.attributes.items()}
                message: dict[str, Any] = {
                    "Type": NOTIFICATION,
                    "MessageId": published.id,
                    "TopicArn": arn,
                    **told,
                    "Message": text,
                    "Timestamp": self._timestamp(),
                    **({"MessageAttributes": attributes} if attributes else {}),
                }
                if published.sequence is not None:
                    message |= {"SequenceNumber": published.sequence, **_order(publication)}
                self._delivery.put(tx, scope, each.id, message)
        self._delivery.hurry()
        self._delivery.count(scope, topic, "NumberOfMessagesPublished")
        self._delivery.count(scope, topic, "PublishSize", publication.size, "Bytes")
        if filtered:
            self._delivery.count(scope, topic, "NumberOfNotificationsFilteredOut", filtered)
        return published

    def publish_batch(
        self, scope: Scope, arn: str, entries: Sequence[tuple[str, Publication]]
    ) -> list[tuple[str, Published | DomainError]]:
        """Take messages, each with the id of its entry: what became of them. Raises NotFound, BatchRefused."""
        check_batch(entries)
        self.store.get(scope, arn)
        done: list[tuple[str, Published | DomainError]] = []
        for identifier, publication in entries:
            try:
                done.append((identifier, self.publish(scope, arn, publication)))
            except DomainError as error:
                done.append((identifier, error))
        return done

    def publish_by(self, service: str, source: str, arn: str, publication: Publication) -> Published:
        """Publish in the name of a service, where the topic's policy lets it for `source`, an ARN.

        service: as policies name it, e.g. `events.amazonaws.com`. Raises what `publish` does, and TopicDenied.
        """
        scope = scope_of(arn.split(":")[3], arn)
        topic = self.store.get(scope, arn)
        account = source.split(":")[4] or scope.account
        keys = {"aws:SourceArn": source, "aws:SourceAccount": account}
        if service == CLOUDWATCH:
            # By this key, which the default policy asks for, alarms of the topic's account may.
            keys["aws:SourceOwner"] = account
        identity = self._identity.of(scope.account)
        policy = identity.compiled(policy_of(topic, scope), arn)
        # A policy for everybody of AWS is for services, too.
        names = frozenset({("Service", service), ("AWS", service)})
        if not identity.trusts(policy, names, Question("sns:Publish", arn, keys)):
            raise TopicDenied(f"The policy of the topic {arn} does not let {service} do sns:Publish for {source}.")
        return self.publish(scope, arn, publication)

    def act(self, alarm: Alarm | CompositeAlarm, action: str, before: State) -> None:
        """Publish that an alarm has come into a state. Raises DomainError."""
        self.publish_by(CLOUDWATCH, alarm.arn, action, Publication(message_of(alarm, before), subject_of(alarm)))

    # --- who subscribes

    def subscribe(
        self, scope: Scope, owner: str, arn: str, protocol: str, endpoint: str, attributes: Mapping[str, str]
    ) -> Record:
        """A subscription, whose HTTP endpoint is asked whether it wants that. Raises NotFound, Invalid."""
        made = self.store.subscribe(scope, owner, arn, protocol, endpoint, attributes)
        if is_pending(made) and protocol in HTTP:
            message = {
                "Type": CONFIRMATION,
                "MessageId": str(uuid.uuid4()),
                "Token": made.hidden["token"],
                "TopicArn": arn,
                "Message": f"You have chosen to subscribe to the topic {arn}.\nTo confirm the subscription, visit the "
                "SubscribeURL included in this message.",
                "Timestamp": self._timestamp(),
            }
            with self._state.transaction() as tx:
                self._delivery.put(tx, scope, made.id, message)
            self._delivery.hurry()
        return made

    # --- what is told of them

    def attributes(self, scope: Scope, arn: str) -> dict[str, str]:
        """Those of a topic, by SNS's names. Raises NotFound."""
        topic, found = self.store.get(scope, arn), self.store.subscriptions(scope, arn)
        pending = sum(map(is_pending, found))
        return {
            "DisplayName": "",
            "Owner": scope.account,
            "Policy": policy_of(topic, scope),
            "SubscriptionsConfirmed": str(len(found) - pending),
            "SubscriptionsDeleted": "0",
            "SubscriptionsPending": str(pending),
            "TopicArn": topic.id,
            **as_attributes(topic),
        }

    def subscription_attributes(self, scope: Scope, arn: str) -> dict[str, str]:
        """Those of a subscription, by SNS's names. Raises NotFound."""
        found = self.store.subscription(scope, arn)
        told = {"RawMessageDelivery": "false", **found.attributes, "SubscriptionArn": found.id}
        told["PendingConfirmation"] = str(is_pending(found)).lower()
        told["ConfirmationWasAuthenticated"] = str(bool(found.hidden.get("authenticated", not found.hidden))).lower()
        if found.get("FilterPolicy"):
            told.setdefault("FilterPolicyScope", filters.ATTRIBUTES)
        if found["Protocol"] in HTTP:
            told["EffectiveDeliveryPolicy"] = effective(found, self.store.get(scope, found["TopicArn"]))
        return told

    def _timestamp(self) -> str:
        return self._clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def policy_of(topic: Record, scope: Scope) -> str:
    """A topic's policy: its own, or the one that every topic has at first."""
    own: str | None = topic.get("Policy")
    if own:
        return own
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{name}" for name in ACTIONS],
        "Resource": topic.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": scope.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _order(publication: Publication) -> dict[str, str | None]:
    """What a message of a FIFO topic keeps of it in a queue: not told there."""
    content = hashlib.sha256(publication.message.encode()).hexdigest()
    return {ORDER[0]: publication.group, ORDER[1]: publication.deduplication or content}


def _as_told(value: Value) -> dict[str, str]:
    if isinstance(value.content, bytes):
        return {"Type": value.type, "Value": base64.b64encode(value.content).decode()}
    return {"Type": value.type, "Value": value.content}
