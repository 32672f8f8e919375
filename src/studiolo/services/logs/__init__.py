"""Amazon CloudWatch Logs: groups, streams, events, queries, metric filters, resource policies."""

from studiolo.services.logs import events, groups, metric_filters, queries, resource_policies
from studiolo.services.logs.service import logs

__all__ = ["events", "groups", "logs", "metric_filters", "queries", "resource_policies"]
