"""Lambda: an event that finds its function's process there, and one that has to start it."""

import io
import json
import shutil
import statistics
import sys
import time
import zipfile
from collections.abc import Iterator
from typing import Any

from bench.bench import Bench
from bench.row import Quantity, Row, at_most

WARM, COLD = 200, 5
"""Invocations of each kind."""
CODE = {
    "index.py": "def handler(event, context):\n    return event",
    "index.js": "exports.handler = async (event) => event;",
}


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    functions = server.client("lambda")
    languages = {"Python": f"python3.{sys.version_info.minor}"}
    if shutil.which("node") is not None:
        languages["Node"] = "nodejs22.x"
    for language, runtime in languages.items():
        functions.create_function(
            FunctionName=language,
            Runtime=runtime,
            Handler="index.handler",
            Role=server.role(),
            Code={"ZipFile": _zip()},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=language, WaiterConfig={"Delay": 1})
        server.settle()
        cold = statistics.median(_cold(functions, language, number) for number in range(COLD))
        yield at_most(f"a function of {language}, first event", Quantity(1.5, "s"), Quantity(cold, "s"))
        warm = statistics.median(_invoked(functions, language) for _ in range(WARM))
        yield at_most(f"a function of {language}, next event", Quantity(20, "ms"), Quantity(warm * 1000, "ms"))
        functions.delete_function(FunctionName=language)


def _cold(functions: Any, name: str, number: int) -> float:
    """Seconds of the first event after a change, which has ended the process."""
    functions.update_function_configuration(FunctionName=name, Description=str(number))
    functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return _invoked(functions, name)


def _invoked(functions: Any, name: str) -> float:
    began = time.perf_counter()
    answer = functions.invoke(FunctionName=name, Payload=b'{"a": 1}')
    told = answer["Payload"].read()
    if "FunctionError" in answer or json.loads(told) != {"a": 1}:
        raise RuntimeError(f"the function {name} failed: {told!r}")
    return time.perf_counter() - began


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in CODE.items():
            archive.writestr(name, text)
    return packed.getvalue()
