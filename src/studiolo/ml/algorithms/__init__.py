"""The built-in algorithms: programs that train and serve under SageMaker's container contract."""

from studiolo.containers.algorithm import Algorithm, MetricDefinition
from studiolo.ml.algorithms.registry import BUILT_IN, algorithm_for_image, refusal

__all__ = ["BUILT_IN", "Algorithm", "MetricDefinition", "algorithm_for_image", "refusal"]
