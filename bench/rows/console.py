"""The console's pages among 1,000 tables, objects and log groups: how long each takes, its bytes, the memory of all."""

import http.client
import json
import re
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.bench import Bench
from bench.row import Quantity, Row, at_most
from bench.server import Server
from bench.signing import REGION

THINGS, ROUNDS = 1000, 30
PAGES = (
    ("overview", "/"),
    ("a database", "/catalog/console"),
    ("a table", "/catalog/console/table_500"),
    ("a bucket", "/storage/bench-console"),
    ("log groups", "/logs"),
)
MOST_MS, MOST_KB, MOST_MB = 50, 150, 40


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    _fill(server)
    server.settle()
    before = _resident(server)
    browser = _Browser(server)
    for name, path in PAGES:
        yield at_most(
            f"console: {name}, among {THINGS:,}", Quantity(MOST_MS, "ms"), Quantity(browser.median(path) * 1000, "ms")
        )
    size = max((browser.weight(path) for _, path in PAGES), key=lambda each: each.value)
    yield at_most("console: a first visit, with style and scripts, the heaviest page", Quantity(MOST_KB, "KB"), size)
    added = Quantity(max(_resident(server) - before, 0.0), "MB")
    yield at_most("console: what it adds to the server's memory", Quantity(MOST_MB, "MB"), added)


def _resident(server: Server) -> float:
    """MB of the server itself."""
    return float(psutil.Process(server.pid).memory_info().rss / 1_000_000)


def _fill(server: Server) -> None:
    glue, s3, logs = server.client("glue"), server.client("s3"), server.client("logs")
    glue.create_database(DatabaseInput={"Name": "console"})
    s3.create_bucket(Bucket="bench-console")
    columns = [{"Name": f"c{number}", "Type": "double"} for number in range(20)]
    for number in range(THINGS):
        storage = {"Columns": columns, "Location": f"s3://bench-console/table_{number}/"}
        glue.create_table(DatabaseName="console", TableInput={"Name": f"table_{number}", "StorageDescriptor": storage})
        s3.put_object(Bucket="bench-console", Key=f"object-{number:04}", Body=b"1")
        logs.create_log_group(logGroupName=f"group-{number:04}")


class _Browser:
    """Signed in to the console, in the region of the bench, over one kept connection."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port)
        self._host = f"console.localhost:{server.port}"
        asked = AWSRequest("POST", f"{server.endpoint}/_studiolo/sign-in")
        SigV4Auth(Credentials(*server.key()), "sts", REGION).add_auth(asked)
        self._connection.request("POST", "/_studiolo/sign-in", headers=dict(asked.headers.items()))
        link = urlsplit(json.loads(self._connection.getresponse().read())["url"])
        self._cookie = ""
        _, headers, _ = self._ask("GET", f"{link.path}?{link.query}")
        self._cookie = headers["Set-Cookie"].partition(";")[0]
        self._ask("POST", "/region", f"region={REGION}")

    def median(self, path: str) -> float:
        """Seconds of a page."""
        taken = []
        for _ in range(ROUNDS + 3):
            began = time.perf_counter()
            status, _, _ = self._ask("GET", path)
            taken.append(time.perf_counter() - began)
            if status != http.client.OK:
                raise RuntimeError(f"{path} answered {status}")
        return statistics.median(taken[3:])

    def weight(self, path: str) -> Quantity:
        """KB of a page and of all that it loads."""
        _, _, page = self._ask("GET", path)
        loaded = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.decode()))
        return Quantity((len(page) + sum(len(self._ask("GET", each)[2]) for each in loaded)) / 1000, "KB")

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {"Host": self._host, "Cookie": self._cookie}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()
