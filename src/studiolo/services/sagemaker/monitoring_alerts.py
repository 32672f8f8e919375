"""Amazon SageMaker: the alerts of Model Monitor's schedules."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studiolo.ml.monitoring.alerts import Alert, Change
from studiolo.services.call import Call
from studiolo.services.sagemaker.service import listing, next_token, sagemaker

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import (
        ListMonitoringAlertHistoryRequestTypeDef,
        ListMonitoringAlertHistoryResponseTypeDef,
        ListMonitoringAlertsRequestTypeDef,
        ListMonitoringAlertsResponseTypeDef,
        UpdateMonitoringAlertRequestTypeDef,
        UpdateMonitoringAlertResponseTypeDef,
    )

MOST = 100
"""Listed where MaxResults does not say how many."""


@sagemaker.operation
def list_monitoring_alert_history(
    call: Call, request: "ListMonitoringAlertHistoryRequestTypeDef"
) -> "ListMonitoringAlertHistoryResponseTypeDef":
    wanted = replace(listing(request, descending=True), limit=request.get("MaxResults", MOST))
    page = call.studio.ml.monitoring.alert_history(
        call.scope, wanted, request.get("MonitoringScheduleName"), request.get("MonitoringAlertName")
    )
    return {"MonitoringAlertHistory": [as_change(each) for each in page.items], **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def list_monitoring_alerts(
    call: Call, request: "ListMonitoringAlertsRequestTypeDef"
) -> "ListMonitoringAlertsResponseTypeDef":
    wanted = replace(listing(request, descending=True), limit=request.get("MaxResults", MOST))
    page = call.studio.ml.monitoring.alerts(call.scope, request["MonitoringScheduleName"], wanted)
    return {"MonitoringAlertSummaries": [as_alert(each) for each in page.items], **next_token(page)}  # type: ignore[typeddict-item]


@sagemaker.operation
def update_monitoring_alert(
    call: Call, request: "UpdateMonitoringAlertRequestTypeDef"
) -> "UpdateMonitoringAlertResponseTypeDef":
    name = request["MonitoringAlertName"]
    schedule = call.studio.ml.monitoring.change_alert(
        call.scope, request["MonitoringScheduleName"], name, request["DatapointsToAlert"], request["EvaluationPeriod"]
    )
    return {"MonitoringScheduleArn": schedule.arn, "MonitoringAlertName": name}  # type: ignore[typeddict-item]


def as_alert(alert: Alert) -> dict[str, Any]:
    return {
        "MonitoringAlertName": alert.name,
        "CreationTime": alert.created,
        "LastModifiedTime": alert.changed,
        "AlertStatus": alert.status,
        "DatapointsToAlert": alert.datapoints,
        "EvaluationPeriod": alert.period,
        # What reads it can show it; nothing else is done.
        "Actions": {"ModelDashboardIndicator": {"Enabled": True}},
    }


def as_change(change: Change) -> dict[str, Any]:
    return {
        "MonitoringScheduleName": change.schedule,
        "MonitoringAlertName": change.alert,
        "CreationTime": change.created,
        "AlertStatus": change.status,
    }
