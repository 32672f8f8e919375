"""The built-in algorithms, and the image addresses that mean them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from studiolo.containers.algorithm import Algorithm, MetricDefinition
from studiolo.ml.algorithms import accounts
from studiolo.ml.algorithms.blazingtext import hyperparameters as blazingtext
from studiolo.ml.algorithms.catboost import hyperparameters as catboost
from studiolo.ml.algorithms.deepar import hyperparameters as deepar
from studiolo.ml.algorithms.factorization_machines import hyperparameters as factorization_machines
from studiolo.ml.algorithms.ipinsights import hyperparameters as ipinsights
from studiolo.ml.algorithms.kmeans import hyperparameters as kmeans
from studiolo.ml.algorithms.knn import hyperparameters as knn
from studiolo.ml.algorithms.lda import hyperparameters as lda
from studiolo.ml.algorithms.lightgbm import hyperparameters as lightgbm
from studiolo.ml.algorithms.linear_learner.hyperparameters import validate_hyperparameters
from studiolo.ml.algorithms.linear_learner.metrics import METRICS
from studiolo.ml.algorithms.ntm import hyperparameters as ntm
from studiolo.ml.algorithms.object2vec import hyperparameters as object2vec
from studiolo.ml.algorithms.pca import hyperparameters as pca
from studiolo.ml.algorithms.random_cut_forest import hyperparameters as random_cut_forest
from studiolo.ml.algorithms.xgboost import hyperparameters as xgboost

_RECORDIO = "application/x-recordio-protobuf"
_PACKAGE = "studiolo.ml.algorithms"

SERVER = ("uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0", "protobuf==6.33.6")
"""What every environment of an algorithm has: its serving program, and RecordIO."""
NUMPY = "numpy==1.26.4"
NEURAL = (*SERVER, NUMPY, "scipy==1.15.3", "torch==2.6.0")
"""What the algorithms that PyTorch computes have: its packages without a GPU's are taken where they can be had."""


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
    _of_records("lda", "lda", lda.validate_hyperparameters, lda.METRICS),
    Algorithm(
        name="blazingtext",
        module=f"{_PACKAGE}.blazingtext",
        metrics=blazingtext.METRICS,
        validate_hyperparameters=blazingtext.validate_hyperparameters,
        default_content_type="text/plain",
        content_types=("text/plain",),
        required_channels=("train",),
        optional_channels=("validation",),
        requirements=(*SERVER, NUMPY, "fasttext-wheel==0.9.2"),
    ),
    Algorithm(
        name="forecasting-deepar",
        module=f"{_PACKAGE}.deepar",
        metrics=deepar.METRICS,
        validate_hyperparameters=deepar.validate_hyperparameters,
        default_content_type=deepar.JSON_TYPES[0],
        content_types=deepar.JSON_TYPES,
        required_channels=("train",),
        optional_channels=("test",),
        requirements=(*NEURAL, "pandas==2.2.3", "gluonts==0.17.0", "lightning==2.6.6"),
    ),
    _of_records(
        "ntm",
        "ntm",
        ntm.validate_hyperparameters,
        ntm.METRICS,
        content_types=(_RECORDIO, "text/csv", "text/plain"),
        optional_channels=("validation", "test", "auxiliary"),
        requirements=NEURAL,
    ),
    Algorithm(
        name="object2vec",
        module=f"{_PACKAGE}.object2vec",
        metrics=object2vec.METRICS,
        validate_hyperparameters=object2vec.validate_hyperparameters,
        default_content_type=object2vec.LINES,
        content_types=(object2vec.LINES, "application/json"),
        required_channels=("train",),
        optional_channels=("validation", "test"),
        requirements=NEURAL,
    ),
    Algorithm(
        name="ipinsights",
        module=f"{_PACKAGE}.ipinsights",
        metrics=ipinsights.METRICS,
        validate_hyperparameters=ipinsights.validate_hyperparameters,
        default_content_type="text/csv",
        content_types=("text/csv",),
        required_channels=("train",),
        optional_channels=("validation",),
        requirements=NEURAL,
    ),
)


def _boosted(name: str, package: str, settings: Any, *libraries: str) -> Algorithm:
    """An algorithm of tables in the layout of LightGBM's and CatBoost's data."""
    return Algorithm(
        name=name,
        module=f"{_PACKAGE}.{package}",
        metrics=settings.METRICS,
        validate_hyperparameters=settings.validate_hyperparameters,
        default_content_type="text/csv",
        content_types=("text/csv", "application/x-parquet"),
        required_channels=(),
        optional_channels=("train", "training", "validation"),
        requirements=(*SERVER, NUMPY, "pandas==2.2.3", "pyarrow==25.0.1", *libraries),
    )


_OWN_IMAGES = {
    algorithm.name: algorithm
    for kind in ("classification", "regression")
    for algorithm in (
        _boosted(f"lightgbm-{kind}-model", f"lightgbm.{kind}", lightgbm, "lightgbm==4.6.0", "scipy==1.15.3"),
        _boosted(f"catboost-{kind}-model", f"catboost.{kind}", catboost, "catboost==1.2.10"),
    )
}
"""Algorithms whose images AWS's SDK finds only by a bucket of Amazon's: here `studiolo/NAME` means them."""

_XGBOOST = {
    # Tags of the images: the version that stands in for them where that is another, because it has no package.
    (0, 72): "0.90",
    (0, 90): "0.90",
    (1, 0): "1.0.2",
    (1, 2): "1.2.1",
    (1, 3): "1.3.3",
    (1, 5): "1.5.2",
    (1, 7): "1.7.6",
    (3, 0): "3.0.5",
}
_SETUPTOOLS = "setuptools==75.8.0"
"""It brings pkg_resources, by which XGBoost found out what is installed."""
_XGBOOST_TYPES = (
    *("text/libsvm", "text/x-libsvm", "libsvm", "text/csv", "csv", "application/x-parquet", "parquet"),
    *(_RECORDIO, "recordio-protobuf"),
)


@cache
def _xgboost(version: tuple[int, int]) -> Algorithm:
    """XGBoost of the newest version that is not above that, or the oldest."""
    known = max((tag for tag in _XGBOOST if tag <= version), default=min(_XGBOOST))
    package = _XGBOOST[known]
    if known >= (3, 0):
        # The package for all processors brings half a gigabyte of a GPU's library.
        libraries: tuple[str, ...] = (
            f"xgboost-cpu=={package}; sys_platform == 'linux'",
            f"xgboost=={package}; sys_platform != 'linux'",
            *(NUMPY, "scipy==1.15.3"),
        )
    elif known >= (1, 5):
        libraries = (f"xgboost=={package}", NUMPY, "scipy==1.11.4", _SETUPTOOLS)
    else:
        # They use names that NumPy 1.24 dropped; the first NumPy for Python 3.12 is later than that.
        numpy = ("numpy==1.23.5; python_version < '3.12'", f"{NUMPY}; python_version >= '3.12'")
        libraries = (f"xgboost=={package}", *numpy, "scipy==1.11.4", _SETUPTOOLS)
    return Algorithm(
        name="xgboost",
        module=f"{_PACKAGE}.xgboost",
        metrics=xgboost.METRICS,
        validate_hyperparameters=xgboost.validate_hyperparameters,
        default_content_type="text/libsvm",
        content_types=_XGBOOST_TYPES,
        required_channels=("train",),
        optional_channels=("validation", "code"),
        requirements=(*SERVER, *libraries, "scikit-learn==1.5.2", "pyarrow==25.0.1"),
    )


BUILT_IN: Mapping[str, Algorithm] = MappingProxyType(
    {
        **{algorithm.name: algorithm for algorithm in _ALGORITHMS},
        "xgboost": _xgboost(max(_XGBOOST)),
        **_OWN_IMAGES,
    }
)
"""Every built-in algorithm by its name, which is that of its image repository."""

_WEIGHTS = "it begins with weights of a hub, which is not there, and learns from images on a GPU."
_REFUSED = {
    "image-classification": _WEIGHTS,
    "object-detection": _WEIGHTS,
    "semantic-segmentation": _WEIGHTS,
    "seq2seq": "it learns on GPUs alone.",
}
"""Built-in algorithms of AWS's that cannot be run, by their repositories, and why."""

_ACCOUNTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(BUILT_IN, accounts.FIRST_PARTY),
    "lda": accounts.LDA,
    "blazingtext": accounts.BLAZING,
    "forecasting-deepar": accounts.DEEPAR,
    "xgboost": accounts.BLAZING,
    "sagemaker-xgboost": accounts.FRAMEWORKS,
}

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.]+"
    r"/(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?"
)

_OWN = re.compile(r"studiolo/(?P<name>[a-z-]+)(:[\w.-]+)?")


def algorithm_for_image(image_uri: str) -> Algorithm | None:
    """The built-in algorithm that an image of AWS's own registries, or of ours, holds; None for any other image."""
    if own := _OWN.fullmatch(image_uri):
        return _OWN_IMAGES.get(own["name"])
    match = _IMAGE.fullmatch(image_uri)
    if not match or match["account"] not in _ACCOUNTS.get(match["repository"], ()):
        return None
    if match["repository"] == "sagemaker-xgboost":
        numbers = re.match(r"(\d+)\.(\d+)", match["tag"] or "")
        return _xgboost((int(numbers[1]), int(numbers[2]))) if numbers else None
    # Its one version there is 0.72.
    return _xgboost((0, 72)) if match["repository"] == "xgboost" else BUILT_IN.get(match["repository"])


def refusal(image_uri: str) -> str | None:
    """Why a built-in algorithm of AWS's cannot be run; None for any other image."""
    match = _IMAGE.fullmatch(image_uri)
    repository = match["repository"] if match else ""
    return f"{repository} cannot be run: {_REFUSED[repository]}" if repository in _REFUSED else None
