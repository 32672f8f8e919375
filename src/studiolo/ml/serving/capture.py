"""Data capture: what went into and came out of models, written to S3 as the endpoint's role, a little later.

Layout and lines after "Data capture" (Developer Guide): ENDPOINT/VARIANT/yyyy/mm/dd/hh/*.jsonl under the destination.
"""

import base64
import json
import logging
import random
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from botocore.exceptions import BotoCoreError, ClientError

from studiolo.background import Background
from studiolo.containers.objects import Address
from studiolo.domain import Clock, DomainError, Scope
from studiolo.ml.resources import Capture
from studiolo.objects import Objects

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
"""What is captured is in S3 after that; a server that is killed loses so much of it."""
MOST_BYTES = 64 << 20
"""Held in memory at most: the oldest is left out while S3 does not answer."""
LARGEST_FILE = 4 << 20
SESSION = "SageMaker"


@dataclass(frozen=True)
class Captured:
    """A line for a file: whose endpoint and role, where under, and when."""

    scope: Scope
    role: str
    folder: str
    at: datetime
    line: bytes

    @property
    def file(self) -> tuple[Scope, str, str, str]:
        """Lines of which this is the same go into one file."""
        return (self.scope, self.role, self.folder, self.at.strftime("%Y/%m/%d/%H"))


@dataclass(frozen=True)
class Exchange:
    """A call as its variant saw it: content types and bodies, and what names it."""

    input_type: str
    input: bytes
    output_type: str
    output: bytes
    inference: str | None
    attributes: str | None


class Captures:
    """What is captured and not written yet. To keep something takes no wait."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._waiting: deque[Captured] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._background = Background("data capture", self.flush, FLUSH_SECONDS)
        self._draw = random.Random()  # noqa: S311 - samples calls, keeps no secret

    def start(self) -> None:
        self._background.start()

    def close(self) -> None:
        """Write what is left."""
        self._background.close()
        self.flush()

    def keep(self, scope: Scope, endpoint: str, variant: str, role: str, how: Capture, exchange: Exchange) -> None:
        """Capture a call, if it is one of the share that is sampled."""
        if self._draw.random() * 100 >= how.percent:
            return
        present = self._clock().astimezone(timezone.utc)
        folder = f"{how.uri.rstrip('/')}/{endpoint}/{variant}"
        line = json.dumps(as_line(how, exchange, present, str(uuid.uuid4()))).encode() + b"\n"
        with self._lock:
            self._waiting.append(Captured(scope, role, folder, present, line))
            self._bytes += len(line)
            self._leave_out()

    def flush(self) -> None:
        """Write all that waits; what cannot be written waits on."""
        with self._writing:
            with self._lock:
                taken, self._waiting, self._bytes = list(self._waiting), deque(), 0
            files: dict[tuple[Scope, str, str, str], list[Captured]] = {}
            for each in taken:
                files.setdefault(each.file, []).append(each)
            left = [each for file, lines in files.items() for each in self._write(file, lines)]
            with self._lock:
                self._waiting.extendleft(reversed(left))
                self._bytes += sum(len(each.line) for each in left)
                self._leave_out()

    def _write(self, file: tuple[Scope, str, str, str], lines: list[Captured]) -> list[Captured]:
        """Write lines of one folder; those that could not be."""
        _, role, folder, hour = file
        while lines:
            size = count = 0
            while count < len(lines) and (not count or size + len(lines[count].line) <= LARGEST_FILE):
                size += len(lines[count].line)
                count += 1
            name = f"{lines[0].at:%M-%S}-{lines[0].at.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
            try:
                address = Address.of(f"{folder}/{hour}/{name}")
                content = b"".join(each.line for each in lines[:count])
                client = self._objects.role_client(role, SESSION)
                client.put_object(
                    Bucket=address.bucket, Key=address.key, Body=content, ContentType="application/json-lines"
                )
            except BotoCoreError as error:
                log.warning("data capture waits, as the object store does not answer: %s", error)
                return lines
            except (ClientError, DomainError) as error:
                log.warning("%d captured calls could not be written under %s: %s", len(lines), folder, error)
                return []
            lines = lines[count:]
        return []

    def _leave_out(self) -> None:
        while self._bytes > MOST_BYTES:
            self._bytes -= len(self._waiting.popleft().line)


def as_line(how: Capture, exchange: Exchange, at: datetime, event: str) -> Mapping[str, object]:
    """A line of a file of captured data."""
    captured = {}
    if "Input" in how.modes:
        captured["endpointInput"] = _side(how, "INPUT", exchange.input_type, exchange.input)
    if "Output" in how.modes:
        captured["endpointOutput"] = _side(how, "OUTPUT", exchange.output_type, exchange.output)
    metadata: dict[str, object] = {"eventId": event}
    if exchange.attributes is not None:
        metadata["customAttributes"] = [exchange.attributes]
    if exchange.inference is not None:
        metadata["inferenceId"] = exchange.inference
    metadata["inferenceTime"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}


def _side(how: Capture, mode: str, kind: str, content: bytes) -> Mapping[str, str]:
    bare = kind.partition(";")[0].strip().lower()
    encoding = "CSV" if bare in how.csv_types else "JSON" if bare in how.json_types else "BASE64"
    try:
        data = content.decode() if encoding != "BASE64" else base64.b64encode(content).decode()
    except UnicodeDecodeError:
        encoding, data = "BASE64", base64.b64encode(content).decode()
    return {"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding}
