"""Where a deployment is served now: its route, by the processes that are up."""

from studiolo.domain import Scope
from studiolo.ml.serving.endpoint import DeployedVariant, Deployment
from studiolo.ml.serving.fleet import Fleet
from studiolo.ml.serving.posts import Post, posts_of
from studiolo.ml.serving.routes import Instance, Route, Target


def route_of(
    scope: Scope, name: str, deployment: Deployment, fleet: Fleet, shift: tuple[Deployment, float] | None
) -> tuple[Route, bool]:
    """The route of a deployment; whether all that is to serve does. shift: what takes over, and its share by now."""
    found = [_target(scope, name, deployment, deployed, fleet) for deployed in deployment.variants]
    shadows = [_target(scope, name, deployment, deployed, fleet) for deployed in deployment.shadows]
    complete = all(complete for _, complete in (*found, *shadows))
    other, share = (None, 0.0) if shift is None else (route_of(scope, name, shift[0], fleet, None)[0], shift[1])
    targets = {target.variant: target for target, _ in found}
    return Route(targets, [target for target, _ in shadows], other, share), complete


def _target(
    scope: Scope, name: str, deployment: Deployment, deployed: DeployedVariant, fleet: Fleet
) -> tuple[Target, bool]:
    variant, model = deployed.variant, deployed.model
    if deployed.hosting:
        return Target(variant.name, variant.weight, (), hosting=True, role=model.role), True
    every = posts_of(scope, name, deployment, deployed)
    size = len(model.containers)
    groups = [every[start : start + size] for start in range(0, len(every), size)]
    serving = [instance for group in groups if (instance := _instance(group, fleet)) is not None]
    on_demand = any(post.on_demand or post.multi for post in every)
    models = {
        post.target: _served(post, socket)
        for base in every
        if base.multi
        for post in fleet.models(base)
        if post.target is not None and (socket := fleet.socket(post)) is not None
    }
    target = Target(
        variant.name,
        variant.weight,
        serving,
        models=models,
        multi=model.multi,
        on_demand=on_demand,
        most=variant.most_calls,
        hostnames=() if len(model.containers) == 1 else tuple(model.hostname(at) for at in range(size)),
        direct=model.direct,
        asynchronous=deployment.asynchronous is not None,
        role=model.role,
        capture=deployment.capture if deployment.capture is not None and deployment.capture.enabled else None,
    )
    return target, on_demand or len(serving) == len(groups)


def target_of_component(posts: list[Post], variant: str, role: str, fleet: Fleet) -> Target:
    """Where an inference component is served by its copies that are up."""
    up = [(post, socket) for post in posts if (socket := fleet.socket(post)) is not None]
    copies = [_served(post, socket) for post, socket in up]
    return Target(variant, 1.0, copies, role=role, copies=len(posts))


def _instance(group: list[Post], fleet: Fleet) -> Instance | None:
    """Its containers together; None unless each is up."""
    sockets = [fleet.socket(post) for post in group if not post.multi]
    up = [socket for socket in sockets if socket is not None]
    if not up or len(up) < len(sockets):
        return None
    return _served(group[0], up[0], tuple(up[1:]))


def _served(post: Post, socket: str, further: tuple[str, ...] = ()) -> Instance:
    scope = post.scope
    stream = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{post.log_group}"
    return Instance(socket, stream, further)
