"""`python -m bench.bare_metastore PORT`: Hive's bindings over a server of the thrift library, with an answer at hand."""

import sys
from typing import Any

from hive_metastore import ThriftHiveMetastore
from hive_metastore import ttypes as hive
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAcceleratedFactory
from thrift.server.TServer import TThreadedServer
from thrift.transport.TSocket import TServerSocket
from thrift.transport.TTransport import TBufferedTransportFactory

from bench.lake import COLUMNS, KEYS, STORAGE, values_of


class Answers:
    """Always the same table, and the same partition of it."""

    def __init__(self) -> None:
        columns, keys = [
            [hive.FieldSchema(name=each.name, type=each.type, comment="") for each in fields]
            for fields in (COLUMNS, KEYS)
        ]
        serde = hive.SerDeInfo(serializationLib="parquet", parameters={})
        storage = hive.StorageDescriptor(cols=columns, location=STORAGE.location, serdeInfo=serde, parameters={})
        self._table = hive.Table(tableName="air", dbName="bare", sd=storage, partitionKeys=keys, parameters={})
        self._partitions = [hive.Partition(values=values_of(0), sd=storage, parameters={})]

    def set_ugi(self, _user: str, groups: list[str]) -> list[str]:
        return groups

    def get_table(self, _database: str, _name: str) -> Any:
        return self._table

    def get_partitions_by_filter(self, *_: Any) -> list[Any]:
        return self._partitions


def main() -> None:
    socket = TServerSocket("127.0.0.1", int(sys.argv[1]))
    processor = ThriftHiveMetastore.Processor(Answers())
    TThreadedServer(
        processor, socket, TBufferedTransportFactory(), TBinaryProtocolAcceleratedFactory(), daemon=True
    ).serve()


if __name__ == "__main__":
    main()
