"""Amazon EventBridge Scheduler: what is done at a time, or again and again."""

from studiolo.scheduler.model import GROUP, Group, Schedule
from studiolo.scheduler.scheduler import Scheduler

__all__ = ["GROUP", "Group", "Schedule", "Scheduler"]
