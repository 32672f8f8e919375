"""What Hive, Trino and Flink say to the metastore, as they were heard to, beyond what Spark and PyIceberg say."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hive_metastore import ttypes as hive
from thrift.Thrift import TApplicationException, TMessageType

from studiolo.metastore import later as since_4
from studiolo.metastore.later import METHODS
from tests.conftest import Server
from tests.hive import connected, metastore, person

NAMES = ["year=2023", "year=2024"]


@pytest.fixture(scope="module")
def hms(server: Server) -> Iterator[Any]:
    with connected(metastore(server), person(server)) as client:
        yield client


@pytest.fixture
def years(hms: Any) -> str:
    """A managed table with two partitions."""
    name = f"t{uuid.uuid4().hex[:8]}"
    columns = [hive.FieldSchema("a", "bigint", None), hive.FieldSchema("at", "timestamp", None)]
    storage = hive.StorageDescriptor(cols=columns, serdeInfo=hive.SerDeInfo(parameters={}), parameters={})
    keys = [hive.FieldSchema("year", "int", None)]
    hms.create_table(
        hive.Table(
            tableName=name, dbName="default", sd=storage, partitionKeys=keys, parameters={}, tableType="MANAGED_TABLE"
        )
    )
    for year in ("2023", "2024"):
        hms.append_partition("default", name, [year])
    return name


def later(hms: Any, name: str, request: Any) -> Any:
    """Calls a method that the bindings' client lacks: what it gives, or raises what it declares."""
    wire = hms._oprot
    wire.writeMessageBegin(name, TMessageType.CALL, 0)
    METHODS[name].arguments(request=request).write(wire)
    wire.writeMessageEnd()
    wire.trans.flush()
    _, kind, _ = wire.readMessageBegin()
    result: Any = TApplicationException() if kind == TMessageType.EXCEPTION else METHODS[name].result()
    result.read(wire)
    wire.readMessageEnd()
    failures = (getattr(result, f"o{number}", None) for number in range(1, len(METHODS[name].raises) + 1))
    for failure in filter(None, failures):
        raise failure
    return getattr(result, "success", None)


def measured(table: str, partition: str, low: int, high: int, distinct: int) -> Any:
    """Statistics of column `a` of a partition, as ANALYZE sends them."""
    data = hive.LongColumnStatsData(lowValue=low, highValue=high, numNulls=1, numDVs=distinct)
    about = hive.ColumnStatisticsDesc(isTblLevel=False, dbName="default", tableName=table, partName=partition)
    given = hive.ColumnStatisticsObj("a", "bigint", hive.ColumnStatisticsData(longStats=data))
    return hive.ColumnStatistics(statsDesc=about, statsObj=[given], engine="hive")


def test_a_table_lies_in_a_database_s_folder_whether_or_not_that_ends_with_a_slash(hms: Any, bucket: str) -> None:
    # Of two slashes Spark makes one, where it writes; Trino reads in the folder without a name, and finds no row.
    hms.create_database(hive.Database(name="slashed", locationUri=f"s3://{bucket}/slashed/"))
    storage = hive.StorageDescriptor(cols=[hive.FieldSchema("a", "bigint", None)], serdeInfo=hive.SerDeInfo())
    hms.create_table(hive.Table(tableName="t", dbName="slashed", sd=storage, parameters={}, tableType="MANAGED_TABLE"))
    assert hms.get_table("slashed", "t").sd.location == f"s3://{bucket}/slashed/t"


def test_a_partitioned_table_is_told_the_statistics_of_its_partitions(hms: Any, years: str) -> None:
    both = [measured(years, NAMES[0], 1, 9, 3), measured(years, NAMES[1], -5, 4, 2)]
    hms.set_aggr_stats_for(hive.SetPartitionsStatsRequest(colStats=both, needMerge=False))
    sought = hive.PartitionsStatsRequest("default", years, ["a"], [*NAMES, "year=1999"])
    told = hms.get_aggr_stats_for(sought)
    (known,) = told.colStats
    assert told.partsFound == 2
    assert known.statsData.longStats == hive.LongColumnStatsData(lowValue=-5, highValue=9, numNulls=2, numDVs=3)
    assert list(hms.get_partitions_statistics_req(sought).partStats) == NAMES
    assert hms.get_aggr_stats_for(hive.PartitionsStatsRequest("default", years, ["a", "at"], NAMES)).partsFound == 0


def test_statistics_of_added_rows_are_merged_into_those_that_are_there(hms: Any, years: str) -> None:
    hms.set_aggr_stats_for(
        hive.SetPartitionsStatsRequest(colStats=[measured(years, NAMES[0], 1, 9, 3)], needMerge=False)
    )
    added = [measured(years, NAMES[0], 5, 20, 1), measured(years, NAMES[1], 2, 2, 1)]
    hms.set_aggr_stats_for(hive.SetPartitionsStatsRequest(colStats=added, needMerge=True))
    told = hms.get_partitions_statistics_req(hive.PartitionsStatsRequest("default", years, ["a"], NAMES)).partStats
    limits = {name: known[0].statsData.longStats for name, known in told.items()}
    assert {name: (each.lowValue, each.highValue) for name, each in limits.items()} == {
        NAMES[0]: (1, 20),
        NAMES[1]: (2, 2),
    }


def test_statistics_are_forgotten_where_a_client_says_so(hms: Any, years: str) -> None:
    hms.update_partition_column_statistics(measured(years, NAMES[0], 1, 9, 3))
    assert hms.delete_partition_column_statistics("default", years, NAMES[0], None, None)
    with pytest.raises(hive.NoSuchObjectException, match="no statistics of column a"):
        hms.get_partition_column_statistics("default", years, NAMES[0], "a")


def test_a_table_moves_with_the_folders_of_its_partitions(hms: Any, years: str, server: Server) -> None:
    table = hms.get_table("default", years)
    table.tableName = f"{years}_moved"
    hms.alter_table("default", years, table)
    (place, _) = [each.sd.location for each in hms.get_partitions("default", table.tableName, -1)]
    assert place.endswith(f"/{years}_moved/year=2023")
    bucket, _, folder = place.removeprefix("s3://").partition("/")
    listed = server.client("s3", endpoint_url=server.s3_endpoint).list_objects_v2(Bucket=bucket, Prefix=f"{folder}/")
    assert listed["KeyCount"] == 1


def test_hive_is_told_to_prune_by_itself(hms: Any, years: str) -> None:
    # Of all answers this is the one on which Hive's client falls back; any other fails the query.
    request = hive.PartitionsByExprRequest(dbName="default", tblName=years, expr=b"\x01")
    with pytest.raises(TApplicationException) as refused:
        hms.get_partitions_by_expr(request)
    assert refused.value.type == TApplicationException.UNKNOWN_METHOD
    request.expr = b"\xff"
    assert hms.get_partition_names_req(request) == NAMES


def test_partitions_come_and_go_as_specifications(hms: Any, years: str) -> None:
    storage = hms.get_table("default", years).sd
    shared = hive.PartitionSpecWithSharedSD(
        partitions=[hive.PartitionWithoutSD(values=["2025"], relativePath="/late", parameters={})], sd=storage
    )
    spec = hive.PartitionSpec("default", years, storage.location, sharedSDPartitionSpec=shared)
    assert hms.add_partitions_pspec([spec]) == 1

    def found(mode: int, *filters: str) -> list[str]:
        wanted = hive.GetPartitionsFilterSpec(filterMode=mode, filters=list(filters))
        request = hive.GetPartitionsRequest(dbName="default", tblName=years, filterSpec=wanted)
        (told,) = hms.get_partitions_with_specs(request).partitionSpec
        return [each.sd.location for each in told.partitionList.partitions]

    assert found(hive.PartitionFilterMode.BY_EXPR, "year > 2024", "year < 2026") == [f"{storage.location}/late"]
    assert found(hive.PartitionFilterMode.BY_NAMES, "year=2025") == [f"{storage.location}/late"]
    assert found(hive.PartitionFilterMode.BY_VALUES, "2025") == [f"{storage.location}/late"]


def test_tables_are_found_by_a_parameter(hms: Any, years: str) -> None:
    table = hms.get_table("default", years)
    table.parameters["presto_view"] = years
    hms.alter_table("default", years, table)
    assert hms.get_table_names_by_filter("default", f'hive_filter_field_params__presto_view = "{years}"', 10) == [years]


def test_hive_4_is_told_where_a_table_would_lie_before_it_makes_it(hms: Any, years: str) -> None:
    wanted = hms.get_table("default", years)
    wanted.tableName, wanted.sd.location = f"{years}_copy", None
    told = hms.translate_table_dryrun(hive.CreateTableRequest(table=wanted))
    assert told.sd.location == f"{hms.get_database('default').locationUri}/{years}_copy"
    assert f"{years}_copy" not in hms.get_all_tables("default")


def test_what_there_is_none_of_is_answered_with_nothing(hms: Any, years: str) -> None:
    constraints = hive.AllTableConstraintsRequest(dbName="default", tblName=years, catName="hive")
    assert hms.get_all_table_constraints(constraints).allTableConstraints.primaryKeys == []
    assert hms.get_open_txns().open_txns == []
    assert hms.show_compact(hive.ShowCompactRequest()).compacts == []
    assert hms.get_table("default", years).sd.skewedInfo.skewedColNames == []
    assert hms.fire_listener_event(hive.FireEventRequest(True, hive.FireEventRequestData())).eventIds == []


def test_hive_4_s_own_methods_do_what_the_older_ones_did(hms: Any) -> None:
    database = f"d{uuid.uuid4().hex[:8]}"
    later(hms, "create_database_req", hive.CreateDatabaseRequest(databaseName=database, description="four"))
    with pytest.raises(hive.AlreadyExistsException):
        later(hms, "create_database_req", hive.CreateDatabaseRequest(databaseName=database))
    made = hms.get_database(database)
    made.description = "4"
    later(hms, "alter_database_req", since_4.AlterDatabaseRequest(oldDbName=database, newDb=made))
    (shown,) = later(hms, "get_databases_req", since_4.GetDatabaseObjectsRequest(pattern=database)).databases
    assert (shown.name, shown.description) == (database, "4")
    assert later(hms, "get_functions_req", since_4.GetFunctionsRequest(dbName=database)).function_names == []
    with pytest.raises(hive.NoSuchObjectException):
        later(hms, "drop_table_req", since_4.DropTableRequest(dbName=database, tableName="nothing", deleteData=True))
    hms.drop_database(database, True, False)


def test_hive_4_s_partitions_come_and_go(hms: Any, years: str) -> None:
    table = {"dbName": "default", "tableName": years}
    added = later(hms, "append_partition_req", since_4.AppendPartitionsRequest(**table, name="year=2025"))
    assert added.values == ["2025"]
    late = since_4.GetPartitionsByFilterRequest(dbName="default", tblName=years, filter="year > 2023")
    assert [each.values for each in later(hms, "get_partitions_by_filter_req", late)] == [["2024"], ["2025"]]
    hms.update_partition_column_statistics(measured(years, NAMES[0], 1, 9, 3))
    known = {"db_name": "default", "tbl_name": years, "part_names": NAMES[:1], "engine": "hive"}
    assert later(hms, "delete_column_statistics_req", since_4.DeleteColumnStatisticsRequest(**known))
    sought = hive.PartitionsStatsRequest("default", years, ["a"], NAMES)
    assert hms.get_partitions_statistics_req(sought).partStats == {}
    gone = since_4.DropPartitionRequest(dbName="default", tblName=years, partVals=["2025"], deleteData=True)
    assert later(hms, "drop_partition_req", gone)
    assert later(hms, "fetch_partition_names_req", hive.PartitionsRequest(dbName="default", tblName=years)) == NAMES
