"""What the catalog has after a `kill -9` in the middle of hundreds of concurrent writes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import botocore.config
import botocore.exceptions

from tests.conftest import Server

WRITES = 600
WRITERS = 16
KILL_AT = 100
PARTITIONS = 5


def test_no_acknowledged_write_is_lost_and_no_table_is_half_there(own_server: Server) -> None:
    """A write is a table, or a batch of partitions, or a change of a table."""
    # Calls that come while the server is dead wait for the next one, at the socket that is kept for it.
    config = botocore.config.Config(retries={"total_max_attempts": 1}, max_pool_connections=WRITERS, read_timeout=5)
    glue = own_server.client("glue", config=config)
    glue.create_database(DatabaseInput={"Name": "air"})
    keys = [{"Name": "day", "Type": "int"}]
    columns = [{"Name": f"c{number}", "Type": "int"} for number in range(20)]
    acknowledged: dict[str, int] = {}
    lock, enough = threading.Lock(), threading.Event()

    def write(number: int) -> None:
        """Three writes, in an order in which each acknowledged one tells of those before."""
        name = f"t{number}"
        storage = {"Columns": columns, "Location": f"s3://lake/{name}"}
        table = {"Name": name, "StorageDescriptor": storage, "PartitionKeys": keys, "Parameters": {"step": "made"}}
        values = [{"Values": [str(day)], "StorageDescriptor": storage} for day in range(PARTITIONS)]
        steps = (
            lambda: glue.create_table(DatabaseName="air", TableInput=table),
            lambda: glue.batch_create_partition(DatabaseName="air", TableName=name, PartitionInputList=values),
            lambda: glue.update_table(DatabaseName="air", TableInput={**table, "Parameters": {"step": "changed"}}),
        )
        for done, step in enumerate(steps, 1):
            try:
                step()
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                return
            with lock:
                acknowledged[name] = done
                if sum(acknowledged.values()) >= KILL_AT:
                    enough.set()

    with ThreadPoolExecutor(WRITERS) as threads:
        writing = [threads.submit(write, number) for number in range(WRITES // 3)]
        assert enough.wait(120)
        own_server.kill()
        threads.shutdown(cancel_futures=True)
        for each in writing:
            if not each.cancelled():
                each.result()
    assert KILL_AT <= sum(acknowledged.values()) < WRITES // 3 * 3

    own_server.up()
    glue = own_server.client("glue")
    pages = glue.get_paginator("get_tables").paginate(DatabaseName="air")
    tables = {table["Name"]: table for page in pages for table in page["TableList"]}
    assert acknowledged.keys() <= tables.keys()
    for name, table in tables.items():
        done = acknowledged.get(name, 0)
        assert len(table["StorageDescriptor"]["Columns"]) == 20
        found = glue.get_partitions(DatabaseName="air", TableName=name)["Partitions"]
        assert len(found) in ((PARTITIONS,) if done >= 2 else (0, PARTITIONS))
        assert all(len(partition["StorageDescriptor"]["Columns"]) == 20 for partition in found)
        assert len(glue.get_partitions(DatabaseName="air", TableName=name, Expression="day >= 0")["Partitions"]) == len(
            found
        )
        versions = glue.get_table_versions(DatabaseName="air", TableName=name)["TableVersions"]
        changed = table["Parameters"]["step"] == "changed"
        assert changed or done < 3
        assert [each["VersionId"] for each in versions] == (["1", "0"] if changed else ["0"])
