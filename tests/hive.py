"""A plain client of the Hive Metastore."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from hive_metastore.ThriftHiveMetastore import Client
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport

from studiolo.identity import metastore_token
from tests.conftest import Server


def metastore(server: Server) -> str:
    """The URI of the metastore of the settings' account and region."""
    uri: str = json.loads((server.data / "server.json").read_text())["metastore"]
    return uri


def person(server: Server) -> str:
    """The token of the person whose server it is."""
    return metastore_token(*server.key())


@contextmanager
def connected(uri: str, token: str | None) -> Iterator[Any]:
    """A connection of its own to the metastore at thrift://host:port, of whom the token says; None says nothing."""
    address = urlsplit(uri)
    stream = TBufferedTransport(TSocket(address.hostname, address.port))
    stream.open()
    try:
        client = Client(TBinaryProtocol(stream))
        if token is not None:
            client.set_ugi(token, ["users"])
        yield client
    finally:
        stream.close()
