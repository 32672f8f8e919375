"""AWS Lambda: functions, versions, aliases, layers, permissions, URLs, invocation."""

from studiolo.services.lambda_ import functions, invoking, layers, permissions, urls, versions
from studiolo.services.lambda_.service import lambda_

__all__ = ["functions", "invoking", "lambda_", "layers", "permissions", "urls", "versions"]
