"""A program that serves on a port, in a network of its own: `python port.py SOCKET PORT [OUT=WAY ...] -- COMMAND ...`.

Every container may have the port 8080, as in Docker, because each is alone in its network: calls come by the Unix socket
and are handed to the port. What goes out is handed from the ports OUT, at 127.0.0.1, to the sockets WAY, behind which
somebody outside carries it on. A program that listens at the socket itself is left alone. It runs in the environment of
an image and knows nothing of Studiolo.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

HOST = "127.0.0.1"
LOOK_SECONDS = 0.05
PIECE = 1 << 16

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]
Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, and its end."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def joined(connect: Connect) -> Accept:
    """What answers a connection: another one, and both carried to each other until both have ended."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, away = await connect()
        except OSError:
            writer.close()
            return
        try:
            answers = asyncio.create_task(carry(there, writer))
            await carry(reader, away)
            await answers
        finally:
            writer.close()
            away.close()

    return accept


async def listening(port: int, socket: Path) -> bool:
    """Whether the program has come to listen at the port; False where it does at the socket."""
    while not socket.exists():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return True
        await asyncio.sleep(LOOK_SECONDS)
    return False


async def lead_in(port: int, socket: Path) -> None:
    """Hand what comes at the socket to the port, from when something listens there."""
    if await listening(port, socket):
        server = await asyncio.start_unix_server(joined(partial(asyncio.open_connection, HOST, port)), str(socket))
        await server.serve_forever()


async def main(socket: str, port: str, ways: list[str], command: list[str]) -> int:
    """Run the program to its end; its exit status."""
    for way in ways:
        out, _, path = way.partition("=")
        await asyncio.start_server(joined(partial(asyncio.open_unix_connection, path)), HOST, int(out))
    try:
        program = await asyncio.create_subprocess_exec(*command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
        return 127
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, program.send_signal, number)
    leading = asyncio.create_task(lead_in(int(port), Path(socket)))
    status = await program.wait()
    leading.cancel()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    given = sys.argv[1:]
    after = given.index("--")
    # The rest would wait for what still is carried: the program has ended.
    os._exit(asyncio.run(main(given[0], given[1], given[2:after], given[after + 1 :])))
