"""A training job of BlazingText."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fasttext

from studiolo.domain import Invalid
from studiolo.ml.algorithms.blazingtext.hyperparameters import SUPERVISED, TABLE, settings
from studiolo.ml.algorithms.channels import opened
from studiolo.ml.algorithms.job import channels_of, configuration

if TYPE_CHECKING:
    import logging

    from studiolo.ml.algorithms.container import Channel, Container, StopRequest

MODEL, VECTORS, TEXT = "model.bin", "vectors.bin", "vectors.txt"
LABEL = "__label__"


def train(container: Container, log: logging.Logger, _stop: StopRequest) -> None:
    """Train on the container's channels and leave the model there. Raises Invalid for what users can mend."""
    configuration(container, TABLE, log)
    chosen = settings(container.hyperparameters)
    channels = channels_of(container, "text/plain", "train", "validation")
    container.model.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        files = {name: _one_file(channel, Path(place) / name) for name, channel in channels.items()}
        try:
            if chosen["mode"] == SUPERVISED:
                _classify(files, chosen, container.model, log)
            else:
                _embed(files["train"], chosen, container.model, log)
        except ValueError as error:
            # What fastText cannot do with the data, such as an empty vocabulary.
            raise Invalid(f"Unable to learn from the train channel: {error}") from error


def _one_file(channel: Channel, path: Path) -> Path:
    """The lines of all files of the channel in one."""
    with path.open("wb") as joined:
        for source in channel.sources:
            with opened(source) as stream:
                shutil.copyfileobj(stream, joined)
            joined.write(b"\n")
    if not path.read_bytes().strip():
        raise Invalid(f"The {channel.name} channel has no data.")
    return path


def _classify(files: dict[str, Path], chosen: dict[str, Any], folder: Path, log: logging.Logger) -> None:
    for name, path in files.items():
        _check_labels(path, name)
    model = fasttext.train_supervised(
        input=str(files["train"]),
        lr=chosen["learning_rate"],
        wordNgrams=chosen["word_ngrams"],
        **_common(chosen),
    )
    model.save_model(str(folder / MODEL))
    for name, path in files.items():
        examples, precision, _ = model.test(str(path))
        log.info("#%s_accuracy: %.4f", name, precision)
        log.info("Number of %s examples: %d", name, examples)


def _check_labels(path: Path, channel: str) -> None:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.lstrip().startswith(LABEL):
                raise Invalid(f"Line {number} of the {channel} channel does not begin with a label, such as {LABEL}1.")


def _embed(path: Path, chosen: dict[str, Any], folder: Path, log: logging.Logger) -> None:
    model = fasttext.train_unsupervised(
        input=str(path),
        model="cbow" if chosen["mode"] == "cbow" else "skipgram",
        loss="ns",
        lr=chosen["learning_rate"],
        ws=chosen["window_size"],
        neg=chosen["negative_samples"],
        t=chosen["sampling_threshold"],
        **_common(chosen),
    )
    model.save_model(str(folder / VECTORS))
    words = model.get_words()
    with (folder / TEXT).open("w", encoding="utf-8") as text:
        text.write(f"{len(words)} {model.get_dimension()}\n")
        for word in words:
            text.write(" ".join([word, *(f"{value:.6g}" for value in model.get_word_vector(word))]) + "\n")
    log.info("%d words have vectors of %d dimensions.", len(words), model.get_dimension())


def _common(chosen: dict[str, Any]) -> dict[str, Any]:
    characters = (chosen["min_char"], chosen["max_char"]) if chosen["subwords"] else (0, 0)
    return {
        "dim": chosen["vector_dim"],
        "epoch": chosen["epochs"],
        "minCount": chosen["min_count"],
        "bucket": chosen["buckets"],
        "minn": characters[0],
        "maxn": characters[1],
        "verbose": 0,
    }
