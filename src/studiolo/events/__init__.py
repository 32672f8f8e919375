"""Amazon EventBridge: what happens is told to who wants to know, by rules."""

from studiolo.events.events import Events, Rejected
from studiolo.events.happenings import Noting
from studiolo.events.model import DEFAULT, Bus, Rule, rule_arn
from studiolo.events.targets import check

__all__ = ["DEFAULT", "Bus", "Events", "Noting", "Rejected", "Rule", "check", "rule_arn"]
