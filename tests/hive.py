"""A plain client of the Hive Metastore."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from hive_metastore.ThriftHiveMetastore import Client
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport


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
