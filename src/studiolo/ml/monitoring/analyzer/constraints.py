"""What constraints.json says that a dataset must satisfy: suggested from one, and read again.

Source: "Schema for Constraints"; the thresholds that are suggested are those of the image's own suggestions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studiolo.ml.monitoring.analyzer.columns import FRACTIONAL, INTEGRAL, STRING, Column
from studiolo.ml.monitoring.analyzer.statistics import FEW

RARE = 0.1
"""Texts are categories where there are fewer distinct ones than this share of them all, as Deequ has it."""
ENABLED = "Enabled"
LINF, CHI_SQUARED = "LInfinity", "ChiSquared"


def suggested(columns: Sequence[Column], method: str = LINF) -> dict[str, Any]:
    """The constraints that the columns satisfy. method: how drift of categories is found."""
    comparison = {
        "perform_comparison": ENABLED,
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": method,
    }
    config = {
        "evaluate_constraints": ENABLED,
        "emit_metrics": ENABLED,
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": comparison,
    }
    return {"version": 0.0, "features": [_feature(column) for column in columns], "monitoring_config": config}


def _feature(column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": column.name,
        "inferred_type": column.kind,
        "completeness": column.completeness,
    }
    if column.kind in (INTEGRAL, FRACTIONAL):
        told["num_constraints"] = {"is_non_negative": bool((column.numbers >= 0).all())}
    elif column.kind == STRING and len(column.counts) <= min(FEW, RARE * column.present):
        told["string_constraints"] = {"domains": list(column.counts)}
    return told


@dataclass(frozen=True)
class Settings:
    """What a monitoring_config says of one feature, or of the whole."""

    evaluated: bool
    type_threshold: float
    domain_threshold: float
    compared: bool
    distance: float
    categorical_distance: float
    robust: bool
    chi_squared: bool

    @classmethod
    def of(cls, config: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> "Settings":
        """Of a feature, its `overrides` come before the whole's. What is not said is as the schema has it."""
        merged = {**config, **(overrides or {})}
        own = (overrides or {}).get("distribution_constraints", {})
        comparison = {**config.get("distribution_constraints", {}), **own}
        distance = float(comparison.get("comparison_threshold", 0.1))
        # "comparion_method" is how an earlier schema of the Guide had it.
        method = str(comparison.get("comparison_method", comparison.get("comparion_method", "Robust")))
        return cls(
            merged.get("evaluate_constraints", ENABLED) == ENABLED,
            float(merged.get("datatype_check_threshold", 0.1)),
            float(merged.get("domain_content_threshold", 0.1)),
            comparison.get("perform_comparison", ENABLED) == ENABLED,
            distance,
            float(comparison.get("categorical_comparison_threshold", distance)),
            method.lower() in ("robust", "linf_robust"),
            comparison.get("categorical_drift_method", LINF) == CHI_SQUARED,
        )


def overrides(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a feature's monitoring is to be: the SDK writes it by another name than the schema has."""
    found: Mapping[str, Any] = (
        feature.get("monitoring_config_overrides") or feature.get("monitoringConfigOverrides") or {}
    )
    return found
