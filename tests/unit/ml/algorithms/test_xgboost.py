"""XGBoost as a built-in algorithm: its data, hyperparameters, log, model and answers."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy import sparse
from sklearn.datasets import dump_svmlight_file

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN, algorithm_for_image
from studiolo.ml.algorithms.container import Channel
from studiolo.ml.algorithms.xgboost import selection
from studiolo.ml.algorithms.xgboost.data import csv_matrix, libsvm_matrix, read_channel
from studiolo.ml.algorithms.xgboost.hyperparameters import settings
from studiolo.ml.algorithms.xgboost.metrics import MEASURES, predicted
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_csv, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

XGBOOST = BUILT_IN["xgboost"]
RECORDIO = "application/x-recordio-protobuf"
RANDOM = np.random.default_rng(11)
FEATURES = RANDOM.normal(size=(400, 3)).round(3)
LABELS = (FEATURES[:, 0] * FEATURES[:, 1] > 0).astype(float)


def channel(path: Path, content_type: str) -> Channel:
    return Channel("train", content_type, {}, (path,))


def libsvm(features: Any, labels: Any) -> bytes:
    buffer = io.BytesIO()
    dump_svmlight_file(features, labels, buffer, zero_based=True)
    return buffer.getvalue()


def parquet_file() -> bytes:
    buffer = io.BytesIO()
    columns = {"label": LABELS, **{f"f{place}": FEATURES[:, place] for place in range(3)}}
    parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/csv", as_csv(FEATURES, LABELS)),
        ("csv", as_csv(FEATURES, LABELS).replace(b",", b";")),
        ("text/libsvm", libsvm(FEATURES, LABELS)),
        (RECORDIO, as_recordio(FEATURES, LABELS)),
        (RECORDIO, as_recordio(sparse.csr_matrix(FEATURES), LABELS)),
        ("application/x-parquet", parquet_file()),
    ],
)
def test_every_content_type_says_the_same(tmp_path: Path, content_type: str, content: bytes) -> None:
    (tmp_path / "data").write_bytes(content)
    data = read_channel(channel(tmp_path / "data", content_type))
    features = data.features if isinstance(data.features, np.ndarray) else data.features.toarray()
    assert features == pytest.approx(FEATURES)
    assert data.labels.tolist() == LABELS.tolist()


def test_weights_are_read_from_the_second_column_and_from_labels(tmp_path: Path) -> None:
    (tmp_path / "csv").write_bytes(b"1,0.5,7\n0,2,8\n")
    data = read_channel(channel(tmp_path / "csv", "text/csv"), csv_weights=True)
    assert data.weights is not None
    assert (data.labels.tolist(), data.weights.tolist(), data.features.tolist()) == ([1, 0], [0.5, 2], [[7], [8]])
    (tmp_path / "libsvm").write_bytes(b"1:0.5 0:7\n0:2 0:8\n")
    data = read_channel(channel(tmp_path / "libsvm", "text/libsvm"))
    assert data.weights is not None
    assert (data.labels.tolist(), data.weights.tolist()) == ([1, 0], [0.5, 2])


def test_rows_of_a_query_are_ranked_together(tmp_path: Path) -> None:
    (tmp_path / "libsvm").write_bytes(b"1 qid:1 0:7\n0 qid:1 0:8\n2 qid:2 0:9\n")
    assert read_channel(channel(tmp_path / "libsvm", "text/libsvm")).groups == (2, 1)


def test_empty_cells_are_missing_and_absent_features_too() -> None:
    assert np.isnan(csv_matrix(b"1,,3\n4,5,nan\n")).tolist() == [[False, True, False], [False, False, True]]
    assert libsvm_matrix("0:1 2:3\n1 1:5\n", 3).toarray().tolist() == [[1, 0, 3], [0, 5, 0]]


@pytest.mark.parametrize(
    ("content_type", "content", "reason"),
    [
        ("text/csv", b"a,b\n1,2\n", "conversion error"),
        ("text/csv", b"1,2\n1,2,3\n", "Expected 2 columns, got 3"),
        ("text/csv", b",2\n1,2\n", "without a label"),
        ("text/csv", b"\n", "No data in train channel path."),
        ("text/libsvm", b"1 x:2\n", "Unable to read the train channel, file data"),
        ("application/x-parquet", b"no parquet", "The Parquet data cannot be read"),
        ("image/png", b"", "Content type 'image/png' is not supported"),
    ],
)
def test_data_that_cannot_be_read_is_refused_with_the_reason(
    tmp_path: Path, content_type: str, content: bytes, reason: str
) -> None:
    (tmp_path / "data").write_bytes(content)
    with pytest.raises(Invalid, match=reason):
        read_channel(channel(tmp_path / "data", content_type))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "'num_round' is required"),
        ({"objective": "multi:softmax"}, "Require input for parameter 'num_class' for multi-classification"),
        ({"objective": "reg:squarederror", "eval_metric": "auc"}, "Metric 'auc' can only be applied"),
        ({"eval_metric": "rmse@2"}, "'eval_metric' has the value 'rmse@2'"),
        ({"subsample": "0"}, "a number greater than 0 and at most 1"),
        ({"tree_method": "gpu_hist"}, "'tree_method' has the value 'gpu_hist'"),
        ({"monotone_constraints": "(1, 0)"}, "either 'exact' or 'hist'"),
        ({"updater": "grow_colmaker,grow_histmaker"}, "Only one tree grow plugin"),
        ({"booster": "gblinear", "updater": "prune"}, "Linear updater should be one of"),
        ({"max_depht": "3"}, "'max_depht'"),
    ],
)
def test_hyperparameters_that_cannot_be_right_are_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        settings({**({"num_round": "1"} if given else {}), **given})


def test_the_metric_of_a_tuning_job_is_measured_beside_those_asked_for() -> None:
    values = {"num_round": "1", "eval_metric": "mae", "_tuning_objective_metric": "validation:rmse"}
    assert settings(values)["eval_metric"] == ("mae", "rmse")


def test_measures_take_probabilities_classes_and_margins() -> None:
    assert MEASURES["accuracy"](np.array([0.0, 1, 1]), np.array([0.2, 0.7, 0.4])) == pytest.approx(2 / 3)
    assert MEASURES["accuracy"](np.array([2.0, 0]), np.array([[0.1, 0.2, 0.7], [0.2, 0.5, 0.3]])) == 0.5
    assert predicted(np.array([-1.0, 0, 1]), "binary:logistic") == pytest.approx([0.2689, 0.5, 0.7311], abs=1e-4)
    assert MEASURES["f1_macro"](np.array([2.0, 0, 1]), np.array([2.0, 0, 1])) == 1


@pytest.mark.parametrize(
    ("objective", "prediction", "expected"),
    [
        ("binary:logistic", 0.75, [1, [0, 1], 0.75, [0.25, 0.75], 0.75]),
        ("multi:softprob", np.array([0.125, 0.875]), [1, [0, 1], 0.875, [0.125, 0.875], 0.875]),
    ],
)
def test_what_is_selected_of_a_prediction_depends_on_the_objective(
    objective: str, prediction: Any, expected: list[Any]
) -> None:
    keys = selection.keys("predicted_label, labels,probability,probabilities,raw_score")
    [found] = selection.select([prediction], keys, objective, 2)
    assert list(found.values()) == expected
    assert selection.encode([found], keys[:2], b"text/csv") == b'1,"[0, 1]"\n'
    [nothing] = selection.select([np.float64(3)], keys[:1], "reg:squarederror", 0)
    assert np.isnan(nothing["predicted_label"])


def test_the_tag_of_an_image_chooses_the_version() -> None:
    from sagemaker import image_uris

    packages = {
        version: next(name for name in algorithm.requirements if name.startswith("xgboost"))
        for version in ("1", "0.90-2", "1.0-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5")
        if (algorithm := algorithm_for_image(image_uris.retrieve("xgboost", "eu-west-1", version)))
    }
    assert [name.partition(";")[0].partition("==")[2] for name in packages.values()] == [
        *("0.90", "0.90", "1.0.2", "1.2.1", "1.3.3", "1.5.2", "1.7.6", "3.0.5"),
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingContainer, str]:
    """A job on the data, and what it printed."""
    container = TrainingContainer(tmp_path_factory.mktemp("xgboost"))
    container.configure(
        {
            "num_round": "200", "objective": "binary:logistic", "eval_metric": "error,accuracy,logloss", "eta": "0.5",
            "early_stopping_rounds": "5",
        },
        {"train": {"ContentType": "text/csv"}, "validation": {"ContentType": "text/csv"}},
    )  # fmt: skip
    container.put("train", as_csv(FEATURES[:300], LABELS[:300]))
    container.put("validation", as_csv(FEATURES[300:], LABELS[300:]))
    return container, container.run_apart(XGBOOST)


def test_the_log_has_a_line_of_metrics_for_each_round_until_it_stops_early(
    trained: tuple[TrainingContainer, str],
) -> None:
    rounds = [line.split("\t") for line in trained[1].splitlines() if line.startswith("[") and "\ttrain-" in line]
    assert [cell.partition(":")[0] for cell in rounds[0]] == [
        *("[0]", "train-error", "train-logloss", "train-accuracy"),
        *("validation-error", "validation-logloss", "validation-accuracy"),
    ]
    losses = [float(line[5].partition(":")[2]) for line in rounds]
    assert len(losses) < 200
    assert losses.index(min(losses)) == len(losses) - 6


PLAIN = """
import sys, xgboost, numpy
plain = xgboost.Booster(model_file=sys.argv[1] + "/xgboost-model")
print(plain.predict(xgboost.DMatrix(numpy.array([[1, 1, 0], [1, -1, 0]]))).tolist())
"""


def test_every_type_of_a_request_is_answered_with_what_plain_xgboost_predicts(
    trained: tuple[TrainingContainer, str],
) -> None:
    job = trained[0]
    expected = json.loads(job.run_python(XGBOOST, PLAIN))
    answers = job.ask_apart(
        XGBOOST,
        ("text/csv", "", b"1,1,0\n1,-1,0"),
        ("text/libsvm", "text/csv", b"0:1 1:1 2:0\n0:1 1:-1 2:0"),
        (RECORDIO, "*/*", as_recordio(np.array([[1.0, 1, 0], [1, -1, 0]]), None)),
        ("text/csv", "application/json", b"1,1,0\n1,-1,0"),
        ("text/csv", "", b"1,1\n"),
        ("text/csv", "", b""),
        ("image/png", "", b"1"),
        ("text/csv", "image/png", b"1,1,0"),
    )
    for _, kind, body in answers[:3]:
        assert kind == "text/csv"
        assert [float(line) for line in body.splitlines()] == pytest.approx(expected)
    scores = [one["score"] for one in json.loads(answers[3][2])["predictions"]]
    assert scores == pytest.approx(expected)
    assert [status for status, _, _ in answers[4:]] == [400, 400, 415, 406]
    assert b"not consistent with feature size of trained model 3" in answers[4][2]


def test_an_environment_variable_selects_what_is_answered(trained: tuple[TrainingContainer, str]) -> None:
    keys = "predicted_label,probabilities"
    asked = ("text/csv", "application/jsonlines", b"1,1,0")
    [(status, kind, body)] = trained[0].ask_apart(XGBOOST, asked, SAGEMAKER_INFERENCE_OUTPUT=keys)
    assert (status, kind) == (200, "application/jsonlines")
    found = json.loads(body)
    assert found["predicted_label"] == 1
    assert found["probabilities"][1] > 0.5
    assert sum(found["probabilities"]) == pytest.approx(1)


def test_folds_leave_a_model_each_which_answer_together(tmp_path: Path) -> None:
    job = TrainingContainer(tmp_path)
    job.configure(
        {"num_round": "3", "objective": "multi:softmax", "num_class": "2", "_kfold": "3"},
        {"train": {"ContentType": "text/csv"}},
    )
    job.put("train", as_csv(FEATURES, LABELS))
    printed = job.run_apart(XGBOOST)
    assert [line for line in printed.splitlines() if line.startswith("Fold")] == ["Fold 0", "Fold 1", "Fold 2"]
    assert len(list((tmp_path / "model").iterdir())) == 3
    [(_, _, body)] = job.ask_apart(XGBOOST, ("text/csv", "", b"1,1,0\n1,-1,0"))
    assert body == b"1.0\n0.0\n"
