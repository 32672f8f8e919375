"""The query language of CloudWatch Logs Insights, and the queries that are run in it."""

from studiolo.logs.insights.queries import Queries, Query
from studiolo.logs.insights.tokens import Malformed

__all__ = ["Malformed", "Queries", "Query"]
