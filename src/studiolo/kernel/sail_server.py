"""The process of Sail: its Spark Connect server, and before that the door for those who have the session's token.

Sail 0.7 knows no tokens: its port of 127.0.0.1 is closed, where the system can do that, as soon as the door is connected
to it. The door passes every call through as it comes, over that one connection. Sail has no settings for all its
clients either: the door makes those of `launch.json` for each of them first. Started with the path of that file and a
descriptor to tell the door's port to; ends when its standard input does, which is when the kernel is gone.
"""

import asyncio
import hmac
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
from pysail.spark import SparkConnectServer
from pyspark.sql.connect.proto import AnalyzePlanRequest, ConfigRequest, ExecutePlanRequest

from studiolo.kernel.seal import CAN_SEAL, seal

SERVICE = "/spark.connect.SparkConnectService/"
CONFIG = f"{SERVICE}Config"
BEGINNING: Mapping[str, Any] = {
    CONFIG: ConfigRequest,
    f"{SERVICE}AnalyzePlan": AnalyzePlanRequest,
    f"{SERVICE}ExecutePlan": ExecutePlanRequest,
}
"""The calls that a client may begin with, to which its settings matter."""

MESSAGES = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
"""No limits here: Sail and the clients have their own."""

UNCOMPRESSED = ("grpc.compression_enabled_algorithms_bitset", 1)
"""Sail compresses what it is allowed to, which on one machine costs more than it saves."""

STAYING = ("grpc.client_idle_timeout_ms", 2**31 - 1)
"""A connection that nobody uses is kept: there will be no other."""

NAMES = ("authorization", "x-aws-proxy-auth")
"""Where the token may be; the same as for a session on Apache Spark."""


class Door(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Passes calls of every method on as bytes, with their errors, if they carry the token."""

    def __init__(self, behind: Any, token: str, settings: Mapping[str, str]) -> None:
        self._behind = behind
        self._token = token.encode()
        self._settings = settings
        self._begun: set[tuple[str, str]] = set()

    def service(self, call: Any) -> Any:
        """The handler of a call: that of a stream both ways, which on the wire every other kind of call is too."""
        metadata = dict(call.invocation_metadata)
        admitted = any(self._holds(metadata.get(name)) for name in NAMES)

        async def passed(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            if not admitted:
                refusal = "The token is missing or is not this session's."
                await context.abort(grpc.StatusCode.UNAUTHENTICATED, refusal)
            onward = None
            try:
                given = await self._begin(call.method, requests) if call.method in BEGINNING else requests
                onward = self._behind.stream_stream(call.method)(given)
                async for answer in onward:
                    yield answer
                context.set_trailing_metadata(tuple(await onward.trailing_metadata()))
            except grpc.aio.AioRpcError as error:
                # The words of Spark's exceptions are in the metadata.
                context.set_trailing_metadata(tuple(error.trailing_metadata()))
                await context.abort(error.code(), error.details())
            finally:
                if onward is not None:
                    onward.cancel()

        return grpc.stream_stream_rpc_method_handler(passed)

    def _holds(self, value: str | bytes | None) -> bool:
        return isinstance(value, str) and hmac.compare_digest(value.removeprefix("Bearer ").encode(), self._token)

    async def _begin(self, method: str, requests: AsyncIterator[bytes]) -> list[bytes]:
        """The call's requests, of which there is one; if it is its client's first, that has its settings now."""
        taken = [request async for request in requests]
        for request in taken:
            asked = BEGINNING[method].FromString(request)
            client = (asked.user_context.user_id, asked.session_id)
            if self._settings and client not in self._begun:
                settings = ConfigRequest(session_id=asked.session_id, user_context=asked.user_context)
                for key, value in self._settings.items():
                    settings.operation.set.pairs.add(key=key, value=value)
                await self._behind.unary_unary(CONFIG)(settings.SerializeToString())
                self._begun.add(client)
        return taken


async def serve(token: str, settings: Mapping[str, str], tell: int) -> None:
    """Serve until the kernel is gone; the door's port is written to the descriptor `tell`."""
    sail = SparkConnectServer("127.0.0.1", 0)
    sail.start(background=True)
    host, port = sail.listening_address
    behind = grpc.aio.insecure_channel(f"{host}:{port}", options=[*MESSAGES, UNCOMPRESSED, STAYING])
    await behind.channel_ready()
    if CAN_SEAL:
        seal(port)
    server = grpc.aio.server(options=MESSAGES)
    server.add_generic_rpc_handlers((Door(behind, token, settings),))
    door = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    os.write(tell, str(door).encode())
    os.close(tell)
    kernel = asyncio.create_task(asyncio.to_thread(sys.stdin.buffer.read))
    broken = asyncio.create_task(behind.wait_for_state_change(grpc.ChannelConnectivity.READY))
    await asyncio.wait([kernel, broken] if CAN_SEAL else [kernel], return_when=asyncio.FIRST_COMPLETED)
    if not kernel.done():
        sys.stderr.write("The connection to Sail broke, and its port takes no other.\n")
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    launch = json.loads(Path(sys.argv[1]).read_text())
    asyncio.run(serve(launch["connect"], launch["conf"], int(sys.argv[2])))
    os._exit(0)
