"""Results as files: written where `resultsS3Prefix` says, and read again by rules that look back.

Below the prefix there is a folder for each `dataQualityEvaluationContext`, and in it a file for each evaluation, named
by its time: what GetDataQualityResult answers, as JSON, with `Statistics` (Name, Filter, Value) besides.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from pyspark.sql import SparkSession

from awsgluedq.conditions import ConditionError, Past
from awsgluedq.evaluation import Evaluation, Outcome


class Results:
    """The results of one evaluation context. Without a prefix none are kept, and none can be looked back to."""

    def __init__(self, session: SparkSession, prefix: str, context: str) -> None:
        self._session = session
        self._context = context
        place = prefix if "://" in prefix or prefix.startswith("/") else f"s3://{prefix}"
        self._folder = f"{place.rstrip('/')}/{context}" if prefix else ""
        self._earlier: list[dict[str, Any]] | None = None

    @property
    def kept(self) -> bool:
        """Whether results are written."""
        return bool(self._folder)

    def past(self, metric: str, where: str | None) -> Past:
        """The values of a metric in earlier evaluations of this context, under the same filter, the newest first."""

        def values(count: int) -> Sequence[float]:
            if not self.kept:
                raise ConditionError(
                    "last(...) looks back to earlier results, and none are kept: "
                    'give publishing_options a "resultsS3Prefix".'
                )
            found = [
                float(one["Value"])
                for result in self._read()
                for one in result.get("Statistics", [])
                if (one["Name"], one["Filter"]) == (metric, where)
            ]
            return found[:count] or [0.0]

        return values

    def write(self, started: datetime, evaluation: Evaluation) -> None:
        """Write a result."""
        if not self.kept:
            return
        identity = f"dqresult-{uuid.uuid4().hex}"
        done = datetime.now(timezone.utc)
        outcomes = evaluation.outcomes
        statistics = {
            (name, _filter(one)): value
            for one in (*outcomes, *evaluation.analyzed)
            for name, value in one.metrics.items()
        }
        result = {
            "ResultId": identity,
            "Score": sum(one.passed for one in outcomes) / len(outcomes) if outcomes else 1.0,
            "EvaluationContext": self._context,
            "StartedOn": started.isoformat(),
            "CompletedOn": done.isoformat(),
            "RuleResults": [_rule_result(number, one) for number, one in enumerate(outcomes, 1)],
            "AnalyzerResults": [_analyzer_result(number, one) for number, one in enumerate(evaluation.analyzed, 1)],
            "Statistics": [
                {"Name": name, "Filter": where, "Value": value} for (name, where), value in statistics.items()
            ],
        }
        system, path = self._path(f"/{done:%Y%m%dT%H%M%S%f}-{identity}.json")
        stream = system.create(path, False)
        stream.write(bytearray(json.dumps(result).encode()))
        stream.close()

    def _read(self) -> list[dict[str, Any]]:
        if self._earlier is None:
            system, folder = self._path("")
            found = system.listStatus(folder) if system.exists(folder) else []
            paths = {str(one.getPath().getName()): one.getPath() for one in found}
            names = sorted((name for name in paths if name.endswith(".json")), reverse=True)
            self._earlier = [self._content(system, paths[name]) for name in names]
        return self._earlier

    def _content(self, system: Any, path: Any) -> dict[str, Any]:
        jvm: Any = self._session._jvm
        stream = system.open(path)
        try:
            content: dict[str, Any] = json.loads(jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()
        return content

    def _path(self, name: str) -> tuple[Any, Any]:
        jvm: Any = self._session._jvm
        path = jvm.org.apache.hadoop.fs.Path(f"{self._folder}{name}")
        return path.getFileSystem(self._session._jsparkSession.sessionState().newHadoopConf()), path


def _filter(outcome: Outcome) -> str | None:
    return getattr(outcome.rule, "where", None)


def _analyzer_result(number: int, outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {
        "Name": f"Analyzer_{number}",
        "Description": outcome.rule.text,
        "EvaluatedMetrics": dict(outcome.metrics),
    }
    if outcome.distributions:
        result["EvaluatedDistributions"] = {
            name: {"BinEdges": list(one.edges), "Count": list(one.counts), "DataType": one.type}
            for name, one in outcome.distributions.items()
        }
    if outcome.reason:
        result["EvaluationMessage"] = outcome.reason
    return result


def _rule_result(number: int, outcome: Outcome) -> dict[str, Any]:
    result: dict[str, Any] = {
        "Name": f"Rule_{number}",
        "Description": outcome.rule.text,
        "Result": "PASS" if outcome.passed else "FAIL",
        "EvaluatedMetrics": dict(outcome.metrics),
        "EvaluatedRule": outcome.evaluated,
    }
    if outcome.reason:
        result["EvaluationMessage"] = outcome.reason
    if outcome.rule.labels:
        result["Labels"] = dict(outcome.rule.labels)
    return result
