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

from tests.conftest import Server


def metastore(server: Server) -> str:
    """The URI of the metastore of the settings' account and region."""
    uri: str = json.loads((server.data / "server.json").read_text())["metastore"]
    return uri


@contextmanager
def connected(uri: str) -> Iterator[Any]:
    """A connection of its own to the metastore at thrift://host:port."""
    address = urlsplit(uri)
    stream = TBufferedTransport(TSocket(address.hostname, address.port))
    stream.open()
    try:
        yield Client(TBinaryProtocol(stream))
    finally:
        stream.close()
