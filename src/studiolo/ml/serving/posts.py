"""Which processes serve an endpoint: one post for each."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studiolo.domain import Scope
from studiolo.ml.resources import ModelSpecification
from studiolo.ml.serving.endpoint import DELETING, FAILED, DeployedVariant, Deployment, Endpoint

KIND, COMPONENT = "endpoint", "inference-component"
"""The kinds of serving processes: of variants, and copies of inference components."""


@dataclass(frozen=True)
class Post:
    """One process to keep: a container of an instance of a variant of a deployment of an endpoint.

    container: which one of the model's; target: in a multi-model container, the key of one of its models; component:
    the inference component of which it is a copy.
    """

    scope: Scope
    endpoint: str
    deployment: str
    deployed: DeployedVariant
    instance: str
    container: int = 0
    target: str | None = None
    component: str | None = None

    @property
    def kind(self) -> str:
        return KIND if self.component is None else COMPONENT

    @property
    def owner(self) -> str:
        """What it serves: the endpoint, or the inference component. Those of a kind have different names."""
        return self.component or self.endpoint

    @property
    def variant(self) -> str:
        return self.deployed.variant.name

    @property
    def model(self) -> ModelSpecification:
        return self.deployed.model.containers[self.container]

    @property
    def data(self) -> str:
        """The URI of the model.tar.gz that its process serves."""
        return self.model.data if self.target is None else f"{self.model.data.rstrip('/')}/{self.target}"

    @property
    def on_demand(self) -> bool:
        """Whether its process is there only while there are calls for it."""
        serverless = self.deployed.variant.serverless
        return self.target is not None or (serverless is not None and not serverless.get("ProvisionedConcurrency"))

    @property
    def multi(self) -> bool:
        """Whether its models have processes, and it has none itself."""
        return self.target is None and self.model.multi

    @property
    def base(self) -> "Post":
        """The multi-model container that a model is in; itself, where it is in none."""
        return replace(self, target=None)

    @property
    def place(self) -> str:
        """Its part of names of processes and folders: the instance's, and what is its own in that."""
        container = f"-{self.container}" if self.container else ""
        target = "" if self.target is None else f"-{hashlib.sha256(self.target.encode()).hexdigest()[:16]}"
        return f"{self.instance}{container}{target}"

    @property
    def child_name(self) -> str:
        scope = f"{self.scope.account}-{self.scope.region}"
        return f"{self.kind}-{scope}-{self.owner}-{self.deployment}-{self.variant}-{self.place}"

    @property
    def workload(self) -> str:
        """The id of the workload that its process is."""
        return f"{self.kind}-{self.deployment}-{self.variant}-{self.place}"

    @property
    def log_group(self) -> str:
        return f"/aws/sagemaker/{'Endpoints' if self.component is None else 'InferenceComponents'}/{self.owner}"

    @property
    def log_stream(self) -> str:
        stream = f"{self.variant}/{self.instance}"
        return stream if len(self.deployed.model.containers) == 1 else f"{stream}/{self.hostname}"

    @property
    def hostname(self) -> str:
        return self.deployed.model.hostname(self.container)


def posts_of(scope: Scope, endpoint: str, deployment: Deployment, deployed: DeployedVariant) -> list[Post]:
    """Those of a variant, an instance's one after the other."""
    return [
        Post(scope, endpoint, deployment.id, deployed, instance, container)
        for instance in deployed.instances
        for container in range(len(deployed.model.containers))
    ]


def posts(scope: Scope, endpoint: str, deployment: Deployment | None) -> list[Post]:
    if deployment is None:
        return []
    return [post for each in deployment.all for post in posts_of(scope, endpoint, deployment, each)]


def wanted(scope: Scope, endpoint: Endpoint) -> Sequence[Post]:
    """The processes that an endpoint has, or is to have."""
    if endpoint.status in (DELETING, FAILED):
        return []
    deployments = [each for each in (endpoint.deployed, endpoint.desired) if each is not None]
    return [post for deployment in deployments for post in posts(scope, endpoint.name, deployment)]
