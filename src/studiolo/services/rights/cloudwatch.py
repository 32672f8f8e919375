"""What the operations of CloudWatch need.

After "Actions, resources, and condition keys for Amazon CloudWatch" (Service Authorization Reference).
"""

from collections.abc import Mapping

from studiolo.aws.arns import parse_arn
from studiolo.domain import Scope
from studiolo.services.call import Call
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    DeleteAlarms             alarm:{AlarmNames}
    DeleteDashboards         dashboard/{DashboardNames}
    DescribeAlarmHistory     alarm:{AlarmName:*}
    DescribeAlarms           alarm:{AlarmNames:*}
    DescribeAlarmsForMetric  *
    DisableAlarmActions      alarm:{AlarmNames}
    EnableAlarmActions       alarm:{AlarmNames}
    GetDashboard             dashboard/{DashboardName}
    GetMetricData            *
    GetMetricStatistics      *
    ListDashboards           *
    ListMetrics              *
    ListTagsForResource      ={ResourceARN}
    PutCompositeAlarm        alarm:{AlarmName}
    PutDashboard             dashboard/{DashboardName}
    PutMetricAlarm           alarm:{AlarmName}
    PutMetricData            *
    SetAlarmState            alarm:{AlarmName}
    TagResource              ={ResourceARN}
    UntagResource            ={ResourceARN}
"""

KEYS = """
    PutMetricData                        cloudwatch:namespace     Namespace
    PutCompositeAlarm,PutMetricAlarm     cloudwatch:AlarmActions  [AlarmActions,OKActions,InsufficientDataActions][]
"""


def _place(call: Call, parameters: Parameters) -> Scope:
    """Dashboards are of no region."""
    of_dashboards = "DashboardName" in parameters or "DashboardNames" in parameters
    return Scope(call.scope.account, "") if of_dashboards else call.scope


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    kind, _, name = parse_arn(arn).resource.partition(":")
    return call.studio.metrics.alarms.get(call.scope, name).tags if kind == "alarm" else {}


RIGHTS = Rights("cloudwatch", table("cloudwatch", TABLE), conditions(KEYS), tags=_tags, place=_place)
