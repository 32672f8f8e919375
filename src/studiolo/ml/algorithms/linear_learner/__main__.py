"""`python -m studiolo.ml.algorithms.linear_learner train` or `serve`: the two commands of the container."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run one of the two commands; its exit status."""
    if arguments == ["train"]:
        return _train()
    if arguments == ["serve"]:
        from studiolo.ml.algorithms.linear_learner.serving import serve

        return serve()
    print("usage: python -m studiolo.ml.algorithms.linear_learner train|serve", file=sys.stderr)  # noqa: T201
    return 2


def _train() -> int:
    from studiolo.ml.algorithms.container import StopRequest, run_training, training_logger

    log, stop = training_logger("linear-learner"), StopRequest.from_signals()
    log.info("Entrypoint called with argument(s): train")

    from studiolo.ml.algorithms.linear_learner.training import train

    return run_training(lambda container: train(container, log, stop), log)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
