"""The two commands of an algorithm's container: `python -m MODULE train` and `python -m MODULE serve`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any


def main(module: str, name: str, **options: Any) -> None:
    """Run the command that was given for the algorithm in the package `module`, and exit with its status.

    The package has `training.train(container, log, stop, **options)` and `serving.serve() -> status`.
    """
    sys.exit(_run(module, name, sys.argv[1:], options))


def _run(module: str, name: str, arguments: list[str], options: dict[str, Any]) -> int:
    if arguments == ["train"]:
        from studiolo.ml.algorithms.container import StopRequest, run_training, training_logger

        log, stop = training_logger(name), StopRequest.from_signals()
        log.info("Entrypoint called with argument(s): train")
        # After the line above: what an algorithm counts with takes seconds to load.
        train = import_module(f"{module}.training").train
        return run_training(lambda container: train(container, log, stop, **options), log)
    if arguments == ["serve"]:
        # Its threads wait by spinning, for the next product: a row of CSV costs more to read than to multiply.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        status: int = import_module(f"{module}.serving").serve()
        return status
    print(f"usage: python -m {module} train|serve", file=sys.stderr)  # noqa: T201
    return 2
