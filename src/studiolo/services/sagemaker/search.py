"""Amazon SageMaker: Search, over what is kept of experiments and pipelines."""

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.paging import decode_token, encode_token
from studiolo.domain import NotFound
from studiolo.ml.experiments.entity import COMPONENT, EXPERIMENT, TRIAL, Entity
from studiolo.ml.listing import Listing
from studiolo.services.call import Call
from studiolo.services.sagemaker.experiments import as_experiment, as_trial
from studiolo.services.sagemaker.service import INVALID, refuse, sagemaker
from studiolo.services.sagemaker.trial_components import as_component

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


@sagemaker.operation
def search(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    refuse(request, ["VisibilityConditions"], "Search")
    kind = request["Resource"]
    if kind not in RESOURCES:
        raise ServiceError(INVALID, f"Search of {kind} is not supported by Studiolo: of {', '.join(RESOURCES)} only.")
    member, records = RESOURCES[kind]
    expression = request.get("SearchExpression", {})
    named = _only(expression, f"{member}Name")
    found = [record for record in records(call, named) if matches(record, expression)]
    order = request.get("SortBy", "LastModifiedTime")
    found.sort(key=lambda record: _sortable(next(iter(_values(record, order)), None)))
    if request.get("SortOrder", "Descending") == "Descending":
        found.reverse()
    token = request.get("NextToken")
    begin = int(decode_token(token, INVALID)) if token else 0
    end = begin + request.get("MaxResults", 20)
    more = {"NextToken": encode_token(str(end))} if end < len(found) else {}
    return {
        "Results": [{member: record} for record in found[begin:end]],
        "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
        **more,
    }


def matches(record: Mapping[str, Any], expression: Mapping[str, Any]) -> bool:
    """Whether a record is one that a SearchExpression asks for."""
    verdicts = [_passes(record, each) for each in expression.get("Filters", ())]
    for nested in expression.get("NestedFilters", ()):
        prefix = nested["NestedPropertyName"] + "."
        inner = [{**each, "Name": each["Name"].removeprefix(prefix)} for each in nested["Filters"]]
        entries = list(_values(record, nested["NestedPropertyName"]))
        verdicts.append(any(all(_passes(entry, each) for each in inner) for entry in entries))
    verdicts += [matches(record, each) for each in expression.get("SubExpressions", ())]
    either = expression.get("Operator") == "Or" and bool(verdicts)
    return bool(any(verdicts) if either else all(verdicts))


def _passes(record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    values = list(_values(record, asked["Name"]))
    kind, wanted = asked.get("Operator", "Equals"), asked.get("Value", "")
    if kind in ("Exists", "NotExists"):
        return bool(values) == bool(kind == "Exists")
    if kind == "NotEquals":
        return all(_text(value) != wanted for value in values)
    if kind == "In":
        return any(_text(value) in wanted.split(",") for value in values)
    if kind == "Contains":
        return any(wanted.lower() in _text(value).lower() for value in values)
    if kind == "Equals":
        return any(_text(value) == wanted or _compared(operator.eq, value, wanted) for value in values)
    return any(_compared(COMPARISONS[kind], value, wanted) for value in values)


def _values(record: Any, path: str) -> Iterator[Any]:
    """All that is at a path. Lists stand for each of their entries; `Tags.KEY`, `Metrics.NAME.Min` name one of them."""
    if isinstance(record, list):
        for entry in record:
            yield from _values(entry, path)
    elif isinstance(record, Mapping) and set(record) & {"StringValue", "NumberValue"}:
        yield from record.values()
    elif not path:
        yield record
    elif isinstance(record, Mapping):
        name, _, rest = path.partition(".")
        if name in record:
            yield from _values(record[name], rest)
        elif record.get("MetricName") == name or record.get("Key") == name:
            yield record.get(rest or "Last", record.get("Value"))
        elif path in record:
            yield from _values(record[path], "")


def _compared(comparison: Callable[[Any, Any], bool], value: Any, wanted: str) -> bool:
    try:
        if isinstance(value, datetime):
            return bool(comparison(value, datetime.fromisoformat(wanted.replace("Z", "+00:00"))))
        return comparison(float(value), float(wanted))
    except (TypeError, ValueError):
        return False


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _sortable(value: Any) -> tuple[int, Any]:
    """Numbers before moments before texts, each among themselves."""
    if isinstance(value, (int, float)):
        return 0, value
    return (1, value.timestamp()) if isinstance(value, datetime) else (2, str(value))


def _only(expression: Mapping[str, Any], member: str) -> str | None:
    """The one name that records can have which a search asks for: they need not all be looked at."""
    filters = expression.get("Filters", ()) if expression.get("Operator") != "Or" else ()
    names = [each["Value"] for each in filters if each["Name"] == member and each.get("Operator") == "Equals"]
    return names[0] if names else None


def _entities(call: Call, kind: str, named: str | None) -> Iterator[Entity]:
    if named is not None:
        with suppress(NotFound):
            yield call.studio.ml.experiments.get(call.scope, kind, named)
        return
    after: str | None = None
    while True:
        page = call.studio.ml.experiments.page(call.scope, kind, Listing(after=after, limit=100))
        yield from page.items
        if page.next is None:
            return
        after = page.next


def _tagged(call: Call, entity: Entity, record: dict[str, Any]) -> dict[str, Any]:
    tags = call.studio.ml.tags.of(call.scope, entity.arn)
    return {**record, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _experiments(call: Call, named: str | None) -> Iterator[dict[str, Any]]:
    return (_tagged(call, each, as_experiment(each)) for each in _entities(call, EXPERIMENT, named))


def _trials(call: Call, named: str | None) -> Iterator[dict[str, Any]]:
    return (_tagged(call, each, as_trial(each)) for each in _entities(call, TRIAL, named))


def _components(call: Call, named: str | None) -> Iterator[dict[str, Any]]:
    for each in _entities(call, COMPONENT, named):
        parents = call.studio.ml.experiments.parents(call.scope, each.name)
        pairs = [{"TrialName": trial, "ExperimentName": experiment} for trial, experiment in parents]
        yield _tagged(call, each, {**as_component(call, each), "Parents": pairs})


RESOURCES: Mapping[str, tuple[str, Callable[[Call, str | None], Iterator[dict[str, Any]]]]] = {
    "Experiment": ("Experiment", _experiments),
    "ExperimentTrial": ("Trial", _trials),
    "ExperimentTrialComponent": ("TrialComponent", _components),
}
"""By the Resource of a search: the member of its results, and all of them."""
