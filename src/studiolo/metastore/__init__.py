"""The Hive Metastore: the Data Catalog as engines of Hive's family see it, over Thrift."""

from studiolo.metastore.metastore import Metastore

__all__ = ["Metastore"]
