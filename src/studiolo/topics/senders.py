"""How subscribers get what is published: functions as an event, queues as a message, HTTP endpoints as a POST.

Whoever may subscribe makes the server ask an address of their choice. So: no redirects, no proxies, little time; the
address is looked up once and the connection is made to what was found, never to a port of Studiolo's own; of an answer
only the status counts.
"""

import base64
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from studiolo.domain import Denied, DomainError, Invalid, NotFound
from studiolo.functions import Trusting
from studiolo.peers import askable
from studiolo.queues import Message, Queues, Value
from studiolo.recorded import Record
from studiolo.topics.signing import Signer

SECONDS = 15.0
"""Until an endpoint must have answered, as SNS has it."""
PAGES = "/_studiolo/sns/"
"""Where, at this server, subscriptions are confirmed and ended, and the certificate is."""
CERTIFICATE = "SimpleNotificationService.pem"
SERVICE = "sns.amazonaws.com"
NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
ORDER = ("MessageGroupId", "MessageDeduplicationId")
"""What a message of a FIFO topic has beside what is told."""


class Undelivered(Exception):
    """Why a subscriber has not got a message. for_good: whether it would be no better later."""

    def __init__(self, why: str, *, for_good: bool) -> None:
        super().__init__(why)
        self.for_good = for_good


class Senders:
    """Hands messages to subscribers, signed. endpoint: the URL of this server."""

    def __init__(self, trusting: Trusting, queues: Queues, signer: Signer, endpoint: str) -> None:
        self._trusting = trusting
        self._queues = queues
        self._signer = signer
        self._pages = endpoint + PAGES

    def send(
        self, subscription: Record, message: Mapping[str, Any], version: str, content_type: str | None = None
    ) -> None:
        """Hand a subscriber a message. version: of the signature; content_type: of the POST. Raises Undelivered."""
        if subscription["Protocol"] == "lambda":
            self._to_function(subscription, self._signed(subscription, message, version))
        elif subscription["Protocol"] == "sqs":
            self._to_queue(subscription, message, version)
        else:
            self._to_address(subscription, message, version, content_type)

    def bury(self, subscription: Record, message: Mapping[str, Any]) -> None:
        """Send a message that a subscriber did not get to its dead-letter queue, if it has one. Raises DomainError."""
        if subscription.get("RedrivePolicy"):
            arn = json.loads(subscription["RedrivePolicy"])["deadLetterTargetArn"]
            self._queue(subscription, arn, message, "1")

    def _to_queue(self, subscription: Record, message: Mapping[str, Any], version: str) -> None:
        try:
            self._queue(subscription, subscription["Endpoint"], message, version)
        except DomainError as error:
            raise Undelivered(str(error), for_good=isinstance(error, (Denied, Invalid, NotFound))) from error

    def _queue(self, subscription: Record, arn: str, message: Mapping[str, Any], version: str) -> None:
        attributes, body = {}, str(message["Message"])
        if _is_raw(subscription):
            attributes = {name: _as_value(each) for name, each in message.get("MessageAttributes", {}).items()}
        else:
            told = {name: value for name, value in message.items() if name not in ORDER}
            body = json.dumps(self._signed(subscription, told, version), indent=2)
        group, deduplication = (message.get(name) for name in ORDER)
        # Other queues look for no duplicates.
        sent = Message(body, None, attributes, None, group, deduplication if arn.endswith(".fifo") else None)
        self._queues.send_by(SERVICE, subscription["TopicArn"], arn, sent)

    def _to_function(self, subscription: Record, message: Mapping[str, Any]) -> None:
        # Lambda's events spell two of the names in another way, and have what is not there as null.
        told = {"Subject": None, "MessageAttributes": {}, **message}
        told["SigningCertUrl"], told["UnsubscribeUrl"] = told.pop("SigningCertURL"), told.pop("UnsubscribeURL")
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.id,
            "Sns": told,
        }
        try:
            payload = json.dumps({"Records": [record]}).encode()
            self._trusting.invoke(SERVICE, subscription["TopicArn"], subscription["Endpoint"], payload)
        except DomainError as error:
            raise Undelivered(str(error), for_good=isinstance(error, (Denied, Invalid, NotFound))) from error

    def _to_address(
        self, subscription: Record, message: Mapping[str, Any], version: str, content_type: str | None
    ) -> None:
        raw = message["Type"] == NOTIFICATION and _is_raw(subscription)
        headers = {
            "x-amz-sns-message-type": message["Type"],
            "x-amz-sns-message-id": message["MessageId"],
            "x-amz-sns-topic-arn": message["TopicArn"],
            "Content-Type": content_type or "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "Connection": "close",
        }
        if message["Type"] == NOTIFICATION:
            headers["x-amz-sns-subscription-arn"] = subscription.id
        if raw:
            body = str(message["Message"])
            headers["x-amz-sns-rawdelivery"] = "true"
        else:
            body = json.dumps(self._signed(subscription, message, version), indent=2)
        status = post(subscription["Endpoint"], body.encode(), headers)
        if not 200 <= status < 300:
            # What a client did wrong, or a redirect, is as wrong the next time.
            raise Undelivered(f"the endpoint answered {status}", for_good=300 <= status < 500 and status != 429)

    def _signed(self, subscription: Record, message: Mapping[str, Any], version: str) -> Mapping[str, Any]:
        topic = quote(message["TopicArn"], safe=":")
        told = dict(message)
        if message["Type"] == CONFIRMATION:
            asked = f"Action=ConfirmSubscription&TopicArn={topic}&Token={message['Token']}"
            told["SubscribeURL"] = f"{self._pages}confirm?{asked}"
        else:
            asked = f"Action=Unsubscribe&SubscriptionArn={quote(subscription.id, safe=':')}"
            told["UnsubscribeURL"] = f"{self._pages}unsubscribe?{asked}"
        return {
            **told,
            "SignatureVersion": version,
            "Signature": self._signer.sign(told, version),
            "SigningCertURL": self._pages + CERTIFICATE,
        }


def _is_raw(subscription: Record) -> bool:
    return str(subscription.get("RawMessageDelivery")).lower() == "true"


def _as_value(told: Mapping[str, str]) -> Value:
    binary = told["Type"].partition(".")[0] == "Binary"
    return Value(told["Type"], base64.b64decode(told["Value"]) if binary else told["Value"])


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float = SECONDS) -> int:
    """The status that an address answers. Raises Undelivered where it cannot be asked, or says nothing in time."""
    where = urlsplit(url)
    port = where.port or (443 if where.scheme == "https" else 80)
    target = (where.path or "/") + (f"?{where.query}" if where.query else "")
    sent = {**headers, "Host": where.netloc.rpartition("@")[2]}
    if where.username is not None:
        login = f"{unquote(where.username)}:{unquote(where.password or '')}"
        sent["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    try:
        address = str(askable(where.hostname or "", port))
        with socket.create_connection((address, port), timeout=seconds) as link:
            # A peer may send its answer in drops.
            end = threading.Timer(seconds, _cut, (link,))
            end.daemon = True
            end.start()
            try:
                return _asked(link, where.scheme, where.hostname or "", target, body, sent)
            finally:
                end.cancel()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Undelivered(f"{where.hostname}:{port}: {error or type(error).__name__}", for_good=False) from error


def _asked(link: socket.socket, scheme: str, host: str, target: str, body: bytes, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection(host)
    connection.sock = (
        ssl.create_default_context().wrap_socket(link, server_hostname=host) if scheme == "https" else link
    )
    try:
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def _cut(link: socket.socket) -> None:
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
