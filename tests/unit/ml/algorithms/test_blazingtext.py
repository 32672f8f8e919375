"""BlazingText: labels and vectors learned from texts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN
from tests.unit.ml.algorithms.training_container import TrainingContainer

if TYPE_CHECKING:
    from pathlib import Path

BLAZING = BUILT_IN["blazingtext"]
RANDOM = np.random.default_rng(19)
WORDS = {"sea": ["wave", "boat", "salt", "tide"], "hill": ["rock", "goat", "snow", "pine"]}
TEXTS = [(place, " ".join(RANDOM.choice(WORDS[place], 8))) for place in RANDOM.choice(["sea", "hill"], 600)]


def job(base: Path, lines: list[str], **hyperparameters: str) -> TrainingContainer:
    container = TrainingContainer(base)
    container.configure(hyperparameters, {"train": {}, "validation": {}})
    container.put("train", "\n".join(lines[:500]).encode())
    container.put("validation", "\n".join(lines[500:]).encode())
    return container


def test_labels_of_texts_are_learned(tmp_path: Path) -> None:
    container = job(tmp_path, [f"__label__{place} {text}" for place, text in TEXTS], mode="supervised", buckets="1000")
    printed = container.run_apart(BLAZING)
    assert "#validation_accuracy: 1.0000" in printed
    whole, lines, wrong = container.ask_apart(
        BLAZING,
        ("application/json", "", b'{"instances": ["boat on a wave", "goat"], "configuration": {"k": 2}}'),
        ("application/jsonlines", "", b'{"source": "snow and pine"}\n'),
        ("application/json", "", b'{"instances": [1]}'),
    )
    answers = json.loads(whole[2])
    assert [answer["label"][0] for answer in answers] == ["__label__sea", "__label__hill"]
    assert [len(answer["prob"]) for answer in answers] == [2, 2]
    assert (lines[1], json.loads(lines[2])["label"]) == ("application/jsonlines", ["__label__hill"])
    assert (wrong[0], b"An instance is a text" in wrong[2]) == (400, True)


@pytest.mark.parametrize("mode", ["batch_skipgram", "cbow"])
def test_words_that_go_together_have_vectors_alike(tmp_path: Path, mode: str) -> None:
    settings = {"mode": mode, "vector_dim": "10", "epochs": "30", "buckets": "1000", "sampling_threshold": "1"}
    container = job(tmp_path, [text for _, text in TEXTS], **settings)
    container.run_apart(BLAZING)
    [(_, _, body)] = container.ask_apart(BLAZING, ("application/json", "", b'{"instances": ["wave", "tide", "goat"]}'))
    wave, tide, goat = (np.array(one["vector"]) / np.linalg.norm(one["vector"]) for one in json.loads(body))
    assert wave @ tide > wave @ goat + 0.3
    text = (tmp_path / "model/vectors.txt").read_text().splitlines()
    assert {"wave", "goat"} <= {line.partition(" ")[0] for line in text[1:]}


def test_lines_without_a_label_are_refused_by_their_number(tmp_path: Path) -> None:
    container = job(tmp_path, ["__label__a b c", "b c", *["__label__a b"] * 500], mode="supervised")
    container.run_apart(BLAZING, succeeds=False)
    assert "Line 2 of the train channel does not begin with a label" in container.failure


def test_batches_of_words_have_no_subwords() -> None:
    with pytest.raises(Invalid, match="with mode 'batch_skipgram' it must be 'false'"):
        BLAZING.validate_hyperparameters({"mode": "batch_skipgram", "subwords": "True"})
