"""The Data Catalog: what every engine and client of one account and region sees."""

from studiolo.catalog.catalogs import Catalogs
from studiolo.catalog.classifiers import Classifiers
from studiolo.catalog.connections import Connections
from studiolo.catalog.databases import Databases
from studiolo.catalog.functions import Functions
from studiolo.catalog.governed import Governed
from studiolo.catalog.indexes import PartitionIndexes
from studiolo.catalog.named_tables import Tables
from studiolo.catalog.partitions import Partitions
from studiolo.catalog.policies import Policies
from studiolo.catalog.search import Search
from studiolo.catalog.statistics import Statistics
from studiolo.catalog.tags import Tags
from studiolo.catalog.targets import Targets
from studiolo.catalog.versions import TableVersions


class Catalog(
    Databases,
    Tables,
    TableVersions,
    Partitions,
    PartitionIndexes,
    Statistics,
    Functions,
    Connections,
    Classifiers,
    Policies,
    Catalogs,
    Search,
    Tags,
    Targets,
    Governed,
):
    """Databases, tables, partitions and what belongs to them, a class for each subject.

    Names of databases, tables and functions are folded to lower case, as Glue and Hive do. Every change is one
    transaction.
    """
