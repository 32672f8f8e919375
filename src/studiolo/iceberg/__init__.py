"""Iceberg tables whose metadata the Data Catalog itself writes."""

from studiolo.iceberg.model import Change, NewTable
from studiolo.iceberg.tables import IcebergTables

__all__ = ["Change", "IcebergTables", "NewTable"]
