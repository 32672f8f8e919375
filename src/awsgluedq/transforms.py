"""EvaluateDataQuality, as jobs and notebooks import it."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from awsglue.collection import DynamicFrameCollection
from awsglue.dynamicframe import DynamicFrame
from awsglue.formats import Options
from awsglue.transforms.base import GlueTransform
from awsgluedq.evaluation import Evaluation, evaluate
from awsgluedq.outcomes import counted, row_outcomes, rule_outcomes
from awsgluedq.parser import parse
from awsgluedq.results import Results
from awsgluedq.ruleset import Ruleset

__all__ = ["EvaluateDataQuality"]

PUBLISHING = Options(
    "publishing_options",
    honored=("dataQualityEvaluationContext", "resultsS3Prefix"),
    hints=("enableDataQualityCloudWatchMetrics", "enableDataQualityResultsPublishing"),
)
ADDITIONAL = Options(
    "additional_options",
    honored=(
        "compositeRuleEvaluation.method",
        "performanceTuning.caching",
        "publishAggregatedMetrics.status",
        "rowLevelConfiguration.filteredRowLabel",
        "rowLevelConfiguration.ruleWithLabels",
    ),
    hints=("dataQualityResultsPublishing.strategy", "observations.scope"),
)
CHOICES = {
    "compositeRuleEvaluation.method": ("COLUMN", "ROW"),
    "performanceTuning.caching": ("CACHE_NOTHING", "CACHE_INPUT"),
    "publishAggregatedMetrics.status": ("DISABLED", "ENABLED"),
    "rowLevelConfiguration.filteredRowLabel": ("PASSED", "SKIPPED"),
    "rowLevelConfiguration.ruleWithLabels": ("DISABLED", "ENABLED"),
}
"""What the options may be, the default first."""


class EvaluateDataQuality(GlueTransform):
    """Evaluates a ruleset of the Data Quality Definition Language on a DynamicFrame."""

    def __call__(
        self,
        frame: DynamicFrame,
        ruleset: str,
        publishing_options: Mapping[str, Any] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrame:
        """What became of each rule: Rule, Outcome, FailureReason, EvaluatedMetrics, EvaluatedRule.

        Raises RulesetError, a ValueError, for a ruleset that is not DQDL or asks for what is not here.
        """
        evaluation = _evaluated(frame, parse(ruleset), {}, publishing_options or {}, by_row=False)
        outcomes = rule_outcomes(frame.toDF().sparkSession, evaluation.outcomes)
        return DynamicFrame.fromDF(outcomes, frame.glue_ctx, "ruleOutcomes")

    def process_rows(
        self,
        frame: DynamicFrame,
        ruleset: str,
        publishing_options: Mapping[str, Any] | None = None,
        additional_options: Mapping[str, Any] | None = None,
        additional_data_sources: Mapping[str, DynamicFrame] | None = None,
        transformation_ctx: str = "",
    ) -> DynamicFrameCollection[DynamicFrame]:
        """The same, as `ruleOutcomes`, with the rows and the rules that each meets: `rowLevelOutcomes`, `originalData`.

        `additional_data_sources` are frames by the aliases that rules name them by. Raises RulesetError, a ValueError.
        """
        chosen = _chosen(additional_options or {})
        rules = parse(ruleset)
        if chosen["performanceTuning.caching"] == "CACHE_INPUT":
            frame.toDF().cache()
        sources = {alias: source.toDF() for alias, source in (additional_data_sources or {}).items()}
        by_row = chosen["compositeRuleEvaluation.method"] == "ROW"
        evaluation = _evaluated(frame, rules, sources, publishing_options or {}, by_row=by_row)
        columns, session = frame.toDF().columns, frame.toDF().sparkSession
        skipping = chosen["rowLevelConfiguration.filteredRowLabel"] == "SKIPPED"
        made, counts = {}, None
        if chosen["publishAggregatedMetrics.status"] == "ENABLED":
            plain = row_outcomes(columns, evaluation, skipping=skipping)
            counts, made["aggregatedMetrics"] = counted(plain, evaluation.outcomes)
        labeled = chosen["rowLevelConfiguration.ruleWithLabels"] == "ENABLED"
        made["ruleOutcomes"] = rule_outcomes(session, evaluation.outcomes, counts)
        made["rowLevelOutcomes"] = row_outcomes(columns, evaluation, skipping=skipping, labeled=labeled)
        frames = {name: DynamicFrame.fromDF(one, frame.glue_ctx, name) for name, one in made.items()}
        return DynamicFrameCollection({**frames, "originalData": frame}, frame.glue_ctx)


def _evaluated(
    frame: DynamicFrame, rules: Ruleset, sources: Mapping[str, Any], publishing: Mapping[str, Any], *, by_row: bool
) -> Evaluation:
    PUBLISHING.check(publishing)
    data = frame.toDF()
    context = str(publishing.get("dataQualityEvaluationContext") or "default_context")
    results = Results(data.sparkSession, str(publishing.get("resultsS3Prefix") or ""), context)
    # Analyzers have no outcome: what they compute is in the results, and nowhere when there are none.
    asked = rules if results.kept else Ruleset(rules.rules, ())
    started = datetime.now(timezone.utc)
    evaluation = evaluate(data, asked, sources, results.past, by_row=by_row)
    results.write(started, evaluation)
    return evaluation


def _chosen(options: Mapping[str, Any]) -> dict[str, str]:
    """The options, or their defaults. Raises ValueError for what is none."""
    ADDITIONAL.check(options)
    chosen = {}
    for name, choices in CHOICES.items():
        chosen[name] = str(options.get(name) or choices[0]).upper()
        if chosen[name] not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}, and not {options[name]}.")
    return chosen
