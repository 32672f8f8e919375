"""Amazon CloudWatch: metrics, alarms, dashboards."""

from studiolo.services.cloudwatch import alarms, dashboards, metrics
from studiolo.services.cloudwatch.service import cloudwatch

__all__ = ["alarms", "cloudwatch", "dashboards", "metrics"]
