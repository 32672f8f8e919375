"""The methods that Hive's interface has since its versions 4.0 to 4.2, and that the bindings lack.

They take one request each, and mean what older methods mean. Field numbers and types are those of Hive's
hive_metastore.thrift.
"""

from dataclasses import dataclass
from typing import Any

from hive_metastore import ttypes as hive
from thrift.protocol.TBase import TBase
from thrift.Thrift import TException, TType

TEXT = (TType.STRING, "UTF8")
TEXTS = (TType.LIST, (TType.STRING, "UTF8", False))
FLAG = (TType.BOOL, None)
SHORT = (TType.I16, None)

Kind = tuple[int, Any]
"""A Thrift type, and what it is made of, as the bindings have them in their specifications."""


class Struct(TBase):  # type: ignore[misc]
    """A structure of Thrift's: its fields are attributes, None where they are not given."""

    thrift_spec: tuple[Any, ...] = ()

    def __init__(self, **values: Any) -> None:
        for field in filter(None, self.thrift_spec):
            setattr(self, field[2], values.get(field[2]))


def struct(name: str, /, **fields: Kind) -> type[Struct]:
    """A structure whose fields are numbered from 1."""
    numbered = enumerate(fields.items(), 1)
    spec = (None, *((number, kind, field, made_of, None) for number, (field, (kind, made_of)) in numbered))
    return type(name, (Struct,), {"thrift_spec": spec})


def of(kind: Any) -> Kind:
    return TType.STRUCT, [kind, kind.thrift_spec]


def several(kind: Any) -> Kind:
    return TType.LIST, (TType.STRUCT, [kind, kind.thrift_spec], False)


CONTEXT = of(hive.EnvironmentContext)
AlterDatabaseRequest = struct("AlterDatabaseRequest", oldDbName=TEXT, newDb=of(hive.Database))
AppendPartitionsRequest = struct(
    "AppendPartitionsRequest",
    catalogName=TEXT,
    dbName=TEXT,
    tableName=TEXT,
    name=TEXT,
    partVals=TEXTS,
    environmentContext=CONTEXT,
)
DeleteColumnStatisticsRequest = struct(
    "DeleteColumnStatisticsRequest",
    cat_name=TEXT,
    db_name=TEXT,
    tbl_name=TEXT,
    part_names=TEXTS,
    col_names=TEXTS,
    engine=TEXT,
    tableLevel=FLAG,
)
DropPartitionRequest = struct(
    "DropPartitionRequest",
    catName=TEXT,
    dbName=TEXT,
    tblName=TEXT,
    partName=TEXT,
    partVals=TEXTS,
    deleteData=FLAG,
    environmentContext=CONTEXT,
)
DropTableRequest = struct(
    "DropTableRequest",
    catalogName=TEXT,
    dbName=TEXT,
    tableName=TEXT,
    deleteData=FLAG,
    envContext=CONTEXT,
    dropPartitions=FLAG,
)
GetDatabaseObjectsRequest = struct("GetDatabaseObjectsRequest", catalogName=TEXT, pattern=TEXT)
GetDatabaseObjectsResponse = struct("GetDatabaseObjectsResponse", databases=several(hive.Database))
GetFunctionsRequest = struct("GetFunctionsRequest", dbName=TEXT, catalogName=TEXT, pattern=TEXT, returnNames=FLAG)
GetFunctionsResponse = struct("GetFunctionsResponse", function_names=TEXTS, functions=several(hive.Function))
GetPartitionsByFilterRequest = struct(
    "GetPartitionsByFilterRequest", catName=TEXT, dbName=TEXT, tblName=TEXT, filter=TEXT, maxParts=SHORT
)


@dataclass(frozen=True, slots=True)
class Method:
    """What a method takes and gives, as the wire has it, and the exceptions it declares, in their order."""

    arguments: type[Struct]
    result: type[Struct]
    raises: tuple[type[TException], ...]


def method(request: Any, gives: Kind | None, *raises: type[TException]) -> Method:
    """A method of one request that gives one thing, or nothing."""
    result = struct("Result", **{f"o{number}": of(kind) for number, kind in enumerate(raises, 1)})
    success = (0, gives[0], "success", gives[1], None) if gives else None
    result.thrift_spec = (success, *result.thrift_spec[1:])
    return Method(struct("Arguments", request=of(request)), result, raises)


EXISTS, INVALID, META = hive.AlreadyExistsException, hive.InvalidObjectException, hive.MetaException
UNKNOWN, INPUT = hive.NoSuchObjectException, hive.InvalidInputException

METHODS: dict[str, Method] = {
    "alter_database_req": method(AlterDatabaseRequest, None, META, UNKNOWN),
    "append_partition_req": method(AppendPartitionsRequest, of(hive.Partition), INVALID, EXISTS, META),
    "create_database_req": method(hive.CreateDatabaseRequest, None, EXISTS, INVALID, META),
    "delete_column_statistics_req": method(DeleteColumnStatisticsRequest, FLAG, UNKNOWN, META, INVALID, INPUT),
    "drop_partition_req": method(DropPartitionRequest, FLAG, UNKNOWN, META),
    "drop_table_req": method(DropTableRequest, None, UNKNOWN, META),
    "fetch_partition_names_req": method(hive.PartitionsRequest, TEXTS, UNKNOWN, META),
    "get_databases_req": method(GetDatabaseObjectsRequest, of(GetDatabaseObjectsResponse), META),
    "get_functions_req": method(GetFunctionsRequest, of(GetFunctionsResponse), META),
    "get_partitions_by_filter_req": method(GetPartitionsByFilterRequest, several(hive.Partition), META, UNKNOWN),
}
