"""How good the models of the built-in algorithms are, against the plain library, on data sets that scikit-learn ships.

A quarter of each set is held out (every fourth row). The algorithms run as their containers' programs, on local files.
"""

import csv
import io
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import (
    cluster,
    datasets,
    decomposition,
    ensemble,
    linear_model,
    metrics,
    neighbors,
    pipeline,
    preprocessing,
)

import studiolo
from bench.bench import Bench
from bench.row import Quantity, Row
from studiolo.containers.image import PYTHON
from studiolo.containers.images.resolution import image_of
from studiolo.containers.making import made
from studiolo.ml.algorithms import BUILT_IN, Algorithm
from studiolo.runtimes.uv import unheard

POINTS = 2.0
"""Percentage points by which a share may be below the plain library's, and percent by which an error may be above."""
RECORDIO, CSV = "application/x-recordio-protobuf", "text/csv"
SECONDS = 600

ASK = """
import importlib, json, pathlib, sys
model = importlib.import_module(sys.argv[1] + ".serving").open_model(pathlib.Path(sys.argv[2]))
status, _, body = model(sys.argv[3].encode(), b"application/json", sys.stdin.buffer.read())
assert status == 200, body
print(body.decode())
"""
PLAIN = """
import json, sys
import numpy as np
x, y, z, classes = (np.array(part) for part in json.load(sys.stdin))
settings = json.loads(sys.argv[2])
if sys.argv[1] == "xgboost":
    from xgboost import DMatrix, train
    rounds = settings.pop("num_round")
    print(json.dumps(train(settings, DMatrix(x, label=y), rounds).predict(DMatrix(z)).tolist()))
elif sys.argv[1] == "lightgbm":
    from lightgbm import Dataset, train
    print(json.dumps(train(settings, Dataset(x, y)).predict(z).tolist()))
else:
    from catboost import CatBoostClassifier as Classifier, CatBoostRegressor as Regressor
    model = (Classifier if classes else Regressor)(**settings).fit(x, y)
    print(json.dumps((model.predict_proba(z) if classes else model.predict(z)).tolist()))
"""


@dataclass(frozen=True)
class Set:
    """A data set: rows and labels to learn from, and others; `classes` is 0 for values."""

    name: str
    rows: Any
    labels: Any
    others: Any
    truth: Any
    classes: int

    @classmethod
    def of(cls, name: str, loaded: Any, classes: int, *, scaled: bool = False) -> "Set":
        rows, labels = loaded.data.astype(np.float64), loaded.target.astype(np.float64)
        held = np.arange(len(rows)) % 4 == 3
        if scaled:
            rows = preprocessing.StandardScaler().fit(rows[~held]).transform(rows)
        return cls(name, rows[~held], labels[~held], rows[held], labels[held], classes)


def sets(*, scaled: bool = False) -> list[Set]:
    return [
        Set.of("breast cancer", datasets.load_breast_cancer(), 2, scaled=scaled),
        Set.of("digits", datasets.load_digits(), 10, scaled=scaled),
        Set.of("diabetes", datasets.load_diabetes(), 0, scaled=scaled),
    ]


def measure(bench: Bench) -> Iterator[Row]:
    for name, compare in COMPARISONS.items():
        for number, data in enumerate(sets(scaled=name in SCALED)):
            found = compare(bench.folder / f"{name}-{number}", data)
            if found is not None:
                ours, plain, unit = found
                yield _row(f"{name}, {data.name}", ours, plain, unit)


def _row(name: str, ours: float, plain: float, unit: str) -> Row:
    if unit == "%":
        label, ok = f"≥ plain - {POINTS:g} points", ours >= plain - POINTS
    else:
        label, ok = f"≤ plain + {POINTS:g} %", ours <= plain * (1 + POINTS / 100)
    return Row(name, label, Quantity(ours, unit), Quantity(plain, unit), ours / plain, ok)


Found = tuple[float, float, str]


def _judged(data: Set, ours: Any, plain: Any) -> Found:
    """Accuracies in percent of predicted classes, or root mean squared errors of values."""
    if data.classes:
        return 100 * float(np.mean(ours == data.truth)), 100 * float(np.mean(plain == data.truth)), "%"
    return _rmse(data, ours), _rmse(data, plain), "rmse"


def _rmse(data: Set, predictions: Any) -> float:
    return float(np.sqrt(np.mean(np.square(predictions - data.truth))))


def linear_learner(folder: Path, data: Set) -> Found:
    kind = {0: "regressor", 2: "binary_classifier"}.get(data.classes, "multiclass_classifier")
    settings = {"predictor_type": kind, "wd": 0.01, "epochs": 50}
    if data.classes > 2:
        settings["num_classes"] = data.classes
    answers = _learned("linear-learner", folder, data, settings)["predictions"]
    ours = np.array([answer["predicted_label" if data.classes else "score"] for answer in answers])
    plain = linear_model.LogisticRegression(max_iter=5000) if data.classes else linear_model.LinearRegression()
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), plain)
    return _judged(data, ours, scaled.fit(data.rows, data.labels).predict(data.others))


def knn(folder: Path, data: Set) -> Found:
    kind = "classifier" if data.classes else "regressor"
    settings = {"k": 5, "sample_size": 10_000, "predictor_type": kind, "feature_dim": data.rows.shape[1]}
    ours = np.array([one["predicted_label"] for one in _learned("knn", folder, data, settings)["predictions"]])
    plain = neighbors.KNeighborsClassifier(5) if data.classes else neighbors.KNeighborsRegressor(5)
    return _judged(data, ours, plain.fit(data.rows, data.labels).predict(data.others))


def factorization_machines(folder: Path, data: Set) -> Found | None:
    if data.classes > 2:
        return None
    kind = "binary_classifier" if data.classes else "regressor"
    settings = {
        "predictor_type": kind, "num_factors": 4, "feature_dim": data.rows.shape[1], "epochs": 200, "mini_batch_size": 50,
        "bias_lr": 1.0, "linear_lr": 0.05 if data.classes else 1.0, "factors_lr": 0.001 if data.classes else 0.01,
    }  # fmt: skip
    answers = _learned("factorization-machines", folder, data, settings)["predictions"]
    ours = np.array([answer["predicted_label" if data.classes else "score"] for answer in answers])
    pairs = preprocessing.PolynomialFeatures(interaction_only=True)
    plain = (
        linear_model.LogisticRegression(max_iter=5000) if data.classes else linear_model.RidgeCV(np.logspace(-2, 4, 13))
    )
    predicted = pipeline.make_pipeline(pairs, plain).fit(data.rows, data.labels).predict(data.others)
    return _judged(data, ours, predicted)


def kmeans(folder: Path, data: Set) -> Found:
    settings = {"k": 10, "feature_dim": data.rows.shape[1], "eval_metrics": '["ssd"]'}
    printed = _trained("kmeans", folder, settings, {"train": _records(data.rows)}, RECORDIO)
    plain = cluster.KMeans(10, n_init=10, random_state=0).fit(data.rows).inertia_
    return _last(printed, r"train ssd <loss>=(\S+)"), float(plain), "ssd"


def pca(folder: Path, data: Set) -> Found:
    settings = {"num_components": 5, "feature_dim": data.rows.shape[1], "mini_batch_size": 100}
    channels = {"train": _records(data.rows), "test": _records(data.others)}
    printed = _trained("pca", folder, settings, channels, RECORDIO)
    model = decomposition.PCA(5).fit(data.rows)
    lost = data.others - model.inverse_transform(model.transform(data.others))
    return _last(printed, r"test reconstruction_error <loss>=(\S+)"), float(np.square(lost).sum(axis=1).mean()), "lost"


def random_cut_forest(folder: Path, data: Set) -> Found | None:
    """How well a few rows of another class stand out; an isolation forest is the measure."""
    if not data.classes:
        return None
    usual, strange = (1, 0) if data.classes == 2 else (0, 8)
    rows = np.concatenate([data.rows[data.labels == usual], data.rows[data.labels == strange][:10]])
    mixed = Set(data.name, rows, np.zeros(len(rows)), data.others, data.truth, 0)
    settings = {"feature_dim": rows.shape[1], "num_trees": 100}
    scores = np.array([one["score"] for one in _learned("randomcutforest", folder, mixed, settings)["scores"]])
    kept = np.isin(data.truth, (usual, strange))
    plain = -ensemble.IsolationForest(random_state=0).fit(rows).score_samples(data.others)
    is_strange = data.truth[kept] == strange
    return *(100 * float(metrics.roc_auc_score(is_strange, found[kept])) for found in (scores, plain)), "%"  # type: ignore[return-value]


def lda(folder: Path, data: Set) -> Found | None:
    if data.name != "digits":
        return None
    settings = {"num_topics": 10, "feature_dim": 64, "mini_batch_size": 100, "max_restarts": 3}
    channels = {"train": _records(data.rows), "test": _records(data.others)}
    printed = _trained("lda", folder, settings, channels, RECORDIO)
    model = decomposition.LatentDirichletAllocation(10, doc_topic_prior=0.1, max_iter=50, random_state=0).fit(data.rows)
    return float(np.exp(-_last(printed, r"test pwll <score>=(\S+)"))), model.perplexity(data.others), "perplexity"


def xgboost(folder: Path, data: Set) -> Found:
    objective = {0: "reg:squarederror", 2: "binary:logistic"}.get(data.classes, "multi:softmax")
    settings = {"num_round": 50, "eta": 0.2, "max_depth": 4, "objective": objective}
    if data.classes > 2:
        settings["num_class"] = data.classes
    printed = _trained("xgboost", folder, settings, {"train": _table(data.rows, data.labels)}, CSV)
    assert "[49]\ttrain-" in printed
    answers = _asked("xgboost", folder, CSV, _table(data.others))["predictions"]
    ours, plain = np.array([answer["score"] for answer in answers]), _plain("xgboost", "xgboost", data, settings)
    if data.classes == 2:
        ours, plain = ours > 0.5, plain > 0.5
    return _judged(data, ours, plain)


def lightgbm(folder: Path, data: Set) -> Found:
    settings = {"objective": {0: "regression", 2: "binary"}.get(data.classes, "multiclass"), "verbosity": -1}
    return _boosted("lightgbm", folder, data, {**settings, **({"num_class": data.classes} if data.classes > 2 else {})})


def catboost(folder: Path, data: Set) -> Found:
    settings = {"verbose": 0, "allow_writing_files": False, "iterations": 300, "learning_rate": 0.1, "random_seed": 0}
    return _boosted("catboost", folder, data, settings)


def _boosted(name: str, folder: Path, data: Set, plainly: Mapping[str, Any]) -> Found:
    image = f"{name}-{'classification' if data.classes else 'regression'}-model"
    settings = {"learning_rate": 0.1, "early_stopping_rounds": 50}
    _trained(image, folder, settings, {"train": _table(data.rows, data.labels)}, CSV)
    answer = _asked(image, folder, CSV, _table(data.others))
    ours, plain = np.array(answer.get("probabilities", answer.get("prediction"))), _plain(image, name, data, plainly)
    if data.classes:
        # LightGBM tells of two classes the probability of the second alone.
        ours, plain = ours.argmax(axis=1), plain.argmax(axis=1) if plain.ndim > 1 else plain > 0.5
    return _judged(data, ours, plain)


COMPARISONS: Mapping[str, Callable[[Path, Set], Found | None]] = {
    "linear-learner": linear_learner,
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "knn": knn,
    "factorization-machines": factorization_machines,
    "kmeans": kmeans,
    "pca": pca,
    "randomcutforest": random_cut_forest,
    "lda": lda,
}
SCALED = ("factorization-machines",)


def _learned(name: str, folder: Path, data: Set, settings: Mapping[str, Any]) -> Any:
    """Train on records of the set; the answer to its other rows."""
    _trained(name, folder, settings, {"train": _records(data.rows, data.labels)}, RECORDIO)
    body = json.dumps({"instances": [{"features": row} for row in data.others.tolist()]}).encode()
    return _asked(name, folder, "application/json", body)


def _trained(
    name: str, base: Path, settings: Mapping[str, Any], channels: Mapping[str, bytes], content_type: str
) -> str:
    """What the algorithm's program prints, which leaves its model in the folder."""
    config = base / "input/config"
    config.mkdir(parents=True)
    given = {key: str(value) for key, value in settings.items()}
    (config / "hyperparameters.json").write_text(json.dumps(given))
    types = {channel: {"ContentType": content_type, "TrainingInputMode": "File"} for channel in channels}
    (config / "inputdataconfig.json").write_text(json.dumps(types))
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
    for channel, content in channels.items():
        (base / "input/data" / channel).mkdir(parents=True)
        (base / "input/data" / channel / "data").write_bytes(content)
    python = _python(BUILT_IN[name])
    command = [python if word == PYTHON else word for word in image_of(BUILT_IN[name], name).command("train")]
    return _run(command, SAGEMAKER_BASE_DIR=str(base))


def _asked(name: str, base: Path, content_type: str, body: bytes) -> Any:
    algorithm = BUILT_IN[name]
    package = re.sub(r"\.(classification|regression)$", "", algorithm.module)
    return json.loads(_run([_python(algorithm), "-c", ASK, package, str(base / "model"), content_type], body))


def _plain(image: str, name: str, data: Set, settings: Mapping[str, Any]) -> Any:
    """The plain library's predictions of the set's other rows, in the algorithm's environment."""
    parts = json.dumps([data.rows.tolist(), data.labels.tolist(), data.others.tolist(), data.classes]).encode()
    return np.array(json.loads(_run([_python(BUILT_IN[image]), "-c", PLAIN, name, json.dumps(settings)], parts)))


def _python(algorithm: Algorithm) -> str:
    return str(made(image_of(algorithm, algorithm.name).environment, Path(tempfile.gettempdir()), unheard))


def _run(command: list[str], body: bytes = b"", **variables: str) -> str:
    packages = str(Path(studiolo.__file__).parent.parent)
    # One thread: nothing is timed here, and sums come out the same each time.
    environment = {**os.environ, "PYTHONPATH": packages, "OMP_NUM_THREADS": "1", **variables}
    run = subprocess.run(command, env=environment, input=body, capture_output=True, timeout=SECONDS, check=False)
    if run.returncode:
        raise RuntimeError((run.stdout + run.stderr).decode()[-2000:])
    return run.stdout.decode()


def _records(rows: Any, labels: Any = None) -> bytes:
    from sagemaker.amazon.common import write_numpy_to_dense_tensor

    buffer = io.BytesIO()
    write_numpy_to_dense_tensor(buffer, rows.astype("float32"), None if labels is None else labels.astype("float32"))
    return buffer.getvalue()


def _table(rows: Any, labels: Any = None) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows((rows if labels is None else np.column_stack([labels, rows])).tolist())
    return text.getvalue().encode()


def _last(printed: str, expression: str) -> float:
    return float(re.findall(expression, printed)[-1])
