"""Amazon SageMaker: Search, over the resources that Studiolo has."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from studiolo.aws.errors import ServiceError
from studiolo.aws.models import service_model
from studiolo.aws.paging import decode_place, encode_token
from studiolo.domain import DomainError, Page
from studiolo.ml.experiments.entity import COMPONENT, EXPERIMENT, TRIAL, Entity
from studiolo.ml.listing import Listing
from studiolo.ml.registry.search import Condition, Deferred, Document, Expression, Nested, is_named, names, ordered
from studiolo.services.call import Call
from studiolo.services.sagemaker import searched
from studiolo.services.sagemaker.endpoints import describe_endpoint
from studiolo.services.sagemaker.experiments import as_entity, as_experiment, as_trial
from studiolo.services.sagemaker.model_cards import as_model_card
from studiolo.services.sagemaker.model_packages import as_group, as_model_package
from studiolo.services.sagemaker.models import describe_model
from studiolo.services.sagemaker.service import INVALID, refuse, sagemaker
from studiolo.services.sagemaker.tags import as_tags
from studiolo.services.sagemaker.training_jobs import describe_training_job
from studiolo.services.sagemaker.trial_components import as_component
from studiolo.services.sagemaker.tuning_jobs import describe_hyper_parameter_tuning_job

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        GetSearchSuggestionsRequestTypeDef,
        GetSearchSuggestionsResponseTypeDef,
        SearchRequestTypeDef,
        SearchResponseTypeDef,
    )

AT_A_TIME = 200
MOST_LOOKED_AT = 1000
MOST_SUGGESTED = 100

OF_COMPONENTS = (
    "Source", "Status", "StartTime", "EndTime", "Parameters", "InputArtifacts", "OutputArtifacts", "Metrics",
    "MetadataProperties",
)  # fmt: skip
"""What a trial component has beside what every entity has: each of it is read from more tables."""

Find = Callable[[Call, Expression], Iterator[Document]]
"""Finds all documents; of which it may leave out those that the expression does not hold for."""


def _all(pages: Callable[[Listing], Page[Any]]) -> Iterator[Any]:
    after: str | None = None
    while True:
        page = pages(Listing(descending=False, after=after, limit=AT_A_TIME))
        yield from page.items
        if page.next is None:
            return
        after = page.next


def _described(
    member: str,
    describe: Callable[..., Any],
    pages: Callable[[Call], Callable[..., Page[Any]]],
    call: Call,
    _: Expression,
) -> Iterator[dict[str, Any]]:
    for each in _all(partial(pages(call), call.scope)):
        try:
            yield dict(describe(call, {member: each.name}))
        except DomainError:
            # Gone since it was listed.
            continue


def _packages(call: Call, _: Expression) -> Iterator[dict[str, Any]]:
    packages = call.studio.ml.registry.packages
    return map(as_model_package, _all(lambda asked: packages.page(call.scope, asked, None, None)))


def _entities(call: Call, kind: str) -> Iterator[Entity]:
    return _all(partial(call.studio.ml.experiments.page, call.scope, kind))


def _components(call: Call, asked: Expression) -> Iterator[Document]:
    names = asked.named("TrialComponentName")
    if names is not None:
        yield from _named_components(call, list(dict.fromkeys(names)))
        return
    for each in _entities(call, COMPONENT):
        whole = cache(partial(_component, call, each))
        rest = {name: partial(_member, whole, name) for name in OF_COMPONENTS}
        yield Deferred(as_entity(each, "TrialComponent"), {**rest, "Parents": partial(_parents, call, each)})


def _named_components(call: Call, names: Sequence[str]) -> Iterator[Document]:
    """Those, whole: what they have is read together."""
    experiments = call.studio.ml.experiments
    measured, parents = experiments.measured(call.scope, names), experiments.parents(call.scope, names)
    for each in experiments.some(call.scope, COMPONENT, names):
        told = as_component(call, each, measured.get(each.name, ()))
        yield {**told, "Parents": _as_parents(parents.get(each.name, ()))}


def _component(call: Call, component: Entity) -> Document:
    measured = call.studio.ml.experiments.measured(call.scope, [component.name])
    return as_component(call, component, measured.get(component.name, ()))


def _member(whole: Callable[[], Document], name: str) -> Any:
    return whole().get(name)


def _parents(call: Call, component: Entity) -> list[dict[str, str]]:
    return _as_parents(call.studio.ml.experiments.parents(call.scope, [component.name]).get(component.name, ()))


def _as_parents(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"TrialName": trial, "ExperimentName": experiment} for trial, experiment in pairs]


RESOURCES: Mapping[str, tuple[str, str, Find]] = {
    "Experiment": ("Experiment", "ExperimentArn", lambda call, _: map(as_experiment, _entities(call, EXPERIMENT))),
    "ExperimentTrial": ("Trial", "TrialArn", lambda call, _: map(as_trial, _entities(call, TRIAL))),
    "ExperimentTrialComponent": ("TrialComponent", "TrialComponentArn", _components),
    "TrainingJob": (
        "TrainingJob",
        "TrainingJobArn",
        partial(_described, "TrainingJobName", describe_training_job, lambda call: call.studio.ml.training.page),
    ),
    "HyperParameterTuningJob": (
        "HyperParameterTuningJob",
        "HyperParameterTuningJobArn",
        partial(
            _described,
            "HyperParameterTuningJobName",
            describe_hyper_parameter_tuning_job,
            lambda call: call.studio.ml.tuning.page,
        ),
    ),
    "Endpoint": (
        "Endpoint",
        "EndpointArn",
        partial(_described, "EndpointName", describe_endpoint, lambda call: call.studio.ml.endpoints.page),
    ),
    "Model": (
        "Model",
        "ModelArn",
        partial(_described, "ModelName", describe_model, lambda call: call.studio.ml.models.page),
    ),
    "ModelPackage": ("ModelPackage", "ModelPackageArn", _packages),
    "ModelPackageGroup": (
        "ModelPackageGroup",
        "ModelPackageGroupArn",
        lambda call, _: map(as_group, _all(partial(call.studio.ml.registry.packages.groups, call.scope))),
    ),
    "ModelCard": (
        "ModelCard",
        "ModelCardArn",
        lambda call, _: map(as_model_card, _all(partial(call.studio.ml.registry.cards.page, call.scope))),
    ),
    "Pipeline": ("Pipeline", "PipelineArn", lambda call, _: searched.pipelines(call)),
    "PipelineExecution": ("PipelineExecution", "PipelineExecutionArn", lambda call, _: searched.executions(call)),
    "PipelineVersion": ("PipelineVersion", "", lambda call, _: searched.versions(call)),
    "FeatureGroup": ("FeatureGroup", "FeatureGroupArn", lambda call, _: searched.feature_groups(call)),
    "FeatureMetadata": ("FeatureMetadata", "", lambda call, _: searched.features(call)),
    "Project": ("Project", "ProjectArn", lambda call, _: searched.projects(call)),
}
"""By the resource's name: the member of a result, that of its ARN where it has tags, and what finds all documents."""


@sagemaker.operation
def get_search_suggestions(
    call: Call, request: "GetSearchSuggestionsRequestTypeDef"
) -> "GetSearchSuggestionsResponseTypeDef":
    resource = _searched(request["Resource"])
    hint = request.get("SuggestionQuery", {}).get("PropertyNameQuery", {}).get("PropertyNameHint", "")
    found: set[str] = set()
    for document in islice(_documents(call, resource, Expression()), MOST_LOOKED_AT):
        found.update(name for name in names(document) if name.lower().startswith(hint.lower()))
    suggested: Any = [{"PropertyName": name} for name in sorted(found)[:MOST_SUGGESTED]]
    return {"PropertyNameSuggestions": suggested}  # type: ignore[typeddict-item]


@sagemaker.operation
def search(call: Call, request: "SearchRequestTypeDef") -> "SearchResponseTypeDef":
    refuse(request, ["VisibilityConditions"], "Search")
    resource = _searched(request["Resource"])
    asked = expression(resource, request.get("SearchExpression", {}))
    if "SortBy" in request:
        _check_property(resource, request["SortBy"])
    here = request.get("CrossAccountFilterOption", "SameAccount") == "SameAccount"
    found = [each for each in _documents(call, resource, asked) if asked.holds(each)] if here else []
    sort_by, order = request.get("SortBy", "LastModifiedTime"), request.get("SortOrder", "Descending")
    shown = ordered(found, sort_by, descending=order == "Descending")
    token = request.get("NextToken")
    start = decode_place(token, INVALID)
    end = start + request.get("MaxResults", 10)
    member = RESOURCES[resource][0]
    answer: Any = {
        "Results": [{member: {"Model": dict(each)} if member == "Model" else dict(each)} for each in shown[start:end]],
        "TotalHits": {"Value": len(shown), "Relation": "EqualTo"},
        **({"NextToken": encode_token(str(end))} if end < len(shown) else {}),
    }
    return answer  # type: ignore[no-any-return]


def _searched(resource: str) -> str:
    """The resource, unless it is not one of RESOURCES."""
    if resource not in RESOURCES:
        raise ServiceError(
            INVALID, f"Resource {resource} is not searched by Studiolo; it searches {', '.join(sorted(RESOURCES))}."
        )
    return resource


def expression(resource: str, request: Any) -> Expression:
    """What a SearchExpression says."""
    parts: list[Condition | Nested | Expression] = []
    for each in request.get("Filters", ()):
        _check_property(resource, each["Name"])
        parts.append(_condition(each))
    for nested in request.get("NestedFilters", ()):
        within = nested["NestedPropertyName"]
        for each in nested["Filters"]:
            _check_property(resource, f"{within}.{each['Name'].removeprefix(f'{within}.')}")
        parts.append(Nested(within, [_condition(each) for each in nested["Filters"]]))
    parts += [expression(resource, each) for each in request.get("SubExpressions", ())]
    return Expression(parts, request.get("Operator", "And") == "And")


def _condition(request: Any) -> Condition:
    return Condition(request["Name"], request.get("Operator", "Equals"), request.get("Value"))


def _check_property(resource: str, name: str) -> None:
    """Answer that SearchRecord has no such property of the resource. One of a map, or named by an entry, may be any."""
    record = service_model("sagemaker").shape_for("SearchRecord").members[RESOURCES[resource][0]]
    if resource == "Model":
        record = record.members["Model"]
    if not is_named(name) and not _has(record, name.split(".")):
        known = ", ".join(sorted(record.members))
        raise ServiceError(INVALID, f"{name} is not a property of the resource {resource}, which has {known}.")


def _has(shape: Any, path: Sequence[str]) -> bool:
    if shape.type_name == "list":
        return _has(shape.member, path)
    if not path or shape.type_name == "map":
        return True
    members = shape.members if shape.type_name == "structure" else {}
    return path[0] in members and _has(members[path[0]], path[1:])


def _documents(call: Call, resource: str, asked: Expression) -> Iterator[Document]:
    """The documents of the resources of a kind, with their tags."""
    _, arn, find = RESOURCES[resource]
    for document in find(call, asked):
        changed = (
            document if "LastModifiedTime" in document else {**document, "LastModifiedTime": document["CreationTime"]}
        )
        yield Deferred(changed, {"Tags": partial(_tags, call, document[arn])} if arn else {})


def _tags(call: Call, arn: str) -> Any:
    try:
        return as_tags(call.studio.ml.tags.of(call.scope, arn)) or None
    except DomainError:
        return None
