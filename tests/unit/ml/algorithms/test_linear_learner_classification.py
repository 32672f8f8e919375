"""linear-learner as a classifier of two and of several classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from training_container import Data, TrainingContainer

    Train = Callable[..., TrainingContainer]

BINARY = {"predictor_type": "binary_classifier"}
MULTICLASS = {"predictor_type": "multiclass_classifier", "num_classes": 4}


@pytest.fixture(scope="module")
def rare() -> Data:
    """Two overlapping classes, one of ten examples positive."""
    random = np.random.default_rng(11)
    labels = (random.random(2000) < 0.1).astype(float)
    return random.normal(size=(2000, 3)) * [1, 10, 100] + labels[:, None] * [1.5, 10, 0], labels


@pytest.fixture(scope="module")
def several() -> Data:
    """Four classes of 10, 20, 30 and 40 %, around centers that lie close together."""
    random = np.random.default_rng(12)
    labels = random.choice(4, p=[0.1, 0.2, 0.3, 0.4], size=2000).astype(float)
    centers = np.array([[0, 0], [2, 0], [0, 2], [2, 2]])
    return random.normal(size=(2000, 2)) + centers[labels.astype(int)], labels


def precision_and_recall(said: NDArray[Any], labels: NDArray[Any]) -> tuple[float, float]:
    hits = np.sum((said == 1) & (labels == 1))
    return float(hits / np.sum(said == 1)), float(hits / np.sum(labels == 1))


def test_logistic_loss_gives_the_probabilities_of_a_logistic_regression(trained: Train, rare: Data) -> None:
    from sklearn.linear_model import LogisticRegression

    features, labels = rare
    model = trained(rare, **BINARY).model
    best = LogisticRegression(C=np.inf, tol=1e-8, max_iter=2000).fit(features / features.std(axis=0), labels)
    expected = best.predict_proba(features / features.std(axis=0))[:, 1]
    np.testing.assert_allclose(model.predict(features)["score"], expected, atol=1e-3)


def test_weight_decay_is_the_penalty_of_a_logistic_regression(trained: Train, rare: Data) -> None:
    from sklearn.linear_model import LogisticRegression

    features, labels = (rare[0] - rare[0].mean(axis=0)) / rare[0].std(axis=0), rare[1]
    model = trained((features, labels), wd=0.05, **BINARY).model
    best = LogisticRegression(C=1 / (0.05 * len(labels)), tol=1e-8).fit(features, labels)
    np.testing.assert_allclose(model.weights, best.coef_[0], atol=1e-4)
    held = trained((features, labels), wd=0.05, bias_wd_mult=10, **BINARY).model
    assert abs(held.bias) < 0.5 * abs(model.bias)


def test_the_log_tells_the_scores_of_a_binary_classifier(trained: Train, rare: Data) -> None:
    from sklearn import metrics

    features, labels = rare
    job = trained(rare, validation=rare, f_beta=2, **BINARY)
    answer = job.model.predict(features)
    said = answer["predicted_label"]
    assert job.last("validation:binary_classification_accuracy") == pytest.approx(metrics.accuracy_score(labels, said))
    assert job.last("validation:binary_f_beta") == pytest.approx(metrics.fbeta_score(labels, said, beta=2))
    assert job.last("validation:precision") == pytest.approx(metrics.precision_score(labels, said))
    assert job.last("validation:recall") == pytest.approx(metrics.recall_score(labels, said))
    assert job.last("validation:roc_auc_score") == pytest.approx(metrics.roc_auc_score(labels, answer["score"]))
    assert job.last("train:objective_loss:final") == pytest.approx(metrics.log_loss(labels, answer["score"]))


def test_hinge_loss_separates_classes_as_a_support_vector_machine_does(trained: Train, rare: Data) -> None:
    from sklearn.svm import LinearSVC

    features, labels = rare[0] / rare[0].std(axis=0), rare[1]
    balanced = {"loss": "hinge_loss", "positive_example_weight_mult": "balanced"}
    job = trained((features, labels), binary_classifier_model_selection_criteria="loss_function", **balanced, **BINARY)
    machine = LinearSVC(loss="hinge", C=100, class_weight="balanced", dual=True, max_iter=20000).fit(features, labels)
    agreement = np.mean(job.model.predict(features)["predicted_label"] == machine.predict(features))
    assert agreement > 0.97


def test_positive_examples_weigh_what_was_asked_for(trained: Train, rare: Data) -> None:
    def recall(weight: str) -> float:
        settings = {
            "positive_example_weight_mult": weight,
            "binary_classifier_model_selection_criteria": "loss_function",
        }
        said = trained(rare, **settings, **BINARY).model.predict(rare[0])["predicted_label"]
        return precision_and_recall(said, rare[1])[1]

    assert recall("1") < recall("3") < recall("balanced") < recall("100")
    assert recall("balanced") == pytest.approx(recall(str((rare[1] == 0).sum() / (rare[1] == 1).sum())))


def test_the_threshold_holds_recall_and_raises_precision(trained: Train, rare: Data) -> None:
    criterion = {"binary_classifier_model_selection_criteria": "precision_at_target_recall", "target_recall": 0.9}
    model = trained(rare, validation=rare, **criterion, **BINARY).model
    precision, recall = precision_and_recall(model.predict(rare[0])["predicted_label"], rare[1])
    assert recall >= 0.9
    stricter = model.predict(rare[0])["score"] >= np.nextafter(model.kind.threshold + 0.02, 1)
    assert precision_and_recall(stricter, rare[1])[1] < 0.9
    assert precision > 0.1


def test_the_threshold_holds_precision_and_raises_recall(trained: Train, rare: Data) -> None:
    criterion = {"binary_classifier_model_selection_criteria": "recall_at_target_precision", "target_precision": 0.7}
    model = trained(rare, validation=rare, **criterion, **BINARY).model
    scores = model.predict(rare[0])["score"]
    precision, recall = precision_and_recall(scores >= model.kind.threshold, rare[1])
    assert precision >= 0.7
    others = [precision_and_recall(scores >= cut, rare[1]) for cut in np.quantile(scores, np.linspace(0, 0.995, 200))]
    assert recall >= max(found for held, found in others if held >= 0.7)


def test_the_threshold_of_f_beta_beats_the_natural_one_on_rare_classes(trained: Train, rare: Data) -> None:
    f1 = trained(rare, binary_classifier_model_selection_criteria="f_beta", **BINARY)
    natural = trained(rare, binary_classifier_model_selection_criteria="cross_entropy_loss", **BINARY)
    assert natural.model.kind.threshold == 0.5
    assert f1.last("train:binary_f_beta") > natural.last("train:binary_f_beta") + 0.05


def test_softmax_gives_the_probabilities_of_a_multinomial_regression(trained: Train, several: Data) -> None:
    from sklearn.linear_model import LogisticRegression

    features, labels = several
    answer = trained(several, **MULTICLASS).model.predict(features)
    best = LogisticRegression(C=np.inf, tol=1e-8, max_iter=2000).fit(features, labels)
    np.testing.assert_allclose(answer["score"], best.predict_proba(features), atol=1e-3)
    np.testing.assert_array_equal(answer["predicted_label"], answer["score"].argmax(axis=1))


def test_the_log_tells_the_scores_of_a_multiclass_classifier(trained: Train, several: Data) -> None:
    from sklearn import metrics

    features, labels = several
    job = trained(several, test=several, accuracy_top_k=2, **MULTICLASS)
    answer = job.model.predict(features)
    said, precision = answer["predicted_label"], metrics.precision_score
    assert job.last("test:multiclass_accuracy") == pytest.approx(metrics.accuracy_score(labels, said))
    assert job.last("test:macro_recall") == pytest.approx(metrics.recall_score(labels, said, average="macro"))
    assert job.last("test:macro_precision") == pytest.approx(precision(labels, said, average="macro"))
    top_2 = metrics.top_k_accuracy_score(labels, answer["score"], k=2)
    assert job.last("test:multiclass_top_k_accuracy") == pytest.approx(top_2)
    assert job.last("test:multiclass_accuracy") < job.last("test:dcg") < 1


def test_balanced_class_weights_help_the_rare_class(trained: Train, several: Data) -> None:
    def recall_of_rare(**settings: str) -> float:
        said = trained(several, **settings, **MULTICLASS).model.predict(several[0])["predicted_label"]
        return float(np.mean(said[several[1] == 0] == 0))

    assert recall_of_rare(balance_multiclass_weights="true") > recall_of_rare() + 0.1


def test_weight_of_positives_is_chosen_where_it_is_auto(trained: Train, rare: Data) -> None:
    f1 = {"binary_classifier_model_selection_criteria": "f1"}
    chosen = trained(rare, validation=rare, positive_example_weight_mult="auto", **f1, **BINARY)
    plain = trained(rare, validation=rare, **f1, **BINARY)
    assert chosen.last("validation:binary_f_beta") >= plain.last("validation:binary_f_beta")


def test_classes_that_a_line_tells_apart_are_told_apart(trained: Train) -> None:
    features = np.random.default_rng(1).normal(size=(400, 2))
    job = trained((features, (features.sum(axis=1) > 0).astype(float)), **BINARY)
    assert job.last("train:binary_classification_accuracy") == 1
    assert np.isfinite(job.model.weights).all()
