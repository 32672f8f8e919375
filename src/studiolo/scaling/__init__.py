"""Application Auto Scaling: capacities that follow metrics and schedules."""

from studiolo.scaling.model import (
    COPIES,
    DIMENSION,
    Activity,
    Policy,
    Resource,
    ScheduledAction,
    Step,
    Steps,
    Target,
    Tracking,
)
from studiolo.scaling.scaling import Scaling

__all__ = [
    "COPIES",
    "DIMENSION",
    "Activity",
    "Policy",
    "Resource",
    "Scaling",
    "ScheduledAction",
    "Step",
    "Steps",
    "Target",
    "Tracking",
]
