"""Amazon CloudWatch Logs: groups, streams, events, queries, metric and subscription filters, resource policies."""

from studiolo.services.logs import events, groups, metric_filters, queries, resource_policies, subscription_filters
from studiolo.services.logs.service import logs

__all__ = ["events", "groups", "logs", "metric_filters", "queries", "resource_policies", "subscription_filters"]
