"""What a feature group may be, after the API Reference of CreateFeatureGroup and UpdateFeatureGroup."""

import re
from collections.abc import Sequence

from studiolo.containers.objects import Address
from studiolo.domain import Invalid, LimitExceeded
from studiolo.features.model import Feature, Specification

RESERVED = frozenset({"is_deleted", "write_time", "api_invocation_time"})
PARTITIONED_BY = ("year", "month", "day", "hour")
MOST_FEATURES = 2500


GROUP = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}")
FEATURE = re.compile(r"[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}")


def check(name: str, specification: Specification) -> None:
    """Raise Invalid for a group that cannot be."""
    _check_name(name, "featureGroupName", GROUP)
    if not specification.online and specification.offline is None:
        raise Invalid("Validation Error: At least one of OnlineStoreConfig and OfflineStoreConfig must be enabled.")
    check_features(specification.features, columns=specification.offline is not None)
    identifier = _required(specification, specification.identifier, "RecordIdentifierFeatureName")
    event_time = _required(specification, specification.event_time, "EventTimeFeatureName")
    if identifier.name == event_time.name:
        raise Invalid("Validation Error: RecordIdentifierFeatureName and EventTimeFeatureName must differ.")
    if event_time.type not in ("String", "Fractional"):
        raise Invalid(
            f"Validation Error: EventTimeFeature {event_time.name} must be of FeatureType String or Fractional, "
            f"and is {event_time.type}."
        )
    if specification.ttl is not None and not specification.online:
        raise Invalid("Validation Error: TtlDuration needs EnableOnlineStore in OnlineStoreConfig.")
    if specification.offline is not None:
        Address.of(specification.offline.uri)
        if specification.role is None:
            raise Invalid("Validation Error: RoleArn is required with an OfflineStoreConfig.")


def check_features(features: Sequence[Feature], *, columns: bool) -> None:
    """columns: whether they are columns of a table as well, in which the case of names does not count."""
    if len(features) > MOST_FEATURES:
        raise LimitExceeded(f"A FeatureGroup has {MOST_FEATURES} features at most.")
    seen: set[str] = set()
    for feature in features:
        _check_name(feature.name, "featureName", FEATURE)
        name = feature.name.lower() if columns else feature.name
        if name in seen:
            raise Invalid(f"Validation Error: Feature names must be unique; {feature.name} is there more than once.")
        seen.add(name)
        if name in RESERVED or (columns and name in PARTITIONED_BY):
            raise Invalid(f"Validation Error: The feature name {feature.name} is reserved by Feature Store.")
        if feature.collection == "Vector" and (feature.type != "Fractional" or feature.dimension is None):
            raise Invalid(
                f"Validation Error: Feature {feature.name} of CollectionType Vector needs the FeatureType Fractional "
                "and a Dimension in its VectorConfig."
            )
        if feature.dimension is not None and feature.collection != "Vector":
            raise Invalid(f"Validation Error: Feature {feature.name} has a VectorConfig and is no Vector.")


def _check_name(name: str, member: str, pattern: re.Pattern[str]) -> None:
    if pattern.fullmatch(name) is None:
        raise Invalid(
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )


def _required(specification: Specification, name: str, member: str) -> Feature:
    feature = specification.feature(name)
    if feature is None:
        raise Invalid(f"Validation Error: {member} {name} is not one of the FeatureDefinitions.")
    if feature.collection is not None:
        raise Invalid(f"Validation Error: {member} {name} cannot have a CollectionType.")
    return feature
