"""How a session's kernel would complete code."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from studiolo.engine.channel import Channel, Waker

SECONDS = 10.0
"""Longest that an answer is waited for: the first takes its time, and while a statement runs there comes none."""


def complete(connection: Mapping[str, Any], code: str, cursor: int) -> Sequence[str]:
    """The texts that could stand in place of the word before that character of the code."""
    waker = Waker()
    channel = Channel(connection, waker)
    message = uuid.uuid4().hex
    until = time.monotonic() + SECONDS
    try:
        channel.send("complete_request", {"code": code, "cursor_pos": cursor}, message)
        while (left := until - time.monotonic()) > 0:
            reply = channel.receive(left)
            if reply is not None and reply["parent_header"].get("msg_id") == message:
                matches = reply["content"].get("matches", ())
                return [match for match in matches if isinstance(match, str)]
    finally:
        channel.close()
        waker.close()
    return ()
