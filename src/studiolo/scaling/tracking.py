"""The alarms of target tracking, what they measure, and how auto scaling names what it makes."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from studiolo.domain import Scope
from studiolo.metrics import Actions, Alarm, Metric, Metrics, MetricStat, Query, Watch
from studiolo.metrics.alarms import Alarms
from studiolo.scaling.model import COPIES, DIMENSION, Policy, Resource, Steps, Tracking

INVOCATIONS = {
    DIMENSION: "SageMakerVariantInvocationsPerInstance",
    COPIES: "SageMakerInferenceComponentInvocationsPerCopy",
}
"""The predefined metric of each dimension."""
PERIOD = 60
OUT_PERIODS, IN_PERIODS = 3, 15
IN_SHARE = 0.9
"""It scales in below this share of the target, so that it does not swing."""


def invocations_of(resource: Resource) -> Query:
    """The predefined metric of a variant or of an inference component."""
    if resource.dimension == COPIES:
        component = resource.id.partition("/")[2]
        metric = Metric.of("AWS/SageMaker", "InvocationsPerCopy", {"InferenceComponentName": component})
    else:
        _, endpoint, _, variant = resource.id.split("/")
        dimensions = {"EndpointName": endpoint, "VariantName": variant}
        metric = Metric.of("AWS/SageMaker", "InvocationsPerInstance", dimensions)
    return Query("m1", MetricStat(metric, PERIOD, "Sum"))


def put_alarms(alarms: Alarms, policy: Policy, how: Tracking | Steps) -> Sequence[str]:
    """Make or change the alarms of a policy: their names, the one that scales out first. Steps have none of their own.

    Raises Invalid and LimitExceeded.
    """
    if isinstance(how, Steps):
        return ()
    resource, made = policy.resource, []
    created_by = f"{policy.arn}:createdBy/{_named(policy.arn)}"
    kinds = [("AlarmHigh", "GreaterThanThreshold", how.value, OUT_PERIODS)]
    if how.scale_in:
        kinds.append(("AlarmLow", "LessThanThreshold", how.value * IN_SHARE, IN_PERIODS))
    for kind, comparison, threshold, periods in kinds:
        name = f"TargetTracking-{resource.id}-{kind}-{_named(f'{policy.arn}{kind}')}"
        watch = Watch(tuple(how.queries), how.single, comparison, threshold, periods, periods)
        words = f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}."
        alarms.put(resource.scope, name, watch, Actions(alarm=(created_by,)), words, {})
        made.append(name)
    return tuple(made)


def measured(metrics: Metrics, alarm: Alarm, present: datetime) -> Sequence[float]:
    """What an alarm's metric was in the periods that it looks at, in their order; else by which it came to its state."""
    watch = alarm.watch
    start = present - timedelta(seconds=watch.period * watch.periods)
    (lines,) = metrics.reader.series(alarm.scope, watch.queries, start, present).values()
    points = lines[0].points if lines else {}
    return [points[at] for at in sorted(points)] or _told(alarm.state.data)


def policy_arn(resource: Resource, name: str) -> str:
    scope = resource.scope
    of_resource = f"resource/{resource.namespace}/{resource.id}:policyName/{name}"
    owner = f"{scope.region}:{scope.account}"
    return f"arn:{scope.partition}:autoscaling:{owner}:scalingPolicy:{uuid.uuid4()}:{of_resource}"


def schedule_arn(resource: Resource, name: str) -> str:
    scope = resource.scope
    of_resource = f"resource/{resource.namespace}/{resource.id}:scheduledActionName/{name}"
    owner = f"{scope.region}:{scope.account}"
    return f"arn:{scope.partition}:autoscaling:{owner}:scheduledAction:{uuid.uuid4()}:{of_resource}"


def service_role(scope: Scope) -> str:
    """The role by which AWS scales variants; it is shown, and nothing here acts as it."""
    path = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com"
    name = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    return f"arn:{scope.partition}:iam::{scope.account}:role/{path}/{name}"


def _named(text: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, text)


def _told(data: str | None) -> Sequence[float]:
    """The numbers of an alarm's reason, which anybody may have set."""
    reason = json.loads(data) if data else {}
    points = reason.get("recentDatapoints", ()) if isinstance(reason, dict) else ()
    return [point for point in points if isinstance(point, (int, float))] if isinstance(points, list) else []
