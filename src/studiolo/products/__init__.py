"""Service Catalog: portfolios of products, each a template, that people launch as stacks; and SageMaker's projects."""

from studiolo.calling import Services
from studiolo.domain import Clock
from studiolo.identity import Identity
from studiolo.ml.tags import Tags
from studiolo.products.errors import Exists, InUse, Missing, WrongState
from studiolo.products.items import PORTFOLIO, PRODUCT, arn
from studiolo.products.launched import Done, Launched, Provisioned
from studiolo.products.offers import Offers, found_in
from studiolo.products.paths import Path, Paths
from studiolo.products.portfolios import Portfolios
from studiolo.products.projects import Project, Projects
from studiolo.products.provisioning import Provisioning, Wanted
from studiolo.recorded import Record
from studiolo.recorded.records import Records
from studiolo.stacks import Stacks
from studiolo.state import State

__all__ = [
    "PORTFOLIO", "PRODUCT", "Done", "Exists", "InUse", "Missing", "Path", "Products", "Project", "Provisioned",
    "Record", "Wanted", "WrongState", "arn", "found_in",
]  # fmt: skip


class Products:
    """What can be launched, and what was."""

    def __init__(self, state: State, identity: Identity, stacks: Stacks, tags: Tags, clock: Clock) -> None:
        records = Records(state, clock)
        self.portfolios = Portfolios(records, identity)
        self.offers = Offers(records, stacks)
        self.paths = Paths(records, identity)
        launched = Launched(state, clock)
        self.provisioning = Provisioning(launched, self.offers, self.portfolios, self.paths, stacks, identity)
        self.projects = Projects(state, self.provisioning, tags, clock)

    def start(self, services: Services) -> None:
        """Go on with what an earlier server has begun."""
        self.provisioning.start(services)
        self.projects.start(services)
