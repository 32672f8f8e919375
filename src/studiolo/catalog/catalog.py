"""The Data Catalog: what every engine and client of one account and region sees."""

from studiolo.catalog.databases import Databases
from studiolo.catalog.indexes import PartitionIndexes
from studiolo.catalog.named_tables import Tables
from studiolo.catalog.partitions import Partitions
from studiolo.catalog.tags import Tags


class Catalog(Databases, Tables, Partitions, PartitionIndexes, Tags):
    """Databases, tables, partitions and what belongs to them, a class for each subject.

    Names are folded to lower case, as Glue and Hive do. Every change is one transaction.
    """
