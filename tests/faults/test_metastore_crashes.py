"""The metastore after a crash of the server: at the same address, with all that was acknowledged."""

from hive_metastore import ttypes as hive

from tests.conftest import Server
from tests.hive import connected, metastore, person


def test_a_killed_server_comes_back_with_its_metastore_where_it_was(own_server: Server) -> None:
    uri = metastore(own_server)
    storage = hive.StorageDescriptor(cols=[], serdeInfo=hive.SerDeInfo(parameters={}), parameters={})
    with connected(uri, person(own_server)) as hms:
        hms.create_table(hive.Table(tableName="kept", dbName="default", sd=storage, parameters={}))
        own_server.kill()
    own_server.up()
    assert metastore(own_server) == uri
    with connected(uri, person(own_server)) as hms:
        assert hms.get_all_tables("default") == ["kept"]
