"""Application Auto Scaling: scaling policies."""

from collections.abc import Mapping
from typing import Any

from studiolo.aws.errors import ServiceError
from studiolo.metrics import Expression, Metric, MetricStat, Query
from studiolo.metrics.alarms import arn_of
from studiolo.scaling import COPIES, Policy, Resource, Step, Steps, Tracking
from studiolo.scaling.tracking import INVOCATIONS, PERIOD, invocations_of
from studiolo.services.application_autoscaling.service import (
    INVALID,
    Request,
    application_autoscaling,
    as_resource,
    has_none,
    next_token,
    paging,
    require_alarms,
    resource_of,
)
from studiolo.services.call import Call

TRACKING, STEPS = "TargetTrackingScaling", "StepScaling"
KINDS = ("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")


@application_autoscaling.operation
def delete_scaling_policy(call: Call, request: Request) -> dict[str, Any]:
    call.studio.scaling.delete_policy(resource_of(call, request), request["PolicyName"])
    return {}


@application_autoscaling.operation
def describe_scaling_policies(call: Call, request: Request) -> dict[str, Any]:
    if has_none(request):
        return {"ScalingPolicies": []}
    names = request.get("PolicyNames")
    page = call.studio.scaling.policies(call.scope, request.get("ResourceId"), names, *paging(request))
    return {"ScalingPolicies": [_as_policy(policy) for policy in page.items], **next_token(page)}


@application_autoscaling.operation
def put_scaling_policy(call: Call, request: Request) -> dict[str, Any]:
    resource = resource_of(call, request)
    kind = request.get("PolicyType", STEPS)
    how: Tracking | Steps
    if kind == TRACKING and "TargetTrackingScalingPolicyConfiguration" in request:
        require_alarms(call, resource)
        how = _tracking(resource, request["TargetTrackingScalingPolicyConfiguration"])
    elif kind == STEPS and "StepScalingPolicyConfiguration" in request:
        how = _steps(request["StepScalingPolicyConfiguration"])
    else:
        raise ServiceError(
            INVALID, f"Give the configuration of the policy type {kind}: Studiolo has {TRACKING} and {STEPS}."
        )
    policy = call.studio.scaling.put_policy(resource, request["PolicyName"], how)
    return {"PolicyARN": policy.arn, "Alarms": _as_alarms(policy)}


def _tracking(resource: Resource, given: Mapping[str, Any]) -> Tracking:
    if ("PredefinedMetricSpecification" in given) == ("CustomizedMetricSpecification" in given):
        raise ServiceError(INVALID, "Give either a PredefinedMetricSpecification or a CustomizedMetricSpecification.")
    shared: dict[str, Any] = {
        "value": given["TargetValue"],
        "out_cooldown": given.get("ScaleOutCooldown", 300),
        "in_cooldown": given.get("ScaleInCooldown", 300),
        "scale_in": not given.get("DisableScaleIn", False),
    }
    if "PredefinedMetricSpecification" in given:
        kind = given["PredefinedMetricSpecification"]["PredefinedMetricType"]
        supported = INVOCATIONS.get(resource.dimension)
        if kind != supported:
            raise ServiceError(
                INVALID,
                f"The predefined metric {kind} is not supported by Studiolo for {resource.dimension}: {supported} is.",
            )
        if resource.id.count("/") != (1 if resource.dimension == COPIES else 3):
            raise ServiceError(INVALID, f"The resource ID {resource.id} is none of {resource.dimension}.")
        return Tracking(queries=(invocations_of(resource),), predefined=kind, **shared)
    queries = _queries(given["CustomizedMetricSpecification"])
    return Tracking(queries=queries, single="Metrics" not in given["CustomizedMetricSpecification"], **shared)


def _queries(given: Mapping[str, Any]) -> tuple[Query, ...]:
    if "Metrics" in given:
        found = tuple(_query(each) for each in given["Metrics"])
        if sum(query.returned for query in found) != 1:
            raise ServiceError(INVALID, "Exactly one of Metrics must have ReturnData true.")
        return found
    missing = [name for name in ("MetricName", "Namespace", "Statistic") if name not in given]
    if missing:
        raise ServiceError(INVALID, f"A CustomizedMetricSpecification needs {', '.join(missing)}.")
    return (Query("m1", MetricStat(_metric(given), PERIOD, given["Statistic"], given.get("Unit"))),)


def _query(given: Mapping[str, Any]) -> Query:
    if ("MetricStat" in given) == ("Expression" in given):
        raise ServiceError(INVALID, f"Give either MetricStat or Expression for {given['Id']}.")
    what: MetricStat | Expression
    if "MetricStat" in given:
        stat = given["MetricStat"]
        what = MetricStat(_metric(stat["Metric"]), PERIOD, stat["Stat"], stat.get("Unit"))
    else:
        what = Expression(given["Expression"], PERIOD)
    return Query(given["Id"], what, given.get("Label"), given.get("ReturnData", True))


def _metric(given: Mapping[str, Any]) -> Metric:
    dimensions = {each["Name"]: each["Value"] for each in given.get("Dimensions", ())}
    return Metric.of(given.get("Namespace", ""), given.get("MetricName", ""), dimensions)


def _steps(given: Mapping[str, Any]) -> Steps:
    kind = given.get("AdjustmentType")
    if kind not in KINDS:
        raise ServiceError(INVALID, f"AdjustmentType must be one of {', '.join(KINDS)}.")
    if "MinAdjustmentMagnitude" in given and kind != "PercentChangeInCapacity":
        raise ServiceError(INVALID, "MinAdjustmentMagnitude is for PercentChangeInCapacity only.")
    steps = tuple(
        Step(each["ScalingAdjustment"], each.get("MetricIntervalLowerBound"), each.get("MetricIntervalUpperBound"))
        for each in given.get("StepAdjustments", ())
    )
    return Steps(
        kind, steps, given.get("Cooldown", 300), given.get("MinAdjustmentMagnitude"), given.get("MetricAggregationType")
    )


def _as_policy(policy: Policy) -> dict[str, Any]:
    how = policy.how
    configured = (
        {"PolicyType": TRACKING, "TargetTrackingScalingPolicyConfiguration": _as_tracking(how)}
        if isinstance(how, Tracking)
        else {"PolicyType": STEPS, "StepScalingPolicyConfiguration": _as_steps(how)}
    )
    return {
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        **as_resource(policy.resource),
        **configured,
        "Alarms": _as_alarms(policy),
        "CreationTime": policy.created,
    }


def _as_alarms(policy: Policy) -> list[dict[str, str]]:
    return [{"AlarmName": name, "AlarmARN": arn_of(policy.resource.scope, name)} for name in policy.alarms]


def _as_tracking(how: Tracking) -> dict[str, Any]:
    if how.predefined is not None:
        measured: dict[str, Any] = {"PredefinedMetricSpecification": {"PredefinedMetricType": how.predefined}}
    elif how.single and isinstance(what := how.queries[0].what, MetricStat):
        unit = {} if what.unit is None else {"Unit": what.unit}
        measured = {"CustomizedMetricSpecification": {**_as_metric(what.metric), "Statistic": what.stat, **unit}}
    else:
        measured = {"CustomizedMetricSpecification": {"Metrics": [_as_query(query) for query in how.queries]}}
    return {
        "TargetValue": how.value,
        **measured,
        "ScaleOutCooldown": how.out_cooldown,
        "ScaleInCooldown": how.in_cooldown,
        "DisableScaleIn": not how.scale_in,
    }


def _as_query(query: Query) -> dict[str, Any]:
    said: dict[str, Any] = {"Id": query.id, "ReturnData": query.returned}
    if query.label is not None:
        said["Label"] = query.label
    if isinstance(query.what, Expression):
        return {**said, "Expression": query.what.text}
    unit = {} if query.what.unit is None else {"Unit": query.what.unit}
    return {**said, "MetricStat": {"Metric": _as_metric(query.what.metric), "Stat": query.what.stat, **unit}}


def _as_metric(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {"MetricName": metric.name, "Namespace": metric.namespace, "Dimensions": dimensions}


def _as_steps(how: Steps) -> dict[str, Any]:
    def as_step(step: Step) -> dict[str, Any]:
        bounds = {"MetricIntervalLowerBound": step.lower, "MetricIntervalUpperBound": step.upper}
        known = {name: value for name, value in bounds.items() if value is not None}
        return {**known, "ScalingAdjustment": step.adjustment}

    more = {"MinAdjustmentMagnitude": how.magnitude, "MetricAggregationType": how.aggregation}
    return {
        "AdjustmentType": how.kind,
        "StepAdjustments": [as_step(step) for step in how.steps],
        "Cooldown": how.cooldown,
        **{name: value for name, value in more.items() if value is not None},
    }
