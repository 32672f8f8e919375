"""One instance of a batch transform: the objects that are its, through its serving program, a few requests at a time."""

import contextlib
import gzip
import io
import json
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from botocore.exceptions import ClientError

from studiolo.containers.batch.calls import Answer, CallFailed, Server
from studiolo.containers.batch.objects import Reading, Writing
from studiolo.containers.batch.processing import Processing
from studiolo.containers.batch.records import blocks, gathered, records
from studiolo.containers.batch.specification import MIB, Batch
from studiolo.containers.objects import Address, refusal
from studiolo.domain import Invalid
from studiolo.logs import LogWriter

DEFAULT_PAYLOAD = 6
ANY_LENGTH = 100
"""MiB that a record may have where bodies of any length are allowed: only a whole object is sent piece by piece."""
PIECE = MIB
MOST_CONCURRENT = 100
SUFFIX = ".out"

Task = tuple[Address, str]
"""An object, and its name below the input's folder."""


@dataclass(frozen=True)
class Failed:
    """An object that has no output, and why. client: whether that is for the person to mend."""

    words: str
    client: bool


class Transformer:
    """Takes tasks until there are none. What went wrong with an object does not keep it from the others."""

    def __init__(self, client: Any, batch: Batch, server: Server, log: LogWriter, proceed: Callable[[], None]) -> None:
        self._client = client
        self._batch = batch
        self._server = server
        self._log = log
        self._proceed = proceed
        said = server.parameters()
        payload = batch.payload if batch.payload is not None else _number(said, "MaxPayloadInMB", DEFAULT_PAYLOAD)
        self._streams = payload == 0 and batch.split == "None" and not batch.processed
        self._most = (payload or ANY_LENGTH) * MIB
        self._single = batch.single if batch.single is not None else said.get("BatchStrategy") == "SINGLE_RECORD"
        wanted = batch.concurrent or _number(said, "MaxConcurrentTransforms", 1)
        self._concurrent = max(1, min(wanted, MOST_CONCURRENT))
        self._permits = threading.Semaphore(self._concurrent)
        self._processing = Processing(batch) if batch.processed else None
        self._headers = {
            name: value for name, value in (("Content-Type", batch.content_type), ("Accept", batch.accept)) if value
        }
        self.done: list[Task] = []
        """The tasks that have their outputs."""
        self._say(
            f"MaxConcurrentTransforms={self._concurrent}, MaxPayloadInMB={payload}, "
            f"BatchStrategy={'SINGLE_RECORD' if self._single else 'MULTI_RECORD'}"
        )

    def work(self, tasks: Iterator[Task]) -> list[Failed]:
        """Transform the tasks, some at once; those that failed."""
        lock, failed = threading.Lock(), list[Failed]()

        def worker() -> None:
            while True:
                with lock:
                    task = next(tasks, None)
                if task is None:
                    return
                problem = self._attempt(task, pool)
                if problem is not None:
                    with lock:
                        failed.append(problem)

        with ThreadPoolExecutor(self._concurrent) as pool, ThreadPoolExecutor(self._concurrent) as workers:
            for done in [workers.submit(worker) for _ in range(self._concurrent)]:
                done.result()
        return failed

    def _attempt(self, task: Task, pool: ThreadPoolExecutor) -> Failed | None:
        address, name = task
        try:
            self._transform(address, name, pool)
            self.done.append(task)
            return None
        except (CallFailed, Invalid) as error:
            failed = Failed(f"{address.bucket}/{address.key}: {error}", getattr(error, "client", True))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            failed = Failed(f"{address.bucket}/{address.key}: It cannot be unpacked: {error}", client=True)
        except ClientError as error:
            failed = Failed(f"{address.bucket}/{address.key}: {error.operation_name}: {refusal(error)}", client=True)
        self._say(failed.words)
        return failed

    def _transform(self, address: Address, name: str, pool: ThreadPoolExecutor) -> None:
        target = output_of(self._batch, name)
        stream: IO[bytes] = io.BufferedReader(Reading(self._client, address), MIB)
        if self._batch.gzip:
            stream = gzip.GzipFile(fileobj=stream)  # type: ignore[assignment]
        with Writing(self._client, target) as out:
            if self._streams:
                with self._permits:
                    out.write(self._formed([], self._server.invoke(_pieces(stream), self._headers)))
                return
            self._in_order(self._requests(stream), out, pool)

    def _requests(self, stream: IO[bytes]) -> Iterator[list[bytes]]:
        batch = self._batch
        if batch.split == "Line" and not self._single and self._processing is None:
            yield from ([block] for block in blocks(stream, self._most))
            return
        found = gathered(records(stream, batch.split, self._most), self._most, single=self._single)
        if batch.split == "None" and self._processing is not None and self._processing.in_lines:
            for whole in found:
                yield [line for line in whole[0].splitlines(keepends=True) if line.strip()]
            return
        yield from found

    def _in_order(self, requests: Iterator[list[bytes]], out: Writing, pool: ThreadPoolExecutor) -> None:
        """Write the answers in the order of the requests; permits bound all that is in memory."""
        window: deque[tuple[list[bytes], Future[Answer]]] = deque()

        def write() -> None:
            asked, answer = window.popleft()
            try:
                out.write(self._formed(asked, answer.result()))
            finally:
                self._permits.release()

        try:
            for taken in requests:
                self._proceed()
                body = self._body(taken)
                # Who holds permits never waits for further ones: two that did would wait for each other.
                while window and not self._permits.acquire(blocking=False):
                    write()
                if not window:
                    self._permits.acquire()
                window.append((taken, pool.submit(self._server.invoke, body, self._headers)))
                while window and window[0][1].done():
                    write()
            while window:
                write()
        finally:
            for _, answer in window:
                answer.cancel()
                with contextlib.suppress(Exception):
                    answer.exception()
                self._permits.release()

    def _body(self, taken: list[bytes]) -> bytes:
        if self._processing is not None:
            return self._processing.asked(taken)
        body = b"".join(taken)
        return body.rstrip(b"\r\n") if self._batch.split == "Line" else body

    def _formed(self, asked: list[bytes], answer: Answer) -> bytes:
        if self._processing is not None:
            return self._processing.answered(asked, answer.body, answer.content_type or self._batch.accept)
        return answer.body + b"\n" if self._batch.lines and not answer.body.endswith(b"\n") else answer.body

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}:[sagemaker logs]: {line}\n")


def output_of(batch: Batch, name: str) -> Address:
    """Where the answers to an object of that name are written."""
    target = Address.of(batch.output)
    return Address(target.bucket, f"{target.key.rstrip('/')}/{name}{SUFFIX}".lstrip("/"))


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _number(said: Any, name: str, otherwise: int) -> int:
    """What a program says of itself, where that is a number above 0."""
    with contextlib.suppress(TypeError, ValueError, json.JSONDecodeError):
        value = int(said.get(name, otherwise))
        return value if value > 0 else otherwise
    return otherwise
