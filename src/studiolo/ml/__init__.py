"""Machine learning: algorithms, training jobs, models and endpoints, under SageMaker's container contract."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studiolo.ml.machine_learning import MachineLearning

__all__ = ["MachineLearning"]


def __getattr__(name: str) -> Any:
    # Algorithms and runners are programs of this package and cannot wait for the server's half.
    if name == "MachineLearning":
        from studiolo.ml.machine_learning import MachineLearning

        return MachineLearning
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
