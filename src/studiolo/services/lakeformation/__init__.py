"""AWS Lake Formation."""

from studiolo.services.lakeformation import credentials, filters, permissions, searching, settings, tags
from studiolo.services.lakeformation.service import lakeformation

__all__ = ["credentials", "filters", "lakeformation", "permissions", "searching", "settings", "tags"]
