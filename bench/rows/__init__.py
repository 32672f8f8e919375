"""The rows by name. Each measures one path of the design's budgets and yields its lines of the table."""

from collections.abc import Callable, Iterator, Mapping

from bench.bench import Bench
from bench.row import Row
from bench.rows import catalog, endpoint, lifecycle, memory, reads, sessions, spark, statements, training

ROWS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "reads": reads.measure,
    "catalog": catalog.measure,
    "sessions": sessions.measure,
    "statements": statements.measure,
    "spark": spark.measure,
    "training": training.measure,
    "endpoint": endpoint.measure,
    "lifecycle": lifecycle.measure,
    "memory": memory.measure,
}
