"""The process of Sail: its Spark Connect server, and before that the door for those who have the session's token.

Sail 0.7 knows no tokens: it listens on a port of 127.0.0.1 that is told nobody but the door, which passes every call
through as it comes. Started with the path of `launch.json` and a descriptor to tell the door's port to; ends when its
standard input does, which is when the kernel is gone.
"""

import asyncio
import hmac
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from pysail.spark import SparkConnectServer

MESSAGES = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
"""No limits here: Sail and the clients have their own."""

UNCOMPRESSED = ("grpc.compression_enabled_algorithms_bitset", 1)
"""Sail compresses what it is allowed to, which on one machine costs more than it saves."""

NAMES = ("authorization", "x-aws-proxy-auth")
"""Where the token may be; the same as for a session on Apache Spark."""


class Door(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Passes calls of every method on as bytes, with their errors, if they carry the token."""

    def __init__(self, behind: Any, token: str) -> None:
        self._behind = behind
        self._token = token.encode()

    def service(self, call: Any) -> Any:
        """The handler of a call: that of a stream both ways, which on the wire every other kind of call is too."""
        given = dict(call.invocation_metadata)
        admitted = any(self._holds(given.get(name)) for name in NAMES)

        async def passed(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            if not admitted:
                refusal = "The token is missing or is not this session's."
                await context.abort(grpc.StatusCode.UNAUTHENTICATED, refusal)
            onward = self._behind.stream_stream(call.method)(requests)
            try:
                async for answer in onward:
                    yield answer
                context.set_trailing_metadata(tuple(await onward.trailing_metadata()))
            except grpc.aio.AioRpcError as error:
                # The words of Spark's exceptions are in the metadata.
                context.set_trailing_metadata(tuple(error.trailing_metadata()))
                await context.abort(error.code(), error.details())
            finally:
                onward.cancel()

        return grpc.stream_stream_rpc_method_handler(passed)

    def _holds(self, value: str | bytes | None) -> bool:
        return isinstance(value, str) and hmac.compare_digest(value.removeprefix("Bearer ").encode(), self._token)


async def serve(token: str, tell: int) -> None:
    """Serve until the kernel is gone; the door's port is written to the descriptor `tell`."""
    sail = SparkConnectServer("127.0.0.1", 0)
    sail.start(background=True)
    host, port = sail.listening_address
    behind = grpc.aio.insecure_channel(f"{host}:{port}", options=[*MESSAGES, UNCOMPRESSED])
    server = grpc.aio.server(options=MESSAGES)
    server.add_generic_rpc_handlers((Door(behind, token),))
    door = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    os.write(tell, str(door).encode())
    os.close(tell)
    await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text())["connect"], int(sys.argv[2])))
    os._exit(0)
