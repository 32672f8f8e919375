"""How fast work feels through clients that look in fixed steps, unchanged; and what reads cost that are held."""

import asyncio
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from bench.bench import Bench
from bench.children import processor_seconds
from bench.row import Quantity, Row, at_most, at_most_times
from bench.rows.training import FEATURES, start
from bench.server import Server
from bench.signing import requests_of

CELLS = 20
READS, FEW, WARM_UP = 1000, 100, 4
SECONDS = 5
"""So long a description of a training job is held."""
SLEEP = 5
"""Seconds that the SDK sleeps before it first looks at a training job; before an endpoint, unless told not to, 30."""
JOB = "endless"
ENDLESS = {
    "predictor_type": "multiclass_classifier",
    "num_classes": "40",
    "num_models": "500",
    "epochs": "100000",
    "early_stopping_patience": "100000",
}

GLUE_KERNEL = "aws_glue_interactive_sessions_kernel.glue_pyspark.GlueKernel"
SDK = """
import sys, time
import numpy as np, sagemaker
role, bucket = sys.argv[1:]
rows = np.random.default_rng(1).random((500, 4)).astype("float32")
learner = sagemaker.LinearLearner(
    role=role, instance_count=1, instance_type="ml.m5.large", predictor_type="regressor", epochs=3,
    sagemaker_session=sagemaker.Session(default_bucket=bucket),
)
records = learner.record_set(rows, labels=rows.sum(axis=1))
began = time.perf_counter()
learner.fit(records, mini_batch_size=100, logs=True)
fitted = time.perf_counter()
predictor = learner.deploy(1, "ml.t2.medium", wait=False)
sagemaker.Session().sagemaker_client.get_waiter("endpoint_in_service").wait(EndpointName=predictor.endpoint_name)
deployed = time.perf_counter()
predictor.delete_model()
predictor.delete_endpoint()
print("seconds", fitted - began, deployed - fitted)
"""


def measure(bench: Bench) -> Iterator[Row]:
    server = bench.server()
    yield _cells(server)
    yield from _sdk(server)
    yield from _held(server)


def _cells(server: Server) -> Row:
    """A cell of the Glue kernel, as a notebook waits for it."""
    manager: Any = KernelManager()
    manager._kernel_spec = KernelSpec(argv=[sys.executable, "-m", GLUE_KERNEL, "-f", "{connection_file}"])
    manager.start_kernel(env={**server.environment(), "glue_role_arn": server.role()}, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        client.execute_interactive("1+1", output_hook=lambda _: None, allow_stdin=False, timeout=120)
        server.settle()
        taken = []
        for _ in range(CELLS):
            began = time.perf_counter()
            client.execute_interactive("1+1", output_hook=lambda _: None, allow_stdin=False, timeout=60)
            taken.append(time.perf_counter() - began)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    return at_most("cell 1+1 of the Glue kernel", Quantity(0.1, "s"), Quantity(statistics.median(taken), "s"))


def _sdk(server: Server) -> Iterator[Row]:
    """Version 2 of the SageMaker SDK: fit, and deploy of what it fitted."""
    server.settle()
    script = [sys.executable, "-W", "ignore", "-c", SDK, server.role(), server.bucket()]
    done = subprocess.run(script, env=server.environment(), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"the SDK's script failed: {done.stderr[-500:]}")
    fit, deploy = map(float, done.stdout.split("seconds")[-1].split())
    note = f"{fit:.1f} s in all; deploy() with wait=True sleeps 30 s first"
    beyond = Quantity(fit - SLEEP, "s")
    yield at_most(f"SageMaker SDK fit(), beyond the {SLEEP} s that it sleeps first", Quantity(3, "s"), beyond, note)
    yield at_most("SageMaker SDK deploy(wait=False) and boto3's waiter", Quantity(2, "s"), Quantity(deploy, "s"))


def _held(server: Server) -> Iterator[Row]:
    """A thousand reads that are held at once: memory, threads and processor time of the server."""
    sagemaker = server.client("sagemaker")
    start(server, JOB, noise(), ("train", "validation"), ENDLESS)
    try:
        read = requests_of(sagemaker, lambda: sagemaker.describe_training_job(TrainingJobName=JOB), READS)
        hasty = [one.replace(b"\r\n", b"\r\nx-studiolo-patience: none\r\n", 1) for one in read]
        process = psutil.Process(server.pid)
        for _ in range(WARM_UP):  # many at once take threads, held or not
            warm = asyncio.run(_load(server.port, process, hasty[:FEW]))
        held = asyncio.run(_load(server.port, process, read))
        at_once = asyncio.run(_load(server.port, process, hasty))
    finally:
        sagemaker.stop_training_job(TrainingJobName=JOB)
    memory = Quantity((held.memory - warm.memory) / 1e6, "MB")
    yield at_most(f"memory of {READS} held reads and their connections", Quantity(20, "MB"), memory)
    yield at_most(
        f"threads that {READS} held reads take", Quantity(0, ""), Quantity(max(0, held.threads - warm.threads), "")
    )
    yield at_most_times(
        f"processor time of {READS} reads held for {SECONDS} s, against a look a second",
        0.6,
        Quantity(held.seconds, "s"),
        Quantity(SECONDS * at_once.seconds, "s"),
    )


def noise() -> bytes:
    """Examples of which nothing can be learned, the label first."""
    draw = random.Random(1)
    rows = ((draw.randrange(40), *(draw.random() for _ in range(FEATURES))) for _ in range(2000))
    return "\n".join(",".join(map(str, row)) for row in rows).encode()


async def _load(port: int, process: psutil.Process, reads: list[bytes]) -> "Taken":
    """What the server takes for the reads, all at once, each on a connection of its own."""
    before = processor_seconds([process])
    connections = []
    for read in reads:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(read)
        connections.append((reader, writer))
    await asyncio.sleep(SECONDS / 2)
    memory, threads = process.memory_info().rss, process.num_threads()
    for reader, writer in connections:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
    return Taken(memory, threads, processor_seconds([process]) - before)


@dataclass(frozen=True)
class Taken:
    """Bytes and threads of the server amid the reads, and the processor seconds until all are answered."""

    memory: int
    threads: int
    seconds: float
