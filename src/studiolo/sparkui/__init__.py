"""Spark's pages in a browser: of drivers that run, and of applications that are over, each at a name of its own."""

from studiolo.sparkui.event_logs import EVENTS, EventLogs, Left, owner
from studiolo.sparkui.links import Target
from studiolo.sparkui.pages import Live, Page, Pages, Past

__all__ = ["EVENTS", "EventLogs", "Left", "Live", "Page", "Pages", "Past", "Target", "owner"]
