"""What a handler is given: whose call it is, and the Studio that it is made to."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from studiolo.domain import Scope
from studiolo.identity import VIA

if TYPE_CHECKING:
    from studiolo.catalog import Catalog
    from studiolo.clusters import Clusters
    from studiolo.events import Events
    from studiolo.features import FeatureStore
    from studiolo.functions import Functions
    from studiolo.governance import GovernedCatalog, Lake, Vending
    from studiolo.iceberg import IcebergTables
    from studiolo.identity import Identity, Principal
    from studiolo.logs import Logs
    from studiolo.metrics import Metrics
    from studiolo.ml import MachineLearning
    from studiolo.mlflow import TrackingServers
    from studiolo.pipelines import Pipelines
    from studiolo.products import Products
    from studiolo.queues import Queues
    from studiolo.recorded import Recorder
    from studiolo.scaling import Scaling
    from studiolo.scheduler import Scheduler
    from studiolo.serverless import Serverless
    from studiolo.sessions import Sessions
    from studiolo.stacks import Stacks
    from studiolo.stacks.sets import StackSets
    from studiolo.studio import Domains
    from studiolo.topics import Topics


@dataclass(frozen=True)
class Studio:
    """The domains of one running Studiolo. governed: the catalog as one caller may see and change it."""

    identity: "Identity"
    catalog: "Catalog"
    governed: "GovernedCatalog"
    lake: "Lake"
    vending: "Vending"
    iceberg: "IcebergTables"
    logs: "Logs"
    metrics: "Metrics"
    sessions: "Sessions"
    ml: "MachineLearning"
    features: "FeatureStore"
    serverless: "Serverless"
    clusters: "Clusters"
    stacks: "Stacks"
    stack_sets: "StackSets"
    recorder: "Recorder"
    topics: "Topics"
    queues: "Queues"
    domains: "Domains"
    scaling: "Scaling"
    functions: "Functions"
    products: "Products"
    pipelines: "Pipelines"
    mlflow: "TrackingServers"
    scheduler: "Scheduler"
    events: "Events"


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated and authorized request. began: since when it is carried out, by time.perf_counter."""

    scope: Scope
    principal: "Principal"
    studio: Studio
    request_id: str
    began: float = field(default_factory=time.perf_counter)

    @property
    def identity(self) -> "Identity":
        """The roles, users and policies of the caller's account."""
        return self.studio.identity.of(self.scope.account)

    @property
    def catalog(self) -> "GovernedCatalog":
        """The Data Catalog as the caller may see and change it."""
        return self.studio.governed.of(lambda: self.principal)

    def reserved_tag(self, keys: Iterable[str]) -> str | None:
        """What is wrong where one of these keys of tags is AWS's own, which only its services set: CloudFormation."""
        found = next((key for key in keys if key.lower().startswith("aws:")), None)
        if found is None or VIA in self.principal.told:
            return None
        return f"Tag keys that begin with aws: are reserved for AWS: {found}"
