"""linear-learner as a program in its container: epochs, stopping, and failures that a person can read."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from studiolo.ml.algorithms.container import StopRequest
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_csv, as_recordio

if TYPE_CHECKING:
    from collections.abc import Callable

    Train = Callable[..., TrainingContainer]

RANDOM = np.random.default_rng(21)
FEATURES = RANDOM.normal(size=(300, 4))
LABELS = FEATURES @ [1.0, 2.0, 3.0, 4.0] + RANDOM.normal(size=300)
CSV = {"train": {"ContentType": "text/csv;label_size=1", "TrainingInputMode": "File"}}
RECORDIO = {"train": {"TrainingInputMode": "File", "S3DistributionType": "ShardedByS3Key"}}
ABSOLUTE = {"predictor_type": "regressor", "loss": "absolute_loss"}


def epochs_of(job: TrainingContainer) -> int:
    return sum("#progress_metric" in line for line in job.log.lines)


def test_files_in_folders_and_compressed_ones_make_one_channel(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor", "feature_dim": "4"}, CSV)
    container.put("train", as_csv(FEATURES[:100], LABELS[:100]), "year=2015/part-0.csv")
    container.put("train", gzip.compress(as_csv(FEATURES[100:200], LABELS[100:200])), "year=2016/part-0.csv.gz")
    container.put("train", as_csv(FEATURES[200:], LABELS[200:]), "year=2016/part-1.csv")
    container.put("train", b"not data", "year=2016/.part-1.csv.crc")
    assert container.run() == 0
    assert "Read the train channel: 300 examples of 4 features." in container.log.lines


def test_recordio_is_the_content_type_of_a_channel_that_names_none(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor"}, RECORDIO)
    container.put("train", as_recordio(FEATURES.astype("float32"), LABELS.astype("float32")))
    assert container.run() == 0
    assert container.last("train:progress") == 100
    assert container.last("train:throughput") > 0


def test_a_channel_in_pipe_mode_is_read_from_its_pipe(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor"}, {"train": {**CSV["train"], "TrainingInputMode": "Pipe"}})
    pipe = container.base / "input" / "data" / "train_0"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(as_csv(FEATURES, LABELS)), daemon=True)
    writer.start()
    assert container.run() == 0
    writer.join()
    assert "Read the train channel: 300 examples of 4 features." in container.log.lines


def test_no_more_epochs_are_run_than_asked_for(trained: Train) -> None:
    job = trained((FEATURES, LABELS), epochs=1, **ABSOLUTE)
    assert epochs_of(job) == 1
    assert job.last("train:progress") == 100


def test_training_stops_early_where_the_tolerance_is_wide(trained: Train) -> None:
    patient = trained((FEATURES, LABELS), early_stopping_patience=100, **ABSOLUTE)
    hasty = trained((FEATURES, LABELS), early_stopping_patience=1, early_stopping_tolerance=0.5, **ABSOLUTE)
    assert epochs_of(hasty) == 2 < epochs_of(patient)
    assert "Early stop condition met. Stopping training." in hasty.log.lines


def test_the_model_kept_is_the_one_that_did_best_on_validation_data(trained: Train) -> None:
    # More features than examples: what is learned last is noise, and probabilities grow too sure.
    features = RANDOM.normal(size=(120, 60))
    labels = (features[:, 0] + RANDOM.normal(size=120) > 0).astype(float)
    by_loss = {"binary_classifier_model_selection_criteria": "loss_function", "early_stopping_patience": 100}
    train, validation = (features[:60], labels[:60]), (features[60:], labels[60:])
    job = trained(train, validation=validation, predictor_type="binary_classifier", **by_loss)
    told = [line for line in job.log.lines if "epoch=" in line and ", validation" in line]
    losses = [float(line.split("=")[-1]) for line in told]
    assert losses[-1] > min(losses)
    assert job.last("validation:objective_loss:final") == pytest.approx(min(losses))


def test_a_stop_request_ends_training_with_the_model_so_far(container: TrainingContainer) -> None:
    container.configure({**ABSOLUTE, "epochs": "1000"}, CSV)
    container.put("train", as_csv(FEATURES, LABELS))
    request = StopRequest()
    request.received = True
    assert container.run(request) == 0
    assert epochs_of(container) == 1
    assert container.model.feature_dim == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"1,2,3\n4,NA,6\n",
            "train channel, file part-0: Line 2, column 2 of the CSV data is 'NA', which is not a number",
        ),
        (b"1,2,3\n\n4,5\n", "Line 3 of the CSV data has 2 columns; the lines before it have 3"),
        (b"label,a,b\n1,2,3\n", "Line 1, column 1 of the CSV data is 'label'"),
        (b"1\n2\n", "a label and at least one feature are expected"),
        (b"1,2,nan\n", "values that are not finite numbers"),
        (b"1,2,1e39\n", "values beyond 3.4e38"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"", "The train channel has no data"),
    ],
)
def test_a_corrupt_csv_channel_fails_with_a_reason(container: TrainingContainer, content: bytes, reason: str) -> None:
    container.configure({"predictor_type": "regressor"}, CSV)
    container.put("train", content)
    assert container.run() == 1
    assert container.failure.startswith("ClientError: ")
    assert reason in container.failure


def test_a_corrupt_recordio_channel_fails_with_the_place(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor"}, RECORDIO)
    container.put("train", as_recordio(FEATURES.astype("float32"), LABELS.astype("float32"))[:-5], "data.pbr")
    assert container.run() == 1
    assert "Unable to read the train channel, file data.pbr: RecordIO data is cut off at byte" in container.failure


def test_records_without_labels_fail_with_a_reason(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor"}, RECORDIO)
    container.put("train", as_recordio(FEATURES.astype("float32"), None))
    assert container.run() == 1
    assert "The examples have no labels." in container.failure


@pytest.mark.parametrize(
    ("hyperparameters", "labels", "reason"),
    [
        (
            {"predictor_type": "regressor", "feature_dim": "5"},
            LABELS,
            "has 4 features, but hyperparameter 'feature_dim' is 5",
        ),
        (
            {"predictor_type": "binary_classifier"},
            np.full(300, 2.0),
            "has the label 2; the labels of a binary_classifier",
        ),
        ({"predictor_type": "binary_classifier"}, np.zeros(300), "All labels of the train channel are 0"),
        ({"predictor_type": "multiclass_classifier", "num_classes": "3"}, np.arange(300) % 4, "integers from 0 to 2"),
        ({"predictor_type": "regressor", "epochs": "none"}, LABELS, "'epochs' has the value 'none'; allowed is"),
    ],
)
def test_data_that_does_not_fit_the_hyperparameters_fails_with_a_reason(
    container: TrainingContainer,
    hyperparameters: dict[str, str],
    labels: np.ndarray,
    reason: str,
) -> None:
    container.configure(hyperparameters, CSV)
    container.put("train", as_csv(FEATURES, labels))
    assert container.run() == 1
    assert container.failure.startswith("ClientError: ")
    assert reason in container.failure


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        ({"validation": CSV["train"]}, "The train channel is missing"),
        ({**CSV, "extra": CSV["train"]}, "Channel 'extra' is not known"),
        ({"train": {"ContentType": "image/png"}}, "Content type 'image/png' is not supported"),
        ({"train": {"ContentType": "text/csv;label_size=2"}}, "label_size is 2"),
    ],
)
def test_channels_that_cannot_be_used_fail_with_a_reason(
    container: TrainingContainer, channels: dict[str, dict[str, str]], reason: str
) -> None:
    container.configure({"predictor_type": "regressor"}, channels)
    container.put("train", as_csv(FEATURES, LABELS))
    assert container.run() == 1
    assert reason in container.failure


def test_the_program_logs_like_the_real_one_and_exits_by_its_outcome(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor", "epochs": "0"}, CSV)
    container.put("train", as_csv(FEATURES, LABELS))
    environment = {**os.environ, "SAGEMAKER_BASE_DIR": str(container.base)}
    command = [sys.executable, "-m", "studiolo.ml.algorithms.linear_learner", "train"]
    failed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert container.failure in failed.stdout
    container.configure({"predictor_type": "regressor"}, CSV)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(line.startswith("[") and " INFO " in line for line in done.stdout.splitlines())
    assert container.model.feature_dim == 4


def test_of_several_instances_the_first_alone_learns(container: TrainingContainer) -> None:
    container.configure({"predictor_type": "regressor"}, CSV)
    container.put("train", as_csv(FEATURES, LABELS))
    resources = container.base / "input/config/resourceconfig.json"
    resources.write_text(json.dumps({"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}))
    assert container.run() == 0
    assert "learns on one instance, algo-1" in container.log.lines[0]
    assert not (container.base / "model").exists()
    container.configure({"predictor_type": "regressor"}, RECORDIO)
    resources.write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1", "algo-2"]}))
    assert container.run() == 1
    assert "must be given all the data: FullyReplicated" in container.failure
