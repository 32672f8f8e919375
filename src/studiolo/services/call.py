"""What a handler is given: whose call it is, and the Studio that it is made to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studiolo.domain import Scope

if TYPE_CHECKING:
    from studiolo.catalog import Catalog
    from studiolo.iceberg import IcebergTables
    from studiolo.identity import Identity, Principal
    from studiolo.logs import Logs
    from studiolo.ml import MachineLearning
    from studiolo.serverless import Serverless
    from studiolo.sessions import Sessions


@dataclass(frozen=True)
class Studio:
    """The domains of one running Studiolo."""

    identity: "Identity"
    catalog: "Catalog"
    iceberg: "IcebergTables"
    logs: "Logs"
    sessions: "Sessions"
    ml: "MachineLearning"
    serverless: "Serverless"


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated and authorized request."""

    scope: Scope
    principal: "Principal"
    studio: Studio
    request_id: str
