"""Lake Formation: who may see what of the Data Catalog and of the data behind it, decided once and asked everywhere."""

from studiolo.governance.catalog import GovernedCatalog
from studiolo.governance.lake import Lake
from studiolo.governance.listing import Wanted
from studiolo.governance.locations import VIEWS
from studiolo.governance.model import (
    ALL,
    IAM_ALLOWED,
    CellsFilter,
    Expression,
    Grant,
    Kind,
    Location,
    OptIn,
    Resource,
    Settings,
)
from studiolo.governance.sights import Sight, holds
from studiolo.governance.tagging import NamedExpression, Tagged
from studiolo.governance.vending import PermissionTypeMismatch, Vended, Vending
from studiolo.governance.views import View, Views, bucket_of, is_for_views

__all__ = [
    "ALL",
    "IAM_ALLOWED",
    "VIEWS",
    "CellsFilter",
    "Expression",
    "GovernedCatalog",
    "Grant",
    "Kind",
    "Lake",
    "Location",
    "NamedExpression",
    "OptIn",
    "PermissionTypeMismatch",
    "Resource",
    "Settings",
    "Sight",
    "Tagged",
    "Vended",
    "Vending",
    "View",
    "Views",
    "Wanted",
    "bucket_of",
    "holds",
    "is_for_views",
]
