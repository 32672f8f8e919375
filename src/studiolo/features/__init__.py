"""SageMaker Feature Store: feature groups, their records at hand and in the lake."""

from studiolo.features.errors import NoFeature, NoFeatureGroup
from studiolo.features.feature_store import FeatureStore
from studiolo.features.groups import Listing
from studiolo.features.model import (
    FAILED,
    PASSING,
    Feature,
    FeatureGroup,
    Offline,
    Specification,
    TableName,
    Ttl,
    Value,
)
from studiolo.features.records import Found

__all__ = [
    "FAILED",
    "PASSING",
    "Feature",
    "FeatureGroup",
    "FeatureStore",
    "Found",
    "Listing",
    "NoFeature",
    "NoFeatureGroup",
    "Offline",
    "Specification",
    "TableName",
    "Ttl",
    "Value",
]
