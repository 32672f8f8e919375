"""An endpoint: its start, and its requests a second against MLflow's server, straight and signed."""

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from bench.bench import Bench
from bench.children import free_port, started, wait_for_port, wait_until
from bench.load import Load, drive
from bench.row import Quantity, Row, Unavailable, at_least_times, at_most
from bench.rows.training import FEATURES, IMAGE, train
from bench.server import Server
from bench.signing import http, requests_of

ROUNDS = 3
CONNECTIONS = 8
SECONDS = 1.5
ROW = ",".join(["0.5"] * FEATURES)
MODEL = """
import sys, mlflow, numpy
from sklearn.linear_model import LinearRegression
features = numpy.random.default_rng(1).normal(size=(1000, int(sys.argv[2])))
mlflow.sklearn.save_model(LinearRegression().fit(features, features.sum(axis=1)), sys.argv[1])
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    _, job = train(server, "bench-endpoint")
    sagemaker = server.client("sagemaker")
    sagemaker.create_model(
        ModelName="bench",
        ExecutionRoleArn=server.role(),
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]},
    )
    variant = {"VariantName": "one", "ModelName": "bench", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    sagemaker.create_endpoint_config(EndpointConfigName="bench", ProductionVariants=[variant])
    yield _start(server, sagemaker)
    yield from _rates(bench, server)
    sagemaker.delete_endpoint(EndpointName="bench-0")


def _start(server: Server, sagemaker: Any) -> Row:
    taken = []
    for number in reversed(range(ROUNDS)):
        name = f"bench-{number}"
        server.settle()
        began = time.perf_counter()
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="bench")
        wait_until(lambda name=name: _in_service(sagemaker, name), 60, every=0.02)
        taken.append(time.perf_counter() - began)
        if number:  # the last one stays
            sagemaker.delete_endpoint(EndpointName=name)
    return at_most("endpoint InService", Quantity(1, "s"), Quantity(statistics.median(taken), "s"))


def _in_service(sagemaker: Any, name: str) -> bool:
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    if endpoint["EndpointStatus"] == "Failed":
        raise RuntimeError(f"the endpoint failed: {endpoint.get('FailureReason')}")
    return bool(endpoint["EndpointStatus"] == "InService")


def _rates(bench: Bench, server: Server) -> Iterator[Row]:
    loads = straight(server, "text/csv", ROW), signed(server, "bench-0", "text/csv", ROW)
    names = ("one-row predictions, serving process, against MLflow", "the same signed, through the endpoint")
    try:
        with _mlflow(bench) as mlflow:
            server.settle()
            rates = [[drive(load).rate for load in (*loads, mlflow)] for _ in range(ROUNDS)]
    except Unavailable as why:
        rates = [[drive(load).rate for load in loads] for _ in range(ROUNDS)]
        note = f"comparison could not be had: {why}"
        for name, budget, column in zip(names, ("≥ 3x", "≥ 1.5x"), zip(*rates, strict=True), strict=True):
            yield Row(name, budget, Quantity(statistics.median(column), "/s"), note=note)
        return
    ours, through, theirs = (Quantity(statistics.median(column), "/s") for column in zip(*rates, strict=True))
    yield at_least_times(names[0], 3, ours, theirs)
    yield at_least_times(names[1], 1.5, through, theirs)


def straight(server: Server, content_type: str, body: str) -> Load:
    """The load on the one process that serves a model."""
    server.settle()
    serving = [child for child in server.children() if child["alive"] and "endpoint" in child["kind"]]
    sockets = {
        connection.laddr
        for child in serving
        for process in (lambda root: [root, *root.children(recursive=True)])(psutil.Process(child["pid"]))
        for connection in process.net_connections("unix")
        if connection.laddr.startswith("/")
    }
    if len(sockets) != 1:
        raise RuntimeError(f"one serving process was expected, {sorted(sockets)} of {server.children()} were found")
    headers = {"Content-Type": content_type, "Accept": "application/json"}
    request = http("POST", "http://localhost/invocations", headers, body)
    return Load(sockets.pop(), 0, [request], CONNECTIONS, SECONDS)


def signed(server: Server, endpoint: str, content_type: str, body: str) -> Load:
    """The load of InvokeEndpoint."""
    runtime = server.client("sagemaker-runtime")
    given = {"EndpointName": endpoint, "ContentType": content_type, "Accept": "application/json", "Body": body}
    requests = requests_of(runtime, lambda: runtime.invoke_endpoint(**given))
    return Load("127.0.0.1", server.port, requests, CONNECTIONS, SECONDS)


@contextmanager
def _mlflow(bench: Bench) -> Iterator[Load]:
    """MLflow's scoring server with one worker, as ours has one, and a linear model of scikit-learn."""
    programs = bench.environments.get("mlflow")
    model, log, port = bench.folder / "mlflow-model", bench.folder / "mlflow.log", free_port()
    made = subprocess.run(
        [programs / "python", "-c", MODEL, model, str(FEATURES)], cwd=bench.folder, capture_output=True, text=True
    )
    if made.returncode:
        raise Unavailable(f"MLflow did not keep a model: {made.stderr[-300:]}")
    command = [programs / "mlflow", "models", "serve", "-m", model, "-h", "127.0.0.1", "-p", str(port)]
    command += ["--env-manager", "local", "--workers", "1"]
    path = {"PATH": f"{programs}:/usr/bin:/bin"}
    with started(command, log, path, cwd=bench.folder) as child:
        wait_for_port(child, port, log)
        body = f'{{"inputs": [[{ROW}]]}}'
        request = http("POST", f"http://127.0.0.1:{port}/invocations", {"Content-Type": "application/json"}, body)
        load = Load("127.0.0.1", port, [request], CONNECTIONS, SECONDS)
        yield load
