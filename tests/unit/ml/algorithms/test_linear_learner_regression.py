"""linear-learner as a regressor: it must be as good as the best there is, and each loss do what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from training_container import Data, TrainingContainer

    Train = Callable[..., TrainingContainer]


@pytest.fixture(scope="module")
def air() -> Data:
    """Readings in very different units, with two columns that nearly say the same and one that says nothing."""
    random = np.random.default_rng(3)
    features = random.normal(size=(1500, 8)) * [1, 1e4, 1e-3, 5, 5, 1, 20, 1] + [0, 1e5, 0, -300, 7, 0, 0, 0]
    features[:, 4] = features[:, 3] + random.normal(size=1500) * 1e-2
    features[:, 7] = 4.5
    labels = 60 + features @ [3, 2e-4, 500, 0.5, -0.2, 0, 0.1, 0] + random.standard_t(4, size=1500) * 5
    return features, labels


def test_the_default_regressor_is_the_least_squares_fit(trained: Train, air: Data) -> None:
    from sklearn.linear_model import LinearRegression

    features, labels = air
    model = trained(air, predictor_type="regressor").model
    best = LinearRegression().fit(features, labels)
    np.testing.assert_allclose(model.predict(features)["score"], best.predict(features), rtol=1e-6)
    np.testing.assert_allclose(model.weights[:7], best.coef_[:7], rtol=1e-4, atol=1e-7)


def test_the_log_tells_the_errors_in_the_units_of_the_label(trained: Train, air: Data) -> None:
    features, labels = air
    job = trained(air, validation=air, test=air, predictor_type="regressor")
    errors = job.model.predict(features)["score"] - labels
    for channel in ("train", "validation", "test"):
        assert job.last(f"{channel}:mse") == pytest.approx(np.mean(errors**2))
        assert job.last(f"{channel}:absolute_loss") == pytest.approx(np.mean(np.abs(errors)))
        assert job.last(f"{channel}:objective_loss") == pytest.approx(np.mean(errors**2))


@pytest.mark.parametrize("choice", [{"normalize_data": "false"}, {"normalize_label": "false", "unbias_label": "false"}])
def test_normalizing_does_not_change_what_least_squares_predicts(
    trained: Train, air: Data, choice: dict[str, str]
) -> None:
    features, labels = air[0][:, :7], air[1]
    plain = trained((features, labels), predictor_type="regressor").model
    other = trained((features, labels), predictor_type="regressor", **choice).model
    np.testing.assert_allclose(other.predict(features)["score"], plain.predict(features)["score"], rtol=1e-6)


def test_changing_the_units_of_the_features_changes_no_prediction(trained: Train, air: Data) -> None:
    features, labels = air[0][:, [0, 3, 5, 6]], air[1]
    units = np.array([1e6, 1e-3, 42.0, 1.0])
    settings = {"predictor_type": "regressor", "loss": "huber_loss", "l1": 0.01, "wd": 0.01}
    plain = trained((features, labels), **settings).model
    other = trained((features * units, labels), **settings).model
    np.testing.assert_allclose(other.predict(features * units)["score"], plain.predict(features)["score"], rtol=1e-3)


def test_csv_recordio_and_sparse_recordio_give_the_same_model(trained: Train) -> None:
    matrix = sparse.random(400, 12, 0.3, format="csr", dtype="float32", random_state=5)
    labels = (matrix @ np.arange(12) + np.random.default_rng(1).normal(size=400)).astype("float32")
    recordio = {"content_type": "application/x-recordio-protobuf", "predictor_type": "regressor", "feature_dim": 12}
    from_csv = trained((matrix.toarray(), labels), predictor_type="regressor").model
    from_recordio = trained((matrix.toarray(), labels), **recordio).model
    from_sparse = trained((matrix, labels), **recordio).model
    np.testing.assert_allclose(from_recordio.weights, from_csv.weights, rtol=1e-6)
    np.testing.assert_allclose(from_sparse.weights, from_csv.weights, rtol=1e-5)


def test_sparse_features_train_under_every_way_of_solving(trained: Train) -> None:
    matrix = sparse.random(400, 12, 0.3, format="csr", dtype="float32", random_state=5)
    labels = (matrix @ np.arange(12) + 3).astype("float32")
    recordio = {"content_type": "application/x-recordio-protobuf", "predictor_type": "regressor"}
    for settings in ({"loss": "absolute_loss", "epochs": 40}, {"l1": 1e-6, "epochs": 40}, {"unbias_data": "true"}):
        model = trained((matrix, labels), **recordio, **settings).model
        np.testing.assert_allclose(model.weights, np.arange(12), atol=0.05)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantile_loss_predicts_the_quantile(trained: Train, air: Data, quantile: float) -> None:
    features, labels = air
    model = trained(air, predictor_type="regressor", loss="quantile_loss", quantile=quantile).model
    assert np.mean(labels < model.predict(features)["score"]) == pytest.approx(quantile, abs=0.01)


@pytest.mark.parametrize(("count", "width", "seed"), [(400, 2, 0), (400, 2, 6), (300, 3, 6)])
def test_quantile_loss_is_as_low_as_a_linear_program_finds_it(
    trained: Train, count: int, width: int, seed: int
) -> None:
    from sklearn.linear_model import QuantileRegressor

    # Few distinct values: many examples lie on a kink of the loss at once.
    random = np.random.default_rng(seed)
    features = (random.random((count, width)) < 0.3).astype(float)
    labels = np.round(features @ np.arange(1, width + 1) + random.normal(size=count))
    job = trained((features, labels), predictor_type="regressor", loss="quantile_loss", quantile=0.95)
    error = labels - QuantileRegressor(quantile=0.95, alpha=0).fit(features, labels).predict(features)
    least = np.mean(np.maximum(0.95 * error, -0.05 * error))
    assert job.last("train:objective_loss:final") == pytest.approx(least, rel=1e-3)


def test_outliers_pull_squared_loss_but_not_absolute_and_huber_loss(trained: Train) -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(600, 2))
    labels = features @ [1.0, -2.0] + random.normal(size=600) * 0.1
    labels[::20] += 500
    bias = {
        loss: float(trained((features, labels), predictor_type="regressor", loss=loss, huber_delta=0.01).model.bias)
        for loss in ("squared_loss", "absolute_loss", "huber_loss", "eps_insensitive_absolute_loss")
    }
    assert bias["squared_loss"] > 20
    assert abs(bias["absolute_loss"]) < 0.1
    assert abs(bias["huber_loss"]) < 2
    assert abs(bias["eps_insensitive_absolute_loss"]) < 5


@pytest.mark.parametrize("loss", ["eps_insensitive_absolute_loss", "eps_insensitive_squared_loss"])
def test_errors_within_the_insensitivity_count_nothing(trained: Train, loss: str) -> None:
    random = np.random.default_rng(2)
    features = random.normal(size=(300, 2))
    labels = features @ [1.0, -2.0] + random.uniform(-0.4, 0.4, size=300)
    job = trained(
        (features, labels), predictor_type="regressor", loss=loss, loss_insensitivity=0.5, normalize_label="false"
    )
    assert job.last("train:objective_loss:final") == pytest.approx(0, abs=1e-4)


def test_weight_decay_shrinks_weights_and_l1_drops_those_that_matter_least(trained: Train) -> None:
    random = np.random.default_rng(4)
    features = random.normal(size=(500, 6))
    data = features, features @ [5, 3, 0.1, 0, 0, 0] + random.normal(size=500)
    free = trained(data, predictor_type="regressor").model.weights
    decayed = trained(data, predictor_type="regressor", wd=1).model.weights
    sparse_weights = trained(data, predictor_type="regressor", l1=0.1).model.weights
    assert np.linalg.norm(decayed) < 0.8 * np.linalg.norm(free)
    assert np.flatnonzero(np.abs(sparse_weights) > 1e-6).tolist() == [0, 1]


def test_without_bias_the_fit_goes_through_the_origin(trained: Train, air: Data) -> None:
    features, labels = air[0][:, [0, 3, 5, 6]], air[1]
    model = trained((features, labels), predictor_type="regressor", use_bias="false").model
    assert model.bias == 0
    np.testing.assert_allclose(model.weights, np.linalg.lstsq(features, labels, rcond=None)[0], rtol=1e-6)


def test_several_models_are_trained_and_the_best_on_validation_data_is_kept(trained: Train) -> None:
    random = np.random.default_rng(8)
    features = random.normal(size=(80, 40))
    labels = features[:, 0] + random.normal(size=80)
    train, validation = (features[:45], labels[:45]), (features[45:], labels[45:])
    one = trained(train, validation=validation, predictor_type="regressor", num_models=1)
    several = trained(train, validation=validation, predictor_type="regressor", num_models=9)
    assert several.last("validation:mse") < 0.8 * one.last("validation:mse")
