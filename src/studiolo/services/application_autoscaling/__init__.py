"""Application Auto Scaling."""

from studiolo.services.application_autoscaling import policies, schedules, targets
from studiolo.services.application_autoscaling.service import application_autoscaling

__all__ = ["application_autoscaling", "policies", "schedules", "targets"]
