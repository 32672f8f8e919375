"""The S3 door: small requests, bytes, what a copy beside costs an API call, and Spark through it and past it."""

import http.client
import json
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from bench.bench import Bench
from bench.load import Load, drive
from bench.row import Quantity, Row, at_least, at_most_over, at_most_times
from bench.server import Server, Session
from bench.signing import REGION, client, requests_of

MIB = 1024 * 1024
OBJECT, COPIED = 256 * MIB, 10_000_000_000
"""Bytes of one object, and of those that are copied while the API is asked."""

KEYS, WRITERS = 100_000, 8
"""Objects of one prefix that are listed, and how many connections write them."""

ROUNDS, WARM_UP = 5, 3
SCANS = 25
"""Of one scan the time varies by a fifth: the median of few says nothing of a tenth."""
SCAN = f"""
import statistics, time
def bench_scan(path):
    return spark.read.parquet(path).groupBy("key").agg({{"a": "avg", "b": "max"}}).count()
def bench_turns(paths):
    taken = {{path: [] for path in paths}}
    for number in range({WARM_UP + SCANS}):
        for path in paths:
            began = time.perf_counter()
            bench_scan(path)
            if number >= {WARM_UP}:
                taken[path].append(time.perf_counter() - began)
    return [statistics.median(taken[path]) for path in paths]
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    bucket = server.bucket()
    server.role()
    by_role = _role_client(server)
    by_role.put_object(Bucket=bucket, Key="tiny", Body=b"x" * 100)
    server.settle()
    requests = requests_of(by_role, lambda: by_role.get_object(Bucket=bucket, Key="tiny"))
    outcome = drive(Load("127.0.0.1", server.s3_port, requests, 8, 3.0))
    yield at_least("tiny signed GETs through the door, one worker", Quantity(1000, "/s"), Quantity(outcome.rate, "/s"))
    _put_large(by_role, bucket)
    url = by_role.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "large"})
    rate = statistics.median(_download(url) for _ in range(ROUNDS))
    yield at_least("bytes of one object through the door, one connection", Quantity(300, "MB/s"), rate_of(rate))
    yield _beside(server, bucket)
    yield _spark(server, bucket)
    yield _listing(server, bucket)


def rate_of(bytes_a_second: float) -> Quantity:
    return Quantity(bytes_a_second / 1e6, "MB/s")


def _role_client(server: Server) -> Any:
    """A client at the door with the keys of a role, as sessions and jobs have them."""
    sts = server.client("sts")
    iam = server.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="door", AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName="door", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    arn = "arn:aws:iam::000000000000:role/door"
    key = sts.assume_role(RoleArn=arn, RoleSessionName="bench")["Credentials"]
    return client(
        "s3", server.s3_endpoint, (key["AccessKeyId"], key["SecretAccessKey"]), aws_session_token=key["SessionToken"]
    )


def _put_large(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="large", Body=b"\0" * OBJECT)


def _download(url: str) -> float:
    """Bytes a second of one download, read as fast as they come and thrown away."""
    host, _, path = url.partition("://")[2].partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    began = time.perf_counter()
    connection.request("GET", f"/{path}")
    answer, buffer, received = connection.getresponse(), bytearray(MIB), 0
    while read := answer.readinto(buffer):
        received += read
    connection.close()
    assert received == OBJECT, f"{received} bytes came"
    return received / (time.perf_counter() - began)


def _copy(endpoint: str, key: tuple[str, str], bucket: str) -> float:
    """Copy objects through the door until COPIED bytes have passed it both ways; bytes a second."""
    s3 = client("s3", endpoint, key)
    began = time.perf_counter()
    for _ in range(COPIED // OBJECT):
        body = s3.get_object(Bucket=bucket, Key="large")["Body"]
        s3.put_object(Bucket=bucket, Key="copy", Body=body.read())
    return COPIED / (time.perf_counter() - began)


def _beside(server: Server, bucket: str) -> Row:
    """The median of GetTable by one connection, alone and while a copy runs."""
    glue = server.client("glue")
    with suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": "door"})
        glue.create_table(DatabaseName="door", TableInput={"Name": "days"})
    requests = requests_of(glue, lambda: glue.get_table(DatabaseName="door", Name="days"))
    load = Load("127.0.0.1", server.port, requests, 1, 5.0)
    alone = drive(load).median
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        copying = process.submit(_copy, server.s3_endpoint, server.key(), bucket)
        medians = []
        while not copying.done():
            medians.append(drive(load).median)
    note = f"the copy ran at {copying.result() / 1e6:.0f} MB/s"
    ours, bare = Quantity(statistics.median(medians) * 1000, "ms"), Quantity(alone * 1000, "ms")
    return at_most_over("p50 of GetTable beside a copy of 10 GB", Quantity(5, "ms"), ours, bare, note)


def _spark(server: Server, bucket: str) -> Row:
    """The same Parquet in two buckets, in turns: one by the door with the role's keys, one straight at the store."""
    straight = f"{bucket}-straight"
    s3 = server.client("s3")
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=straight)
    session = Session(server, "door")
    session.start()
    session.run(SCAN)
    made = "spark.range(8_000_000).selectExpr('id % 100 as key', 'rand(1) as a', 'rand(2) as b', 'uuid() as c')"
    for each in (bucket, straight):
        session.run(f"{made}.repartition(20).write.mode('overwrite').parquet('s3://{each}/scan')")
    for name, value in server.store().items():
        session.run(f"sc._jsc.hadoopConfiguration().set('fs.s3a.bucket.{straight}.{name}', {value!r})")
    # A file system that was opened before keeps its settings.
    session.run("sc._jvm.org.apache.hadoop.fs.FileSystem.closeAll()")
    server.settle()
    answer = session.run(f"bench_turns(['s3://{bucket}/scan', 's3://{straight}/scan'])")
    session.stop()
    ours, theirs = (float(part) for part in answer.strip("[] \n").split(","))
    name = "Spark scan of Parquet: through the door against straight at the store"
    return at_most_times(name, 1.1, Quantity(ours, "s"), Quantity(theirs, "s"), f"region {REGION}, 8 million rows")


def _listing(server: Server, bucket: str) -> Row:
    """All pages of ListObjectsV2, by the door with a role's keys and straight at the store."""
    store = server.store()
    by_door, straight = (
        _role_client(server),
        client("s3", store["endpoint"], (store["access.key"], store["secret.key"])),
    )

    def write(first: int) -> None:
        for number in range(first, KEYS, WRITERS):
            straight.put_object(Bucket=bucket, Key=f"many/{number:06}", Body=b"")

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    taken = []
    for s3 in (by_door, straight):
        began = time.perf_counter()
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="many/")
        found = sum(page["KeyCount"] for page in pages)
        assert found == KEYS, f"{found} keys were listed"
        taken.append(Quantity(time.perf_counter() - began, "s"))
    return at_most_times(
        f"ListObjectsV2 of {KEYS:,} keys: through the door against straight at the store", None, *taken
    )
