"""AWS Glue."""

from studiolo.services.glue import catalogs as catalogs
from studiolo.services.glue import classifiers as classifiers
from studiolo.services.glue import connections as connections
from studiolo.services.glue import databases as databases
from studiolo.services.glue import functions as functions
from studiolo.services.glue import partition_indexes as partition_indexes
from studiolo.services.glue import partitions as partitions
from studiolo.services.glue import policies as policies
from studiolo.services.glue import search as search
from studiolo.services.glue import sessions as sessions
from studiolo.services.glue import statistics as statistics
from studiolo.services.glue import table_versions as table_versions
from studiolo.services.glue import tables as tables
from studiolo.services.glue import tags as tags
from studiolo.services.glue import unfiltered as unfiltered
from studiolo.services.glue.service import glue

__all__ = ["glue"]
