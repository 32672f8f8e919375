"""EvaluateDataQuality: every rule type on a small frame whose answers are known, and what becomes of rows."""

import hashlib
import json
import math
import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from awsglue.context import GlueContext
from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms import SelectFromCollection
from awsgluedq.transforms import EvaluateDataQuality

ORDERS = [
    (1, "ann", "open", 10.0, "2024-01-01", "abcd", "2020-01-01 00:00:00"),
    (2, "bob", "paid", 20.0, "2024-02-01", "", "2999-01-01 00:00:00"),
    (3, "ann", "paid", 30.0, "2024-03-01", "  ", "2999-01-01 00:00:00"),
    (4, None, "void", 40.0, "13/2024", None, "2999-01-01 00:00:00"),
]
COLUMNS = "id bigint, customer string, status string, amount double, day string, note string, seen string"
CUSTOMERS = [("ann", "open", 10.0), ("bob", "paid", 80.0)]
UNMET = "Value: {} does not meet the constraint requirement!"


def both(what: str, passes: str, fails: str, reason: str, metrics: dict[str, float]) -> list[Any]:
    """A rule that passes and one that fails, with the same metrics."""
    return [
        pytest.param(f"{what} {passes}".strip(), None, metrics),
        pytest.param(f"{what} {fails}".strip(), reason, metrics),
    ]


RULES = [
    *both("RowCount", "= 4", "between 4 and 9", UNMET.format(4), {"Dataset.*.RowCount": 4}),
    *both("ColumnCount", "> 6", "in [1, 2]", UNMET.format(7.0), {"Dataset.*.ColumnCount": 7}),
    *both('Completeness "customer"', ">= 0.75", "> 0.9", UNMET.format(0.75), {"Column.customer.Completeness": 0.75}),
    *both('Uniqueness "status"', "= 0.5", "> 0.9", UNMET.format(0.5), {"Column.status.Uniqueness": 0.5}),
    *both('Uniqueness "customer" "status"', "> 0.9", "< 0.5", UNMET.format(1.0),
          {"Multicolumn.customer,status.Uniqueness": 1}),
    *both('UniqueValueRatio "customer"', "= 0.5", "> 0.9", UNMET.format(0.5), {"Column.customer.UniqueValueRatio": 0.5}),
    *both('DistinctValuesCount "status"', "= 3", "!= 3", UNMET.format(3.0), {"Column.status.DistinctValuesCount": 3}),
    *both('Mean "amount"', "between 24 and 26", "> 25", UNMET.format(25.0), {"Column.amount.Mean": 25}),
    *both('Sum "id"', "= 10", "not in [10]", UNMET.format(10.0), {"Column.id.Sum": 10}),
    *both('StandardDeviation "amount"', "between 11.1 and 11.2", "< 2", UNMET.format(math.sqrt(125)),
          {"Column.amount.StandardDeviation": math.sqrt(125)}),
    *both('ColumnCorrelation "id" "amount"', "> 0.99", "< 0", UNMET.format(1.0),
          {"Multicolumn.id,amount.ColumnCorrelation": 1}),
    *both('ColumnValues "amount"', "between 9 and 41", "> 15", UNMET.format(10.0), {"Column.amount.Minimum": 10}),
    *both('ColumnValues "status"', 'in ["open", "paid", "void"]', 'in ["open"]', UNMET.format(0.25), {}),
    *both('ColumnValues "status"', 'matches "[a-z]{4}"', 'matches "[a-z]{3}"', UNMET.format(0.0), {}),
    *both('ColumnValues "status"', 'in ["paid"] with threshold >= 0.5', 'in ["paid"] with threshold > 0.5',
          UNMET.format(0.5), {"Column.status.ColumnValues.Compliance": 0.5}),
    *both('ColumnValues "customer"', "!= NULL with threshold > 0.5", "!= NULL", UNMET.format(0.75),
          {"Column.customer.ColumnValues.Compliance": 0.75}),
    *both('ColumnValues "note"', 'in ["abcd", NULL, EMPTY, WHITESPACES_ONLY]', "!= EMPTY", UNMET.format(0.75), {}),
    *both('ColumnValues "day"', '> "2023-12-31" where "id < 4"', '< "2024-02-15" where "id < 4"',
          UNMET.format(2 / 3), {}),
    *both('ColumnValues "seen"', '> (now() - 3 days) where "id > 1"', "> (now() - 3 days)", UNMET.format(0.75), {}),
    *both('ColumnLength "status"', "= 4", "between 4 and 9", UNMET.format(4.0), {"Column.status.MaximumLength": 4}),
    *both('ColumnLength "note"', "< 5", ">= 1", UNMET.format(0.0), {}),
    *both('ColumnDataType "day"', '= "Date" with threshold > 0.7', '= "Date"', UNMET.format(0.75),
          {"Column.day.ColumnDataType.Compliance": 0.75}),
    *both('ColumnDataType "day"', '= "Date" with format = "MM/yyyy" with threshold < 0.1', '= "Integer"',
          UNMET.format(0.0), {}),
    *both('DataFreshness "seen"', '< 24 hours where "id > 1"', "<= 3 days", UNMET.format(0.75), {}),
    pytest.param('CustomSql "select count(*) from primary join reference on customer = name" between 2 and 4', None,
                 {"Dataset.*.CustomSQL": 3}),
    pytest.param('CustomSql "select count(*) from primary" > 4', "Custom SQL response failed to satisfy the threshold",
                 {"Dataset.*.CustomSQL": 4}),
    *both('CustomSql "select id from primary where amount > 15"', "with threshold > 0.7", "",
          "Custom SQL response failed to satisfy the threshold", {"Dataset.*.CustomSQL.Compliance": 0.75}),
    pytest.param('CustomSql "select distinct primary.status from primary" with threshold > 0.7', None,
                 {"Dataset.*.CustomSQL.Compliance": 0.75}),
    pytest.param('ReferentialIntegrity "customer,status" "reference.{name,state}" = 1.0', UNMET.format(0.5),
                 {"Column.reference.ReferentialIntegrity": 0.5}),
    pytest.param('DatasetMatch "reference" "customer->name,status->state" "amount->price" >= 0.25', None,
                 {"Dataset.reference.DatasetMatch": 0.25}),
    pytest.param('RowCountMatch "reference" = 1.0', UNMET.format(2.0), {"Dataset.reference.RowCountMatch": 2}),
    pytest.param('AggregateMatch "sum(amount)" "sum(reference.price)" > 1.1', None,
                 {"Column.amount,price.AggregateMatch": 100 / 90}),
    pytest.param('Entropy "status" between 1.03 and 1.04', None, {"Column.status.Entropy": 1.5 * math.log(2)}),
    pytest.param('IsComplete "id"', None, {"Column.id.Completeness": 1}),
    pytest.param('IsUnique "status"', UNMET.format(0.5), {"Column.status.Uniqueness": 0.5}),
    pytest.param('IsPrimaryKey "id"', None, {"Column.id.Uniqueness": 1, "Column.id.Completeness": 1}),
    pytest.param('IsPrimaryKey "customer" "status"', UNMET.format(0.75), {"Column.customer.Completeness": 0.75}),
    pytest.param('ColumnExists "ID"', None, {}),
    pytest.param('ColumnExists "nothing"', "Input data does not include column nothing!", {}),
    pytest.param('Mean "status" > 1', "Column status is of type string, and the rule needs one of numbers.", {}),
    pytest.param('ColumnNamesMatchPattern "[a-z]+"', None, {"Dataset.*.ColumnNamesPatternMatchRatio": 1}),
    pytest.param('ColumnValues "status" matches "[a"', '"[a" is not a regular expression', {}),
    pytest.param('ColumnValues "status" > "a"', "A column of type string cannot be compared so", {}),
    pytest.param('SchemaMatch "reference" >= 0.9', "Column counts do not match", {"Dataset.reference.SchemaMatch": 0}),
    pytest.param('SchemaMatch "twin" = 1.0', None, {"Dataset.twin.SchemaMatch": 1}),
    pytest.param('RowCountMatch "nowhere" = 1', "nowhere not found in additional sources", {}),
    pytest.param('CustomSql "select nonsense from primary" > 1', "Custom SQL rule could not be evaluated", {}),
    pytest.param('Completeness "customer" = 1.0 where "id < 4"', None, {"Column.customer.Completeness": 1}),
    pytest.param("RowCount > last()", 'give publishing_options a "resultsS3Prefix"', {}),
    pytest.param('(RowCount > 5) or ((IsComplete "id") and (Mean "amount" > 3))', None, {"Dataset.*.RowCount": 4}),
    pytest.param('(ColumnValues "id" > 2) or (ColumnValues "id" < 3)', f"{UNMET.format(1.0)}, {UNMET.format(4.0)}", {}),
]  # fmt: skip


@pytest.fixture(scope="module")
def orders(glue_context: GlueContext) -> DynamicFrame:
    frame = glue_context.spark_session.createDataFrame(ORDERS, COLUMNS)
    return DynamicFrame.fromDF(frame, glue_context, "orders")


def test_options_and_filters_that_are_none_are_refused_by_name(orders: DynamicFrame) -> None:
    with pytest.raises(ValueError, match="performanceTuning.cashing"):
        EvaluateDataQuality().process_rows(orders, "Rules=[RowCount>1]", {}, {"performanceTuning.cashing": "X"})
    with pytest.raises(ValueError, match="CACHE_NOTHING, CACHE_INPUT"):
        EvaluateDataQuality().process_rows(orders, "Rules=[RowCount>1]", {}, {"performanceTuning.caching": "X"})
    with pytest.raises(ValueError, match="invalid where clause"):
        EvaluateDataQuality.apply(orders, 'Rules=[RowCount > 1 where "nothing ="]')


@pytest.fixture(scope="module")
def outcomes(glue_context: GlueContext, orders: DynamicFrame) -> dict[str, Any]:
    """The outcomes of all rules, evaluated together."""
    customers = glue_context.spark_session.createDataFrame(CUSTOMERS, "name string, state string, price double")
    reference = DynamicFrame.fromDF(customers, glue_context, "reference")
    ruleset = "Rules = [" + ",\n".join(rule.values[0] for rule in RULES) + "]"
    found = EvaluateDataQuality().process_rows(
        frame=orders, ruleset=ruleset, additional_data_sources={"reference": reference, "twin": orders}
    )
    return {row["Rule"]: row for row in found["ruleOutcomes"].toDF().collect()}


@pytest.mark.parametrize(("rule", "reason", "metrics"), RULES)
def test_a_rule_has_the_outcome_that_the_data_gives_it(
    outcomes: dict[str, Any], rule: str, reason: str | None, metrics: dict[str, float]
) -> None:
    outcome = outcomes[rule]
    assert outcome["Outcome"] == ("Failed" if reason else "Passed"), outcome["FailureReason"]
    assert (outcome["FailureReason"] or "").startswith(reason or "") or (reason or "") in outcome["FailureReason"]
    for metric, value in metrics.items():
        assert outcome["EvaluatedMetrics"][metric] == pytest.approx(value)


FILES = {"a.csv": b"a" * 3000, "b.csv": b"b" * 10, "deep/b.csv": b"b" * 10, "old.tmp": b"old"}
"""The files that rules are about; the last one is of 2020."""
OLD = datetime(2020, 5, 1, 12, tzinfo=timezone.utc).timestamp()
ABOUT_FILES = [
    ('FileFreshness "{}/a.csv" > (now() - 24 hours)', None),
    ('FileFreshness "{}/" > (now() - 1 days)', UNMET.format(0.75)),
    ('FileFreshness "{}/" between (now() - 2 days) and now() with threshold > 0.7', None),
    ('FileFreshness "{}/" between (now() + 1 days) and (now() - 2 days) with threshold > 0.7', None),
    ('FileFreshness "{}/" > "2020-05-02" with uriRegex = "(?!.*\\.tmp$).*"', None),
    ('FileFreshness "{}/old.tmp" between "2020-05-01" and "2020-05-02"', None),
    ('FileFreshness "{}/old.tmp" > "12:01 AM" with timeZone = "Asia/Tokyo"', UNMET.format(0.0)),
    ('FileFreshness "{}/" > (now() - 1 days) with recentFiles = 3', None),
    ('FileFreshness "{}/" > (now() - 1 days) with threshold > 0.1 with failFast = "true"', UNMET.format(0.75)),
    ('FileFreshness "{}/" > "21h"', '"21h" is not a date or a time.'),
    ('FileFreshness "{}/" > "21:45" with timeZone = "Mars/Base"', "There is no time zone Mars/Base."),
    ('FileFreshness > (now() - 1 days)', "Unable to parse file path from DataFrame"),
    ('FileSize "{}/a.csv" between 2 KB and 1 TB', None),
    ('FileSize "{}/" < 2 KB with threshold > 0.7', None),
    ('FileSize "{}/" < 10 B', UNMET.format(0.25)),
    ('FileSize "{}/none/" < 10 B', "The files of .* cannot be listed"),
    ('FileSize "{}/" < 9 B with uriRegex = "tmp$" with recentFiles = 1', "There are no files to check"),
    ('FileSize "{}/" < 9 B with uriRegex = "tmp$" with recentFiles = 1 with filterOrder = ["uriRegex","recentFiles"]',
     None),
    ('FileSize "{}/" < 9 B with filterOrder = ["uriRegex"]', "filterOrder names tags"),
    ('FileUniqueness "{}/" = 0.5', None),
    ('FileUniqueness "{}/" = 1', UNMET.format(0.5)),
    ('FileUniqueness "{}/" = 1 with uriRegex = "/a.csv|old"', None),
    (f'FileMatch "{{}}/old.tmp" in ["{hashlib.sha256(b"old").hexdigest()}"]', None),
    ('FileMatch "{}/old.tmp" in ["149603E6C03516362A8DA23F624DB945"] with hashAlgorithm = "MD5"', None),
    ('FileMatch "{}/" in ["0000000000000000000000000000000000000000"] with hashAlgorithm = "SHA-1"',
     "The SHA-1 checksum of .* which is not among"),
    ('FileMatch "{}/b.csv" "{}/deep/"', None),
    ('FileMatch "{}/b.csv" "{}/deep/" with matchFileName = "true"', None),
    ('FileMatch "{}/" "{}/deep/"', "Of 4 files of .*, 3 are not in .*/deep/, and of 1 there 0 are not"),
    ('FileMatch "{}/"', 'FileMatch takes files and in'),
]  # fmt: skip


def test_rules_about_files_look_at_their_times_sizes_and_contents(orders: DynamicFrame, tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    os.utime(tmp_path / "old.tmp", (OLD, OLD))
    place = tmp_path.as_uri()
    ruleset = "Rules = [" + ", ".join(rule.replace("{}", place) for rule, _ in ABOUT_FILES) + "]"
    found = EvaluateDataQuality.apply(orders, ruleset).toDF().collect()
    for outcome, (rule, reason) in zip(found, ABOUT_FILES, strict=True):
        assert re.match(reason or "None", str(outcome["FailureReason"])), rule
        assert outcome["Outcome"] == ("Failed" if reason else "Passed"), rule
    assert found[1]["EvaluatedMetrics"] == {"Dataset.*.FileFreshness.Compliance": 0.75, "Dataset.*.FileCount": 4.0}
    assert found[14]["EvaluatedMetrics"]["Dataset.*.MaximumFileSize"] == 3000.0


def test_rules_about_files_find_those_that_a_frame_was_read_from(glue_context: GlueContext, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n")
    (tmp_path / "b.csv").write_text("3,4\n")
    frame = DynamicFrame.fromDF(glue_context.spark_session.read.csv(str(tmp_path)), glue_context, "read")
    rules = "Rules = [FileSize = 4 B, FileUniqueness = 1, FileFreshness > (now() - 10 minutes)]"
    assert [row["Outcome"] for row in EvaluateDataQuality.apply(frame, rules).toDF().collect()] == ["Passed"] * 3


def rows(collection: Any, *columns: str) -> list[tuple[Any, ...]]:
    frame = SelectFromCollection.apply(dfc=collection, key="rowLevelOutcomes").toDF()
    return [tuple(row) for row in frame.orderBy("id").select(*columns).collect()]


def test_rows_say_which_rules_they_meet(orders: DynamicFrame) -> None:
    ruleset = 'Rules = [ColumnExists "id", IsComplete "customer", ColumnValues "amount" > 15, IsUnique "status"]'
    found = EvaluateDataQuality().process_rows(
        frame=orders, ruleset=ruleset, additional_options={"performanceTuning.caching": "CACHE_NOTHING"}
    )
    complete, values, unique = 'IsComplete "customer"', 'ColumnValues "amount" > 15', 'IsUnique "status"'
    names = ("DataQualityRulesPass", "DataQualityRulesFail", "DataQualityEvaluationResult")
    assert rows(found, "id", *names) == [
        (1, [complete, unique], [values], "Failed"),
        (2, [complete, values], [unique], "Failed"),
        (3, [complete, values], [unique], "Failed"),
        (4, [values, unique], [complete], "Failed"),
    ]
    assert {tuple(skipped) for (skipped,) in rows(found, "DataQualityRulesSkip")} == {('ColumnExists "id"',)}
    assert found["originalData"] is orders
    assert found["rowLevelOutcomes"].toDF().columns[:7] == orders.toDF().columns


@pytest.mark.parametrize("label", ["PASSED", "SKIPPED"])
def test_rows_that_a_filter_leaves_out_pass_or_are_skipped_as_asked(orders: DynamicFrame, label: str) -> None:
    ruleset = 'Rules = [ColumnValues "amount" > 25 where "status = \'paid\'"]'
    options = {"rowLevelConfiguration.filteredRowLabel": label}
    found = EvaluateDataQuality().process_rows(frame=orders, ruleset=ruleset, additional_options=options)
    told = rows(found, "DataQualityRulesPass", "DataQualityRulesSkip", "DataQualityEvaluationResult")
    left_out = (1, 0, "Passed") if label == "PASSED" else (0, 1, "Passed")
    assert [(len(passed), len(skipped), result) for passed, skipped, result in told] == [
        left_out,
        (0, 0, "Failed"),
        (1, 0, "Passed"),
        left_out,
    ]


def test_a_composite_rule_is_met_row_by_row_when_that_is_asked(orders: DynamicFrame) -> None:
    rule = '(ColumnValues "id" > 2) or (ColumnValues "amount" < 25)'
    options = {"compositeRuleEvaluation.method": "ROW"}
    found = EvaluateDataQuality().process_rows(frame=orders, ruleset=f"Rules=[{rule}]", additional_options=options)
    assert found["ruleOutcomes"].toDF().first()["Outcome"] == "Passed"
    assert {tuple(passed) for (passed,) in rows(found, "DataQualityRulesPass")} == {(rule,)}
    ratio = '(Completeness "id" > 0.5) and (ColumnValues "id" > 0)'
    with pytest.raises(ValueError, match="about a share of rows"):
        EvaluateDataQuality().process_rows(frame=orders, ruleset=f"Rules=[{ratio}]", additional_options=options)


def test_aggregated_metrics_count_rows_and_rules(orders: DynamicFrame) -> None:
    options = {"publishAggregatedMetrics.status": "ENABLED"}
    ruleset = 'Rules = [IsComplete "customer", RowCount > 10]'
    found = EvaluateDataQuality().process_rows(frame=orders, ruleset=ruleset, additional_options=options)
    assert tuple(found["aggregatedMetrics"].toDF().first()) == (4, 3, 1, 2, 0, 2)
    counts = found["ruleOutcomes"].toDF().select("PassedCount", "FailedCount", "SkippedCount", "TotalCount").collect()
    assert [tuple(count) for count in counts] == [(3, 1, 0, 4), (0, 0, 4, 4)]


def test_rules_look_back_to_results_that_were_kept(orders: DynamicFrame, tmp_path: Path) -> None:
    ruleset = """
        Rules = [RowCount >= avg(last(3))*0.5, ColumnCount > last()]
        Analyzers = [CustomSql "select max(amount) from primary"]
    """
    publishing = {"dataQualityEvaluationContext": "orders", "resultsS3Prefix": f"file://{tmp_path}"}

    def evaluated() -> list[tuple[str, str]]:
        found = EvaluateDataQuality.apply(frame=orders, ruleset=ruleset, publishing_options=publishing)
        return [tuple(row) for row in found.toDF().select("Outcome", "EvaluatedRule").collect()]

    assert evaluated() == [("Passed", "RowCount >= 0.0"), ("Passed", "ColumnCount > 0.0")]
    assert evaluated() == [("Passed", "RowCount >= 2.0"), ("Failed", "ColumnCount > 7.0")]
    first, _ = sorted((tmp_path / "orders").glob("*.json"))
    result = json.loads(first.read_text())
    assert [rule["Result"] for rule in result["RuleResults"]] == ["PASS", "PASS"]
    (analyzed,) = result["AnalyzerResults"]
    assert analyzed == {
        "Name": "Analyzer_1",
        "Description": 'CustomSql "select max(amount) from primary"',
        "EvaluatedMetrics": {"Dataset.*.CustomSQL": 40.0},
    }


def test_analyzers_tell_all_statistics_of_columns_and_how_their_values_are_distributed(
    orders: DynamicFrame, tmp_path: Path
) -> None:
    ruleset = """
        Analyzers = [
            AllStatistics "customer",
            Distribution "amount" with bins = 3, rebin = true,
            Distribution "status" where "id < 4",
            Distribution "amount" with bins = 30,
            AllStatistics AllColumns,
        ]
    """
    publishing = {"dataQualityEvaluationContext": "orders", "resultsS3Prefix": f"file://{tmp_path}"}
    EvaluateDataQuality.apply(frame=orders, ruleset=ruleset, publishing_options=publishing)
    (result,) = (tmp_path / "orders").glob("*.json")
    statistics, amounts, states, refused, every = json.loads(result.read_text())["AnalyzerResults"]
    assert statistics["EvaluatedMetrics"] == {
        "Dataset.*.RowCount": 4,
        "Column.customer.Completeness": 0.75,
        "Column.customer.Uniqueness": 0.25,
        "Column.customer.MinimumLength": 0,
        "Column.customer.MaximumLength": 3,
    }
    edges = ["10.0", "20.0", "30.0", "40.0"]
    assert amounts["EvaluatedDistributions"] == {
        "Column.amount.Distribution": {"BinEdges": edges, "Count": [1, 1, 2], "DataType": "double"}
    }
    assert states["EvaluatedDistributions"] == {
        "Column.status.Distribution": {"BinEdges": ["paid", "open"], "Count": [2, 1], "DataType": "string"}
    }
    assert refused["EvaluationMessage"] == "Distribution has 1 to 20 bins, and not 30."
    found = every["EvaluatedMetrics"]
    assert (found["Column.amount.Maximum"], found["Column.id.Uniqueness"], len(found)) == (40.0, 1.0, 29)


def test_more_metrics_take_no_more_spark_jobs(glue_context: GlueContext, orders: DynamicFrame) -> None:
    context = glue_context.spark_session.sparkContext
    few = ["RowCount > 1", 'IsUnique "id"']
    more = ['Mean "amount" > 1', 'Sum "id" > 1', 'IsComplete "day"', 'ColumnValues "id" > 0', 'Entropy "status" > 0']

    def jobs(rules: list[str]) -> int:
        group = str(len(rules))
        context.setJobGroup(group, "data quality")
        EvaluateDataQuality.apply(orders, f"Rules = [{', '.join(rules)}]")
        return len(context.statusTracker().getJobIdsForGroup(group))

    try:
        # Counts of one more column are one more stage, which Spark runs as a job of its own.
        assert jobs([*few, *more]) - jobs(few) <= 1
    finally:
        context.setLocalProperty("spark.jobGroup.id", "")


def test_the_tutorial_s_notebook_gives_the_results_that_it_shows(glue_context: GlueContext) -> None:
    """The ruleset as the tutorial "Data Quality for ETL jobs in AWS Glue Studio notebooks" has it, brackets and all."""
    spark = glue_context.spark_session
    medicare = spark.createDataFrame(
        [(10005, 14), (10046, 11), (10083, 16)], "`Provider Id` int, ` Total Discharges ` int"
    )
    ruleset = """
    Rules = [
        ColumnExists "Provider Id",
        IsComplete "Provider Id",
        ColumnValues  " Total Discharges " > 15
]
    ]
"""
    found = EvaluateDataQuality().process_rows(
        frame=DynamicFrame.fromDF(medicare, glue_context, "medicare_dyf"),
        ruleset=ruleset,
        publishing_options={
            "dataQualityEvaluationContext": "EvaluateDataQualityMultiframe",
            "enableDataQualityCloudWatchMetrics": False,
            "enableDataQualityResultsPublishing": False,
        },
        additional_options={"performanceTuning.caching": "CACHE_NOTHING"},
    )
    outcomes = SelectFromCollection.apply(dfc=found, key="ruleOutcomes").toDF().collect()
    assert [tuple(row)[:4] for row in outcomes] == [
        ('ColumnExists "Provider Id"', "Passed", None, {}),
        ('IsComplete "Provider Id"', "Passed", None, {"Column.Provider Id.Completeness": 1.0}),
        (
            'ColumnValues " Total Discharges " > 15',
            "Failed",
            "Value: 11.0 does not meet the constraint requirement!",
            {"Column. Total Discharges .Minimum": 11.0},
        ),
    ]
