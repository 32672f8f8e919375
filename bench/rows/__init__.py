"""The rows by name. Each measures one path of the design's budgets and yields its lines of the table."""

from collections.abc import Callable, Iterator, Mapping

from bench.bench import Bench
from bench.row import Row
from bench.rows import (
    algorithms,
    authorization,
    catalog,
    clusters,
    compilation,
    console,
    door,
    endpoint,
    endpoint_kinds,
    endpoint_models,
    fence,
    frames,
    governance,
    lifecycle,
    listing,
    livy,
    memory,
    metastore,
    million,
    patience,
    processing,
    reads,
    serverless,
    sessions,
    spark,
    stacks,
    statements,
    training,
    trino,
    tuning,
)

ROWS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "reads": reads.measure,
    "authorization": authorization.measure,
    "catalog": catalog.measure,
    "metastore": metastore.measure,
    "door": door.measure,
    "sessions": sessions.measure,
    "statements": statements.measure,
    "livy": livy.measure,
    "serverless": serverless.measure,
    "patience": patience.measure,
    "clusters": clusters.measure,
    "spark": spark.measure,
    "frames": frames.measure,
    "listing": listing.measure,
    "stacks": stacks.measure,
    "governance": governance.measure,
    "training": training.measure,
    "algorithms": algorithms.measure,
    "processing": processing.measure,
    "tuning": tuning.measure,
    "endpoint": endpoint.measure,
    "endpoint_kinds": endpoint_kinds.measure,
    "endpoint_models": endpoint_models.measure,
    "compilation": compilation.measure,
    "fence": fence.measure,
    "lifecycle": lifecycle.measure,
    "memory": memory.measure,
    "console": console.measure,
    "million": million.measure,
    "trino": trino.measure,
}

BY_NAME_ALONE = frozenset({"algorithms", "compilation", "endpoint_models", "million", "trino"})
"""Rows that take minutes, and up to a gigabyte of disk for a table or for environments."""
