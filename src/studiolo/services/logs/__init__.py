"""Amazon CloudWatch Logs: groups, streams, events, queries, live tail, exports, filters, resource policies."""

from studiolo.services.logs import (
    events,
    exports,
    groups,
    live_tail,
    metric_filters,
    queries,
    resource_policies,
    subscription_filters,
)
from studiolo.services.logs.service import logs

__all__ = [
    "events", "exports", "groups", "live_tail", "logs", "metric_filters", "queries", "resource_policies",
    "subscription_filters",
]  # fmt: skip
