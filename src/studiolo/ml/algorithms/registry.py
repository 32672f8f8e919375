"""The built-in algorithms, and the image addresses that mean them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from studiolo.ml.algorithms import accounts
from studiolo.ml.algorithms.algorithm import Algorithm, MetricDefinition
from studiolo.ml.algorithms.factorization_machines import hyperparameters as factorization_machines
from studiolo.ml.algorithms.kmeans import hyperparameters as kmeans
from studiolo.ml.algorithms.knn import hyperparameters as knn
from studiolo.ml.algorithms.linear_learner.hyperparameters import validate_hyperparameters
from studiolo.ml.algorithms.linear_learner.metrics import METRICS
from studiolo.ml.algorithms.pca import hyperparameters as pca
from studiolo.ml.algorithms.random_cut_forest import hyperparameters as random_cut_forest

_RECORDIO = "application/x-recordio-protobuf"
_PACKAGE = "studiolo.ml.algorithms"

SERVER = ("uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "protobuf==6.33.6")
"""What every environment of an algorithm has: its serving program, and RecordIO."""
NUMPY = "numpy==1.26.4"


def _of_records(
    name: str,
    package: str,
    validate: Callable[[Mapping[str, str]], None],
    metrics: tuple[MetricDefinition, ...],
    *,
    content_types: tuple[str, ...] = (_RECORDIO, "text/csv"),
    optional_channels: tuple[str, ...] = ("test",),
    requirements: tuple[str, ...] = (),
) -> Algorithm:
    """An algorithm that trains on rows of numbers in the channel `train`."""
    return Algorithm(
        name=name,
        module=f"{_PACKAGE}.{package}",
        metrics=metrics,
        validate_hyperparameters=validate,
        default_content_type=_RECORDIO,
        content_types=content_types,
        required_channels=("train",),
        optional_channels=optional_channels,
        requirements=requirements,
    )


_ALGORITHMS = (
    _of_records(
        "linear-learner",
        "linear_learner",
        validate_hyperparameters,
        METRICS,
        optional_channels=("validation", "test"),
    ),
    _of_records("kmeans", "kmeans", kmeans.validate_hyperparameters, kmeans.METRICS),
    _of_records("pca", "pca", pca.validate_hyperparameters, pca.METRICS),
    _of_records(
        "knn",
        "knn",
        knn.validate_hyperparameters,
        knn.METRICS,
        requirements=(*SERVER, NUMPY, "faiss-cpu==1.15.1"),
    ),
    _of_records(
        "randomcutforest",
        "random_cut_forest",
        random_cut_forest.validate_hyperparameters,
        random_cut_forest.METRICS,
        requirements=(*SERVER, NUMPY, "krcf==0.4.0"),
    ),
    _of_records(
        "factorization-machines",
        "factorization_machines",
        factorization_machines.validate_hyperparameters,
        factorization_machines.METRICS,
        content_types=(_RECORDIO,),
    ),
)

BUILT_IN: Mapping[str, Algorithm] = MappingProxyType({algorithm.name: algorithm for algorithm in _ALGORITHMS})
"""Every built-in algorithm by its name, which is that of its image repository."""

_ACCOUNTS: Mapping[str, frozenset[str]] = dict.fromkeys(BUILT_IN, accounts.FIRST_PARTY)

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.]+"
    r"/(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?"
)


def algorithm_for_image(image_uri: str) -> Algorithm | None:
    """The built-in algorithm that an image of AWS's own registries holds; None for any other image."""
    match = _IMAGE.fullmatch(image_uri)
    if not match or match["account"] not in _ACCOUNTS.get(match["repository"], ()):
        return None
    return BUILT_IN.get(match["repository"])
