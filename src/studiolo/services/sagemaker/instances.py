"""Amazon SageMaker: instances that jobs ask for by an order of preference.

Every type is to be had here, so that the first one is selected. Source: ResourceConfig, ProcessingClusterConfig and
InstancePreference (API Reference).
"""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.services.sagemaker.service import INVALID

PREFERENCES = "InstancePreferences"


def check_preferences(cluster: Mapping[str, Any], excluded: tuple[str, ...] = ()) -> None:
    """Raises ServiceError for preferences that leave the type or count open, or are given along with another way."""
    wanted = cluster[PREFERENCES]
    both = [name for name in ("InstanceType", *excluded) if name in cluster]
    if both:
        raise ServiceError(INVALID, f"{' and '.join(both)} cannot be specified along with {PREFERENCES}.")
    types = [each["InstanceType"] for each in wanted]
    if len(set(types)) < len(types):
        raise ServiceError(INVALID, f"Each InstanceType of {PREFERENCES} must be unique.")
    counted = [each for each in wanted if "InstanceCount" in each]
    if len(counted) not in (0, len(wanted)) or bool(counted) == ("InstanceCount" in cluster):
        raise ServiceError(INVALID, f"Give InstanceCount either once, or in each of {PREFERENCES}.")


def selected(cluster: Mapping[str, Any]) -> tuple[str, int]:
    """The type and count of the instances."""
    first = cluster[PREFERENCES][0] if PREFERENCES in cluster else cluster
    return first["InstanceType"], first.get("InstanceCount", cluster.get("InstanceCount"))


def told(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, with what was selected of it, as the descriptions of jobs have it."""
    if PREFERENCES not in cluster:
        return dict(cluster)
    kind, count = selected(cluster)
    return {**cluster, "SelectedInstanceType": kind, "SelectedInstanceCount": count}
