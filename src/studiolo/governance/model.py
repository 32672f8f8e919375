"""What Lake Formation is made of, in its own words; immutable. Names of databases, tables and columns are in lower case."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

IAM_ALLOWED = "IAM_ALLOWED_PRINCIPALS"
"""The group of all whom IAM allows: with ALL on a thing, Lake Formation has no say about it."""

ALL = "ALL"
SELECT = "SELECT"
DESCRIBE = "DESCRIBE"
ALL_TABLES = "ALL_TABLES"
"""What a grant on all tables of a database is listed as, in place of a table's name."""


class Kind(Enum):
    """What a permission is on."""

    CATALOG = "CATALOG"
    DATABASE = "DATABASE"
    TABLE = "TABLE"
    COLUMNS = "COLUMNS"
    LOCATION = "DATA_LOCATION"
    FILTER = "DATA_CELLS_FILTER"
    TAG = "LF_TAG"
    POLICY = "LF_TAG_POLICY"
    EXPRESSION = "LF_NAMED_TAG_EXPRESSION"


OF_TABLE = ("ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT")

SUPER: Mapping[Kind, tuple[str, ...]] = {
    Kind.CATALOG: ("ALTER", "CREATE_CATALOG", "CREATE_DATABASE", "DESCRIBE", "DROP"),
    Kind.DATABASE: ("ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"),
    Kind.TABLE: OF_TABLE,
    Kind.COLUMNS: (),
    Kind.LOCATION: (),
    Kind.FILTER: (),
    Kind.TAG: (),
    Kind.POLICY: (),
    Kind.EXPRESSION: (),
}
"""What ALL is on each kind ("Lake Formation permissions reference"); on a table also SELECT, which is one of columns."""

GRANTABLE: Mapping[Kind, frozenset[str]] = {
    Kind.CATALOG: frozenset({ALL, *SUPER[Kind.CATALOG], "CREATE_LF_TAG", "CREATE_LF_TAG_EXPRESSION", "SUPER_USER"}),
    Kind.DATABASE: frozenset({ALL, *SUPER[Kind.DATABASE]}),
    Kind.TABLE: frozenset({ALL, SELECT, *OF_TABLE}),
    Kind.COLUMNS: frozenset({SELECT}),
    Kind.LOCATION: frozenset({"DATA_LOCATION_ACCESS"}),
    Kind.FILTER: frozenset({SELECT, DESCRIBE, "DROP"}),
    Kind.TAG: frozenset({"ASSOCIATE", "DESCRIBE", "ALTER", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"}),
    Kind.POLICY: frozenset({ALL, SELECT, "CREATE_TABLE", *OF_TABLE}),
    Kind.EXPRESSION: frozenset({ALL, "ALTER", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"}),
}
"""Which permissions there are on each kind."""

Expression = tuple[tuple[str, tuple[str, ...]], ...]
"""Keys of LF-tags, each with values of which one must be there; all of them must hold."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a permission is on; which fields have a meaning depends on `kind`.

    table: empty for all tables of the database. columns: those included; excluded: not None for all columns but those.
    name: a filter's or an expression's, a tag's key, a location's ARN. values: a tag's. type: DATABASE or TABLE, of
    what an expression of tags stands for.
    """

    kind: Kind
    database: str = ""
    table: str = ""
    columns: tuple[str, ...] = ()
    excluded: tuple[str, ...] | None = None
    name: str = ""
    values: tuple[str, ...] = ()
    type: str = ""
    expression: Expression = ()

    @property
    def key(self) -> str:
        """What a grant is kept under: columns are added to those that are granted already, and so are values."""
        of_columns = None if self.kind is not Kind.COLUMNS else "excluded" if self.excluded is not None else "included"
        parts = [self.kind.value, self.database, self.table, of_columns, self.name, self.type, self.expression]
        return json.dumps(parts, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a principal (an ARN, IAM_ALLOWED_PRINCIPALS, `account:IAMPrincipals`) may do with a resource, and pass on."""

    principal: str
    resource: Resource
    permissions: frozenset[str]
    grantable: frozenset[str] = frozenset()
    updated: datetime | None = None
    updated_by: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Data lake settings. The default permissions are pairs of a principal and its permissions.

    iam_may_create: whether IAM_ALLOWED_PRINCIPALS may create databases; it is revoked as a permission on the catalog.
    in_use: whether anything was ever governed, so that until then nothing need be asked.
    """

    admins: tuple[str, ...] = ()
    read_only_admins: tuple[str, ...] = ()
    database_defaults: tuple[tuple[str, tuple[str, ...]], ...] = ((IAM_ALLOWED, (ALL,)),)
    table_defaults: tuple[tuple[str, tuple[str, ...]], ...] = ((IAM_ALLOWED, (ALL,)),)
    parameters: Mapping[str, str] = field(default_factory=lambda: {"CROSS_ACCOUNT_VERSION": "4"})
    trusted_owners: tuple[str, ...] = ()
    external_filtering: bool = False
    full_table_access: bool = False
    filtering_accounts: tuple[str, ...] = ()
    session_tags: tuple[str, ...] = ()
    iam_may_create: bool = True
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    """A registered location: an ARN of S3, and the role whose rights in S3 its credentials have.

    hybrid: Lake Formation decides for those alone who have opted in. The rest is recorded.
    """

    arn: str
    role: str
    hybrid: bool = False
    federated: bool = False
    privileged: bool = False
    owner: str | None = None
    modified: datetime | None = None

    def covers(self, bucket: str, key: str) -> bool:
        """Whether an object, or a prefix of a list, is in it."""
        # Such a step would lead out of it where a store takes it for one.
        return not {".", ".."} & set(key.split("/")) and within(f"{bucket}/{key}", self.arn.partition(":::")[2])


@dataclass(frozen=True, slots=True)
class CellsFilter:
    """A data cells filter: rows (None for all of them) and columns of a table, as `Resource` has them."""

    database: str
    table: str
    name: str
    rows: str | None = None
    columns: tuple[str, ...] = ()
    excluded: tuple[str, ...] | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class OptIn:
    """A principal for whom Lake Formation decides about a resource whose location is registered in hybrid mode."""

    principal: str
    resource: Resource
    modified: datetime | None = None
    updated_by: str | None = None


def within(path: str, place: str) -> bool:
    """Whether `bucket/key` is `bucket/folder` or below it."""
    place = place.rstrip("/")
    return path.rstrip("/") == place or path.startswith(f"{place}/")


def lowered(names: Any) -> tuple[str, ...]:
    """Names of columns as they are kept: folded, sorted, each once."""
    return tuple(sorted({str(name).lower() for name in names or ()}))
