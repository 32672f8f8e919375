"""HTTP by the socket files of fenced programs, with aiohttp's client."""

import asyncio
from typing import Any

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError

from studiolo.processes.sockets import left_socket


class SocketConnector(aiohttp.UnixConnector):
    """Connections of aiohttp by a socket file."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, **options)
        self._left = path
        self._turn = asyncio.Lock()

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:
        async with self._turn:
            try:
                with left_socket(self._left) as self._path:
                    return await super()._create_connection(req, traces, timeout)
            except FileNotFoundError as error:
                raise UnixClientConnectorError(self._left, req.connection_key, error) from error
