"""What the operations of Application Auto Scaling need.

After "Actions, resources, and condition keys for AWS Application Auto Scaling" (Service Authorization Reference).
"""

from collections.abc import Sequence

from studiolo.scaling import Resource
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    DeleteScalingPolicy        scalable-target/{ResourceId}
    DeleteScheduledAction      scalable-target/{ResourceId}
    DeregisterScalableTarget   scalable-target/{ResourceId}
    DescribeScalableTargets    *
    DescribeScalingActivities  *
    DescribeScalingPolicies    *
    DescribeScheduledActions   *
    PutScalingPolicy           scalable-target/{ResourceId}
    PutScheduledAction         scalable-target/{ResourceId}
    RegisterScalableTarget     scalable-target/{ResourceId}
"""

OPERATIONS = (
    "DeleteScalingPolicy,DeleteScheduledAction,DeregisterScalableTarget,PutScalingPolicy,PutScheduledAction,"
    "RegisterScalableTarget"
)
KEYS = f"""
    {OPERATIONS}  application-autoscaling:scalable-dimension  ScalableDimension
    {OPERATIONS}  application-autoscaling:service-namespace   ServiceNamespace
"""


def _names(call: Call, resource: str, parameters: Parameters) -> Sequence[str]:
    """A target's ARN has an id in place of the name of what is scaled."""
    if not resource.startswith("scalable-target/"):
        return (resource,)
    named = Resource(call.scope, parameters["ResourceId"], parameters.get("ScalableDimension", ""))
    return (f"scalable-target/{named.target_id}",)


RIGHTS = Rights("application-autoscaling", table("application-autoscaling", TABLE), conditions(KEYS), names=_names)
