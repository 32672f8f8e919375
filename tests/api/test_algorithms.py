"""The built-in algorithms through the SageMaker SDK, each on data where the right answer is known."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Server

DEFAULT = (
    "kmeans", "pca", "knn", "randomcutforest", "factorization-machines", "xgboost", "lda", "blazingtext",
)  # fmt: skip
HEAVY = ("xgboost:1.7-1", "xgboost:0.90-2", "lightgbm", "catboost")
NEURAL = ("ntm", "object2vec", "ipinsights", "forecasting-deepar")


def by_sdk(server: Server, role: str, bucket: str, names: Sequence[str], timeout: float = 600) -> dict[str, Any]:
    """What the script finds with the algorithms of those names."""
    script = Path(__file__).with_name("sdk_algorithms.py")
    run = subprocess.run(
        [sys.executable, str(script), role, bucket, *names],
        env=server.environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found: dict[str, Any] = json.loads(run.stdout.rpartition("found: ")[2])
    return found


@pytest.fixture(scope="module")
def found(server: Server, role: str, bucket: str) -> dict[str, Any]:
    """What the SDK's classes found with each algorithm, all at once."""
    return by_sdk(server, role, bucket, DEFAULT)


def test_kmeans_finds_the_four_corners(found: dict[str, Any]) -> None:
    assert found["kmeans"]["clusters"] == [0, 1, 2, 3]
    assert found["kmeans"]["far"] < 0.5
    assert found["kmeans"]["msd"] == pytest.approx(0.5, rel=0.2)


def test_pca_finds_the_direction_in_which_rows_differ_and_puts_it_last(found: dict[str, Any]) -> None:
    assert found["pca"]["largest, last"] == pytest.approx([1, 0], abs=0.01)


def test_knn_answers_the_labels_of_the_neighbors(found: dict[str, Any]) -> None:
    assert found["knn"] == {"labels": [0, 1, 2, 3], "accuracy": 1}


def test_a_random_cut_forest_scores_what_lies_outside_higher(found: dict[str, Any]) -> None:
    assert found["randomcutforest"]["outside"] > 3 * found["randomcutforest"]["inside"]


def test_factorization_machines_learn_a_table_that_no_sum_of_features_gives(found: dict[str, Any]) -> None:
    assert found["factorization-machines"]["worst"] < 0.1
    assert found["factorization-machines"]["rmse"] < 0.1


def test_xgboost_learns_a_comparison_and_tells_its_metrics(found: dict[str, Any]) -> None:
    high, low = found["xgboost"]["scores"]
    assert high > 0.95
    assert low < 0.05
    assert found["xgboost"]["error"] < 0.02


def test_lda_tells_topics_apart(found: dict[str, Any]) -> None:
    first, second = found["lda"]["mixtures"]
    assert max(first) > 0.9
    assert max(second) > 0.9
    assert first.index(max(first)) != second.index(max(second))


def test_blazingtext_labels_texts(found: dict[str, Any]) -> None:
    assert found["blazingtext"] == {"labels": ["__label__sea", "__label__hill"], "accuracy": 1}


@pytest.mark.heavy
def test_older_versions_of_xgboost_and_other_boosted_trees_learn_too(server: Server, role: str, bucket: str) -> None:
    found = by_sdk(server, role, bucket, HEAVY)
    for version in ("xgboost:1.7-1", "xgboost:0.90-2"):
        high, low = found[version]["scores"]
        assert (high > 0.95, low < 0.05) == (True, True)
    assert found["lightgbm"]["labels"] == found["catboost"]["labels"] == [0, 1, 2, 3]
    assert max(found[name]["loss"] for name in ("lightgbm", "catboost")) < 1


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_networks_learn_topics_relations_addresses_and_the_course_of_a_week(
    server: Server, role: str, bucket: str
) -> None:
    found = by_sdk(server, role, bucket, NEURAL, timeout=1200)
    first, second = found["ntm"]["mixtures"]
    assert min(max(first), max(second)) > 0.8
    assert first.index(max(first)) != second.index(max(second))
    assert found["object2vec"] == {"classes": [1, 0], "width": 16}
    assert found["ipinsights"]["usual"] > found["ipinsights"]["unusual"]
    assert found["ipinsights"]["auc"] > 0.9
    assert found["forecasting-deepar"]["means"] == pytest.approx(found["forecasting-deepar"]["week"], rel=0.1)
