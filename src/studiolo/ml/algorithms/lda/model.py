"""The model of LDA: scikit-learn's, kept as arrays.

The real algorithm decomposes moments (tensor decomposition); this one is variational inference of the same model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.decomposition._online_lda_fast import _dirichlet_expectation_2d

from studiolo.ml.algorithms import artifact

if TYPE_CHECKING:
    from pathlib import Path

FIRST_STEPS, FIRST_DOCUMENTS = 5, 200
"""How far each start goes, and on how many documents; the best one goes on, on all."""
STEPS_BETWEEN_LOOKS = 5
LEAST_GAIN = 1e-4
DOCUMENT_STEPS = 20
"""How often the mixture of each document is made better in a step."""


def build(rows: Any, chosen: dict[str, Any]) -> LatentDirichletAllocation:
    """The topics of documents, a CSR matrix (documents, words) of counts."""
    count = rows.shape[0]
    sample = rows[np.random.default_rng(0).permutation(count)[:FIRST_DOCUMENTS]]
    starts = [_model(chosen, seed).fit(sample) for seed in range(chosen["max_restarts"])]
    best = min(starts, key=lambda model: model.bound_)
    steps, bound = 0, np.inf
    while steps < chosen["max_iterations"]:
        for _ in range(STEPS_BETWEEN_LOOKS):
            best._em_step(rows, total_samples=count, batch_update=True)
        steps += STEPS_BETWEEN_LOOKS
        now = best.perplexity(rows)
        if bound - now < LEAST_GAIN * now:
            break
        bound = now
    return best


def _model(chosen: dict[str, Any], seed: int) -> LatentDirichletAllocation:
    return LatentDirichletAllocation(
        chosen["num_topics"],
        doc_topic_prior=chosen["alpha0"] / chosen["num_topics"],
        learning_method="batch",
        max_iter=FIRST_STEPS,
        max_doc_update_iter=DOCUMENT_STEPS,
        random_state=seed,
    )


def save(model: LatentDirichletAllocation, folder: Path) -> None:
    """Write the model into the folder: `beta`, the words' shares of each topic, is for readers."""
    components = model.components_
    beta = components / components.sum(axis=1, keepdims=True)
    alpha = np.full(len(components), model.doc_topic_prior_)
    artifact.save(folder, "lda", {"alpha": alpha, "beta": beta, "components": components}, {})


def load(folder: Path) -> LatentDirichletAllocation:
    """Read a model that `save` wrote. Raises Invalid."""
    arrays, _ = artifact.load(folder, "lda")
    components = arrays["components"]
    model = LatentDirichletAllocation(len(components), doc_topic_prior=float(arrays["alpha"][0]))
    model.components_, model.n_features_in_ = components, components.shape[1]
    model.exp_dirichlet_component_ = np.exp(_dirichlet_expectation_2d(components))
    model.doc_topic_prior_, model.topic_word_prior_ = float(arrays["alpha"][0]), 1 / len(components)
    return model
