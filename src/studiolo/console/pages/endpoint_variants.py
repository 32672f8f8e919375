"""The variants of an endpoint: what they run on, how much of the traffic they get, and how they are scaled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from studiolo.console.pages.metrics import chart
from studiolo.console.pages.page import Page
from studiolo.console.visit import Refused, Visit

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
POLICY = "console"
"""The name of the policy that the form makes."""
REQUESTS, USED = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
METRICS = (
    (REQUESTS, "Invocations", "Sum"),
    (REQUESTS, "ModelLatency", "Average"),
    (REQUESTS, "Invocation4XXErrors", "Sum"),
    (REQUESTS, "Invocation5XXErrors", "Sum"),
    (USED, "CPUUtilization", "Average"),
    (USED, "MemoryUtilization", "Average"),
)
UNITS = {"ModelLatency": "µs", "CPUUtilization": "%", "MemoryUtilization": "%"}


@dataclass(frozen=True)
class Variant:
    """One, beside its part of the configuration and, where it is scaled, its scalable target with its policies."""

    now: Mapping[str, Any]
    config: Mapping[str, Any]
    target: Mapping[str, Any] | None
    policies: Sequence[str]

    @property
    def name(self) -> str:
        return str(self.now["VariantName"])


def variants(visit: Visit, described: Mapping[str, Any]) -> list[Variant]:
    """Raises ClientError."""
    config = visit.client("sagemaker").describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    configured = {each["VariantName"]: each for each in config["ProductionVariants"]}
    given = described.get("ProductionVariants", [])
    scaling, asked = visit.client("application-autoscaling"), {"ServiceNamespace": "sagemaker"}
    ids = [_resource(described["EndpointName"], each["VariantName"]) for each in given]
    found = scaling.describe_scalable_targets(**asked, ResourceIds=ids, ScalableDimension=DIMENSION) if ids else {}
    targets = {each["ResourceId"]: each for each in found.get("ScalableTargets", [])}
    told = []
    for each, identifier in zip(given, ids, strict=True):
        policies = []
        if identifier in targets:
            policies = scaling.describe_scaling_policies(**asked, ResourceId=identifier)["ScalingPolicies"]
        told.append(
            Variant(
                each,
                configured.get(each["VariantName"], {}),
                targets.get(identifier),
                [_told(policy) for policy in policies],
            )
        )
    return told


def measured(visit: Visit, described: Mapping[str, Any], span: str) -> list[tuple[str, dict[str, Any]]]:
    """Charts of what was measured of each variant. Raises ClientError."""
    found = []
    several = len(described.get("ProductionVariants", [])) > 1
    for each in described.get("ProductionVariants", []):
        of = {"EndpointName": described["EndpointName"], "VariantName": each["VariantName"]}
        dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
        for namespace, name, statistic in METRICS:
            what = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
            if (drawn := chart(visit, what, statistic, span)) is not None:
                unit = f" ({UNITS[name]})" if name in UNITS else ""
                found.append((f"{name}{unit}" + (f" of {each['VariantName']}" if several else ""), drawn))
    return found


def change(visit: Visit) -> Response:
    """Other weights, and counts of instances."""
    name, form = visit.path["endpoint"], visit.form
    wanted = []
    for variant in sorted({field.partition(":")[2] for field in form if field.startswith(("weight:", "count:"))}):
        weight, count = form.get(f"weight:{variant}", ""), form.get(f"count:{variant}", "")
        try:
            change = {"DesiredWeight": float(weight)} if weight else {}
            change |= {"DesiredInstanceCount": int(count)} if count else {}
        except ValueError:
            said = Refused("ValidationException", f"The weight and the instances of {variant} are numbers.", 400)
            return visit.page("refused.html", 400, said=said)
        wanted.append({"VariantName": variant, **change})
    visit.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=wanted
    )
    return visit.go(f"/endpoints/{name}?tab=variants")


def scale(visit: Visit) -> Response:
    """Have a variant follow its invocations, between two counts of instances; or no longer."""
    endpoint, form = visit.path["endpoint"], visit.form
    scaling = visit.client("application-autoscaling")
    variant = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": _resource(endpoint, form.get("variant", "")),
        "ScalableDimension": DIMENSION,
    }
    if form.get("end"):
        scaling.deregister_scalable_target(**variant)
        return visit.go(f"/endpoints/{endpoint}?tab=variants")
    numbers = {field: form.get(field, "") for field in ("least", "most", "target")}
    if not all(value.isdecimal() for value in numbers.values()):
        said = Refused("ValidationException", "What scaling goes by are whole numbers.", 400)
        return visit.page("refused.html", 400, said=said)
    scaling.register_scalable_target(**variant, MinCapacity=int(numbers["least"]), MaxCapacity=int(numbers["most"]))
    scaling.put_scaling_policy(
        **variant,
        PolicyName=POLICY,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": float(numbers["target"]),
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        },
    )
    return visit.go(f"/endpoints/{endpoint}?tab=variants")


def _resource(endpoint: str, variant: str) -> str:
    return f"endpoint/{endpoint}/variant/{variant}"


def _told(policy: Mapping[str, Any]) -> str:
    """What a policy does, in words."""
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
    if tracking is None:
        return f"{policy['PolicyName']} scales by steps"
    given = tracking.get("PredefinedMetricSpecification") or tracking.get("CustomizedMetricSpecification", {})
    metric = given.get("PredefinedMetricType") or given.get("MetricName") or "a metric of its own"
    return f"{policy['PolicyName']} keeps {metric} at {tracking['TargetValue']:g}"


PAGES = (
    Page("POST", "/endpoints/{endpoint}/variants", change),
    Page("POST", "/endpoints/{endpoint}/scaling", scale),
)
