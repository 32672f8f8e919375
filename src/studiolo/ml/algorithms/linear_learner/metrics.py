"""The metrics of linear-learner's log, as the service finds them there.

AWS lists the names under "Tune a linear learner model"; the expressions are those that
DescribeTrainingJob shows for a job of the algorithm.
"""

from __future__ import annotations

from studiolo.containers.algorithm import MetricDefinition
from studiolo.ml.algorithms.job import PROGRESS

_LOSSES = ("mse", "absolute_loss")
_SCORES = (
    ("binary_classification_accuracy", "binary_classification_accuracy"),
    ("binary_f_beta", r"binary_f_\S+"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("roc_auc_score", "roc_auc_score"),
    ("multiclass_accuracy", "multiclass_accuracy"),
    ("multiclass_top_k_accuracy", r"multiclass_top_k_accuracy_\S+"),
    ("dcg", "dcg"),
    ("macro_recall", "macro_recall"),
    ("macro_precision", "macro_precision"),
    ("macro_f_beta", r"macro_f_\S+"),
)
_HOST = r"#quality_metric: host=\S+, "


def _of_channel(channel: str) -> list[MetricDefinition]:
    epoch = "" if channel == "test" else r"epoch=\S+, "
    found = [MetricDefinition(f"{channel}:objective_loss", rf"{_HOST}{epoch}{channel} \S+_objective <loss>=(\S+)")]
    if epoch:
        found.append(
            MetricDefinition(f"{channel}:objective_loss:final", rf"{_HOST}{channel} \S+_objective <loss>=(\S+)")
        )
    found += [MetricDefinition(f"{channel}:{name}", rf"{_HOST}{channel} {name} <loss>=(\S+)") for name in _LOSSES]
    found += [
        MetricDefinition(f"{channel}:{name}", rf"{_HOST}{channel} {said} <score>=(\S+)") for name, said in _SCORES
    ]
    return found


METRICS: tuple[MetricDefinition, ...] = (
    *PROGRESS,
    *(metric for channel in ("train", "validation", "test") for metric in _of_channel(channel)),
)
