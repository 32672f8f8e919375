"""NTM, Object2Vec and IP Insights: topics, relations and addresses that are known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from studiolo.domain import Invalid
from studiolo.ml.algorithms import BUILT_IN
from tests.unit.ml.algorithms.training_container import TrainingContainer, as_recordio

if TYPE_CHECKING:
    from pathlib import Path

    from studiolo.ml.algorithms import Algorithm

NTM, OBJECT2VEC, IP_INSIGHTS = (BUILT_IN[name] for name in ("ntm", "object2vec", "ipinsights"))
RANDOM = np.random.default_rng(7)
JSON, LINES = "application/json", "application/jsonlines"


def quality(printed: str, measure: str) -> float:
    """The last value of a measure, as `test accuracy`, in a job's log."""
    return float(printed.rpartition(f"{measure} <")[2].partition(">=")[2].split()[0])


@pytest.mark.heavy
def test_ntm_finds_the_topics_of_documents_and_tells_their_words(tmp_path: Path) -> None:
    topics = np.arange(240) % 3
    chances = np.full((3, 30), 0.002)
    for topic in range(3):
        chances[topic, topic * 10 : topic * 10 + 10] = 0.094
    counts = np.array([RANDOM.multinomial(40, chances[topic] / chances[topic].sum()) for topic in topics], np.float32)
    container = TrainingContainer(tmp_path)
    channels = {"train": {}, "test": {}, "auxiliary": {"ContentType": "text/plain"}}
    values = {"feature_dim": "30", "num_topics": "3", "epochs": "60", "optimizer": "adam", "learning_rate": "0.01"}
    container.configure({**values, "mini_batch_size": "40", "tolerance": "0.000001"}, channels)
    container.put("train", as_recordio(counts[:200], None))
    container.put("test", as_recordio(counts[200:], None))
    container.put("auxiliary", "\n".join(f"t{number // 10}-{number}" for number in range(30)).encode(), "vocab.txt")
    printed = container.run_apart(NTM)
    assert quality(printed, "test total_loss") < 40 * np.log(14)
    told = [line.partition("] ")[2].split() for line in printed.splitlines() if "t0-" in line or "t1-" in line]
    assert [len({word[:2] for word in words[1:]}) for words in told] == [1] * len(told)
    [answer] = container.ask_apart(
        NTM, ("text/csv", JSON, "\n".join(",".join(map(str, row)) for row in counts).encode())
    )
    weights = np.array([each["topic_weights"] for each in json.loads(answer[2])["predictions"]])
    assert weights.sum(axis=1) == pytest.approx(1)
    found = [set(weights[topics == topic].argmax(axis=1)) for topic in range(3)]
    assert sorted(map(len, found)) == [1, 1, 1]
    assert len(set.union(*found)) == 3


@pytest.mark.heavy
@pytest.mark.parametrize("network", ["hcnn", "bilstm", "pooled_embedding"])
def test_object2vec_learns_what_relates_two_sequences(tmp_path: Path, network: str) -> None:
    def lines(count: int) -> bytes:
        found = []
        for _ in range(count):
            halves = RANDOM.integers(0, 2, 2)
            sides = [(RANDOM.integers(0, 10, RANDOM.integers(2, 6)) + 10 * half).tolist() for half in halves]
            label = int(halves[0] == halves[1])
            found.append(json.dumps({"label": label, "in0": sides[0], "in1": sides[1]}))
        return "\n".join(found).encode()

    container = TrainingContainer(tmp_path)
    small = {"enc_dim": "16", "enc0_token_embedding_dim": "8", "mlp_dim": "16", "mlp_activation": "relu"}
    values = {"enc0_max_seq_len": "5", "enc0_vocab_size": "20", "enc0_network": network, "learning_rate": "0.01"}
    container.configure({**values, **small, "epochs": "12"}, {name: {} for name in ("train", "validation", "test")})
    for name, count in (("train", 400), ("validation", 100), ("test", 100)):
        container.put(name, lines(count), "pairs.jsonl")
    assert quality(container.run_apart(OBJECT2VEC), "test accuracy") > 0.95
    alike, other = {"in0": [1, 2, 3], "in1": [4, 5]}, {"in0": [1, 2, 3], "in1": [14, 15]}
    both, alone, beyond = container.ask_apart(
        OBJECT2VEC,
        (JSON, "", json.dumps({"instances": [alike, other]}).encode()),
        (LINES, "", json.dumps({"in1": [4, 5]}).encode()),
        (JSON, "", json.dumps({"instances": [{"in0": [20]}]}).encode()),
    )
    assert [np.argmax(each["scores"]) for each in json.loads(both[2])["predictions"]] == [1, 0]
    assert len(json.loads(alone[2])["embeddings"]) == 16
    assert beyond[0] == 400
    assert b"beyond the vocabulary of 20" in beyond[2]


@pytest.mark.heavy
def test_ip_insights_tells_the_addresses_of_an_entity_from_those_of_others(tmp_path: Path) -> None:
    def lines(count: int) -> bytes:
        users, hosts = RANDOM.integers(0, 20, count), RANDOM.integers(1, 255, count)
        return "\n".join(
            f"user-{user},10.{user * 12}.7.{host}" for user, host in zip(users, hosts, strict=True)
        ).encode()

    container = TrainingContainer(tmp_path)
    values = {"num_entity_vectors": "2000", "vector_dim": "32", "epochs": "60", "learning_rate": "0.01"}
    container.configure({**values, "mini_batch_size": "500"}, {name: {} for name in ("train", "validation")})
    container.put("train", lines(4000), "events.csv")
    container.put("validation", lines(500), "events.csv")
    assert quality(container.run_apart(IP_INSIGHTS), "validation discriminator_auc") > 0.9
    asked = {
        "instances": [
            {"features": ["user-3", "10.36.7.9"]},
            {"data": {"features": {"values": ["user-3", "10.216.7.9"]}}},
        ]
    }
    brief, verbose, wrong = container.ask_apart(
        IP_INSIGHTS,
        (JSON, "", json.dumps(asked).encode()),
        ("text/csv", "application/jsonlines;verbose=True", b"user-3,10.36.7.9"),
        ("text/csv", "", b"user-3,10.36.7"),
    )
    usual, unusual = (each["dot_product"] for each in json.loads(brief[2])["predictions"])
    assert usual > unusual
    assert [len(json.loads(verbose[2])[name]) for name in ("ip_embedding", "entity_embedding")] == [32, 32]
    assert wrong[0] == 400
    assert b"not an IPv4 address" in wrong[2]


@pytest.mark.parametrize(
    ("algorithm", "values", "words"),
    [
        (NTM, {"feature_dim": "10", "num_topics": "1"}, "'num_topics' has the value '1'"),
        (OBJECT2VEC, {"enc0_max_seq_len": "5", "enc0_vocab_size": "9", "enc1_network": "hcnn"}, "'enc1_max_seq_len'"),
        (OBJECT2VEC, {"enc0_max_seq_len": "5", "enc0_vocab_size": "9", "enc0_vocab_file": "v.json"}, "not supported"),
        (IP_INSIGHTS, {"num_entity_vectors": "10"}, "'vector_dim' is required"),
    ],
)
def test_hyperparameters_that_cannot_be_are_refused_by_name(
    algorithm: Algorithm, values: dict[str, str], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        algorithm.validate_hyperparameters(values)
