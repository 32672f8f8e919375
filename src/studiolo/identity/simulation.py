"""What policies would say of calls that are not made: by the function that decides of those that are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from studiolo.domain import Invalid
from studiolo.identity.context import Question, Values, Watched, keyed
from studiolo.identity.decisions import Decision, Layer, Layers, decide
from studiolo.identity.documents import INLINE, RESOURCE, MalformedPolicy, check
from studiolo.identity.policies import Answer, Policies, Request, Statement, compile_policy
from studiolo.identity.positions import Position, statement_positions
from studiolo.identity.principals import Principal


@dataclass(frozen=True)
class Scenario:
    """The policies that would apply, as documents by the name they are known by, and who would call.

    boundary: None where there is none; known: condition keys of every call. owner: the account whose the resources are
    that do not tell, None for the caller's.
    """

    caller: Principal
    identity: Mapping[str, str]
    boundary: Mapping[str, str] | None = None
    resource: str | None = None
    known: Values = field(default_factory=dict)
    owner: str | None = None


@dataclass(frozen=True)
class Match:
    """A statement that decided, in the policy of that name and kind, and where it stands there."""

    policy: str
    layer: Layer
    begin: Position
    end: Position


@dataclass(frozen=True)
class Simulated:
    """What would be decided of one action on one resource.

    missing: condition keys that the policies ask for and the scenario has not; bounded: whether the boundary allows,
    None where there is none; layers: what each kind of policy says by itself. same_account: whether the resource is of
    the caller's account; otherwise both accounts must allow.
    """

    action: str
    resource: str
    answer: Answer
    matched: tuple[Match, ...]
    missing: tuple[str, ...]
    bounded: bool | None
    layers: Mapping[Layer, Answer]
    same_account: bool = True


def simulate(scenario: Scenario, actions: Iterable[str], resources: Sequence[str]) -> list[list[Simulated]]:
    """What would be decided of every action, on each of the resources. Raises Invalid for what is no policy."""
    documents = {**scenario.identity, **(scenario.boundary or {})}
    if scenario.resource is not None:
        documents["ResourcePolicy"] = scenario.resource
    resource = None
    if scenario.resource is not None:
        resource = _compiled({"ResourcePolicy": scenario.resource}, scenario.caller.partition, of_resource=True)
    boundary = None if scenario.boundary is None else _compiled(scenario.boundary)
    layers = Layers(_compiled(scenario.identity), resource, boundary)
    return [
        [_simulated(scenario, layers, documents, action, each) for each in resources or ("*",)] for action in actions
    ]


def context_keys(documents: Iterable[str]) -> list[str]:
    """The condition keys that policies ask for, as they spell them first. Raises Invalid for what is no policy."""
    found: dict[str, None] = {}
    for i, document in enumerate(documents):
        for statement in _compiled({f"policy {i + 1}": document}).statements:
            found.update(dict.fromkeys(statement.spelled))
    return list(found)


def _compiled(documents: Mapping[str, str], partition: str = "aws", *, of_resource: bool = False) -> Policies:
    for name, document in documents.items():
        try:
            check(document, RESOURCE if of_resource else INLINE)
        except MalformedPolicy as error:
            raise Invalid(f"{name}: {error}") from error
    return Policies(compile_policy(document, name, partition) for name, document in documents.items())


def _simulated(
    scenario: Scenario, layers: Layers, documents: Mapping[str, str], action: str, resource: str
) -> Simulated:
    caller = scenario.caller
    context = Watched(keyed(scenario.known))
    asked = Request(action, resource, context, caller.own_names | caller.account_names)
    owner = Question(action, resource).owner(scenario.owner or caller.account)
    layers = replace(layers, same_account=owner == caller.account)
    decision = decide(asked, caller, layers)
    matched = [(layer, each) for layer, policies in layers.each() for each in policies.matched(asked)]
    spelled = {
        key.lower(): key for _, policies in layers.each() for each in policies.statements for key in each.spelled
    }
    return Simulated(
        action,
        resource,
        decision.answer,
        tuple(_match(documents, layer, each) for layer, each in matched if _decides(decision, layer, each)),
        tuple(sorted(spelled.get(key, key) for key in context.missing)),
        None if layers.boundary is None else layers.boundary.evaluate(asked)[0] is Answer.ALLOWED,
        {layer: policies.evaluate(replace(asked))[0] for layer, policies in layers.each()},
        layers.same_account,
    )


def _decides(decision: Decision, layer: Layer, statement: Statement) -> bool:
    if decision.answer is Answer.SILENT:
        return False
    return statement.allows == decision.allowed and (layer is not Layer.BOUNDARY or not decision.allowed)


def _match(documents: Mapping[str, str], layer: Layer, statement: Statement) -> Match:
    begin, end = statement_positions(documents[statement.policy])[statement.index]
    return Match(statement.policy, layer, begin, end)
