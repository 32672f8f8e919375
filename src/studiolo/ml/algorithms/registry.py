"""The built-in algorithms, and the AWS image addresses that mean them.

Accounts as AWS lists them under "Docker Registry Paths and Example Code".
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from studiolo.containers.algorithm import Algorithm
from studiolo.ml.algorithms.linear_learner.hyperparameters import validate_hyperparameters
from studiolo.ml.algorithms.linear_learner.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LINEAR_LEARNER = Algorithm(
    name="linear-learner",
    module="studiolo.ml.algorithms.linear_learner",
    metrics=METRICS,
    validate_hyperparameters=validate_hyperparameters,
    default_content_type="application/x-recordio-protobuf",
    content_types=("application/x-recordio-protobuf", "text/csv"),
    required_channels=("train",),
    optional_channels=("validation", "test"),
)

BUILT_IN: Mapping[str, Algorithm] = MappingProxyType({_LINEAR_LEARNER.name: _LINEAR_LEARNER})
"""Every built-in algorithm by the name of its image repository."""

_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.]+"
    r"/(?P<repository>[a-z0-9._/-]+)(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"
)

# fmt: off
_ACCOUNTS = frozenset((
    "104374241257", "106583098589", "108575199400", "124985052026", "174872318107", "190319476487", "226302683700",
    "237065988967", "249704162688", "257386234256", "272398656194", "286214385809", "351501993468", "382416733822",
    "387376663083", "390948362332", "404615174143", "438346466558", "455444449433", "469771592824", "475088953585",
    "490574956308", "628508329040", "632365934929", "644912444149", "664544806723", "669576153137", "680994064768",
    "712309505854", "749696950732", "765400339828", "835164637446", "855470959533", "867004704886", "898809789911",
    "951798379941", "991648021394",
))
# fmt: on


def algorithm_for_image(image_uri: str) -> Algorithm | None:
    """The built-in algorithm that an image of AWS's own registries holds; None for any other image."""
    match = _IMAGE.fullmatch(image_uri)
    if not match or match["account"] not in _ACCOUNTS:
        return None
    return BUILT_IN.get(match["repository"])
