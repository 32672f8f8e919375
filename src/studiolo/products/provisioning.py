"""Launching products, changing and ending what was launched: each a stack, and a record of what was done to it.

A record is written before CloudFormation is called, with the call; a server that was killed in between makes it at the next
start. What has become of the stack is looked up when somebody asks.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from studiolo.domain import DomainError, Invalid, Scope
from studiolo.identity import Identity, Principal, Question
from studiolo.products.errors import Missing, WrongState
from studiolo.products.items import arn, new_id
from studiolo.products.launched import PROVISION, TERMINATE, UPDATE, Done, Launched, Provisioned
from studiolo.products.offers import Offers
from studiolo.products.paths import Path, Paths
from studiolo.products.portfolios import SERVICE, Portfolios
from studiolo.recorded.records import Record
from studiolo.stacks import Refused, Services, Stack, Stacks, read_template
from studiolo.stacks.model import principal_as_json, principal_from

CAPABILITIES = ["CAPABILITY_AUTO_EXPAND", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
UNCHANGED = "No updates are to be performed."
GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


@dataclass(frozen=True)
class Wanted:
    """What is to be launched, by ids or names. parameters: None as a value stands for the previous one."""

    token: str
    product: str | None = None
    product_name: str | None = None
    artifact: str | None = None
    artifact_name: str | None = None
    path: str | None = None
    path_name: str | None = None
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    notifications: tuple[str, ...] = ()


class Provisioning:
    """What was launched in every scope. `start` is given how to call the services."""

    def __init__(
        self,
        launched: Launched,
        offers: Offers,
        portfolios: Portfolios,
        paths: Paths,
        stacks: Stacks,
        identity: Identity,
    ) -> None:
        self._launched = launched
        self._offers = offers
        self._portfolios = portfolios
        self._paths = paths
        self._stacks = stacks
        self._identity = identity
        self._services: Services | None = None
        # Who settles late would take what has been begun since for ended.
        self._settling = threading.Lock()

    def start(self, services: Services) -> None:
        """Make the calls that an earlier server was killed before."""
        self._services = services
        for record in self._launched.unfinished():
            if record.status == "CREATED":
                self._call(record)

    # --- to be done

    def provision(self, scope: Scope, principal: Principal, name: str, wanted: Wanted) -> Done:
        """Begin to launch a product. Raises Missing, Exists, Invalid."""
        if (made := self._launched.with_token(scope, PROVISION, wanted.token)) is not None:
            return made
        path, artifact = self._chosen(scope, principal, wanted)
        if artifact["Guidance"] == "DEPRECATED":
            raise Invalid(f"The provisioning artifact {artifact.id} is deprecated: it cannot be launched any more.")
        moment, identifier = self._launched.clock(), new_id("pp")
        about = self._about(scope, path, artifact)
        tags = path.chosen(wanted.tags)
        own = {"user": principal.identity_arn, "session": principal.arn, "token": wanted.token, "tags": tags}
        made_of = {**about, **own, "stack": None}
        provisioned = Provisioned(identifier, scope, name, name, "UNDER_CHANGE", None, moment, made_of)
        parameters = {
            **self._stack_parameters(scope, path, artifact, wanted.parameters),
            "StackName": f"SC-{scope.account}-{identifier}",
            "Tags": self._tags(provisioned, path, tags),
            "NotificationARNs": [*path.notifications, *wanted.notifications],
            "Capabilities": CAPABILITIES,
        }
        call = {"operation": "CreateStack", "parameters": parameters}
        record = self._record(provisioned, PROVISION, wanted.token, principal, {**about, "tags": tags}, call)
        last = {"last": record.id, "last_provisioning": record.id}
        with self._launched.writing() as tx:
            tx.add(provisioned.with_("UNDER_CHANGE", **last))
            tx.add_record(record)
        return self._call(record)

    def update(self, scope: Scope, principal: Principal, which: Provisioned, wanted: Wanted) -> Done:
        """Begin to bring what was launched to another artifact, or parameters. Raises Missing, WrongState, Invalid."""
        if (made := self._launched.with_token(scope, UPDATE, wanted.token)) is not None:
            return made
        self._require_settled(which)
        if which["stack"] is None:
            raise WrongState(f"{which.name} was never made: terminate it and launch it again.")
        if wanted.product is None and wanted.product_name is None:
            wanted = replace(wanted, product=which["product"])
        if wanted.artifact is None and wanted.artifact_name is None:
            wanted = replace(wanted, artifact=which["artifact"])
        if wanted.path is None and wanted.path_name is None and wanted.product == which["product"]:
            wanted = replace(wanted, path=which["path"])
        path, artifact = self._chosen(scope, principal, wanted)
        about = self._about(scope, path, artifact)
        tags = path.chosen({**which["tags"], **wanted.tags})
        parameters = {
            **self._stack_parameters(scope, path, artifact, wanted.parameters),
            "StackName": which["stack"],
            "Tags": self._tags(which.with_(which.status, **about), path, tags),
            "Capabilities": CAPABILITIES,
        }
        call = {"operation": "UpdateStack", "parameters": parameters}
        return self._begin(
            which, self._record(which, UPDATE, wanted.token, principal, {**about, "tags": tags}, call), True
        )

    def terminate(
        self, scope: Scope, principal: Principal, which: Provisioned, token: str, *, ignore: bool, retain: bool
    ) -> Done:
        """Begin to end what was launched. ignore: forget it even where its stack stays; retain: leave the stack.

        Raises WrongState.
        """
        if (made := self._launched.with_token(scope, TERMINATE, token)) is not None:
            return made
        self._require_settled(which)
        about = {name: which[name] for name in ("product", "product_name", "artifact", "artifact_name", "path", "role")}
        call = None
        if which["stack"] is not None and not retain:
            call = {"operation": "DeleteStack", "parameters": {"StackName": which["stack"]}}
        record = self._record(
            which, TERMINATE, token, principal, {**about, "tags": which["tags"], "ignore": ignore}, call
        )
        return self._begin(which, record, False)

    # --- to be told

    def provisioned(self, scope: Scope, identifier: str | None, name: str | None = None) -> Provisioned:
        """One that is not terminated, by its id or name. Raises Missing, Invalid."""
        if (identifier is None) == (name is None):
            raise Invalid("Specify either the id or the name of the provisioned product.")
        self._settle()
        found = self._launched.provisioned(scope, identifier, name)
        if found.live is None:
            raise Missing(f"Provisioned product {identifier} not found: it was terminated.")
        return found

    def all(self, scope: Scope, principal: Principal, level: str) -> list[Provisioned]:
        """What the caller (`User`), its role (`Role`) or anybody (`Account`) launched, the youngest first."""
        self._settle()
        return [each for each in self._launched.all(scope) if _of(each, principal, level)]

    def records(self, scope: Scope, principal: Principal, level: str) -> list[Done]:
        """What was done, the youngest first."""
        self._settle()
        found = self._launched.records(scope)
        known = {each: self._launched.provisioned(scope, each) for each in {record.provisioned for record in found}}
        return [record for record in found if _of(known[record.provisioned], principal, level)]

    def record(self, scope: Scope, identifier: str) -> Done:
        """Raises Missing."""
        self._settle()
        return self._launched.record(scope, identifier)

    def outputs(self, which: Provisioned) -> list[dict[str, Any]]:
        """The outputs of the stack as they are now, and its ARN."""
        return [] if which["stack"] is None else _outputs(self._stacks.store.find(which["stack"]))

    def youngest(self, scope: Scope, product: str) -> str:
        """The id of the youngest artifact of a product. Raises Missing."""
        return self._offers.artifacts(scope, product)[-1].id

    def parameters(self, scope: Scope, product: str, artifact: str) -> Mapping[str, Any]:
        """The parameters that the template of an artifact declares. Raises Missing."""
        return read_template(self._offers.template(scope, self._offers.artifact(scope, product, artifact)))[
            0
        ].parameters

    # --- parts

    def _chosen(self, scope: Scope, principal: Principal, wanted: Wanted) -> tuple[Path, Record]:
        """The launch path and the artifact. A product that the caller may not launch is not there for it."""
        product = self._offers.get(scope, wanted.product, wanted.product_name)
        path = self._paths.one(scope, principal, product.id, wanted.path, wanted.path_name)
        artifact = self._offers.artifact(scope, product.id, wanted.artifact, wanted.artifact_name)
        if not artifact["Active"]:
            raise Invalid(f"The provisioning artifact {artifact.id} is not active.")
        return path, artifact

    def _about(self, scope: Scope, path: Path, artifact: Record) -> dict[str, Any]:
        role = None
        if path.launch is not None:
            role = self._portfolios.launch_role(scope, path.launch)
            self._check_trust(role)
        return {
            "product": path.product.id,
            "product_name": path.product["Name"],
            "artifact": artifact.id,
            "artifact_name": artifact.get("Name"),
            "path": path.id,
            "role": role,
        }

    def _stack_parameters(
        self, scope: Scope, path: Path, artifact: Record, given: Mapping[str, str | None]
    ) -> dict[str, Any]:
        text = path.ruled(self._offers.template(scope, artifact))
        unknown = sorted(set(given) - set(read_template(text)[0].parameters))
        if unknown:
            raise Invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template of {artifact.id}.")
        return {
            "TemplateBody": text,
            "Parameters": [
                {"ParameterKey": key, **({"UsePreviousValue": True} if value is None else {"ParameterValue": value})}
                for key, value in given.items()
            ],
        }

    def _tags(self, which: Provisioned, path: Path, tags: Mapping[str, str]) -> list[dict[str, str]]:
        told = {
            "provisionedProductArn": which.arn,
            "portfolioArn": arn(which.scope, path.portfolio.kind, path.portfolio.id),
            "productArn": arn(which.scope, path.product.kind, path.product.id),
            "provisioningArtifactIdentifier": which["artifact"],
            "provisioningPrincipalArn": which["session"],
        }
        own = {f"aws:servicecatalog:{name}": value for name, value in told.items()}
        return [{"Key": key, "Value": value} for key, value in {**tags, **own}.items()]

    def _check_trust(self, role_arn: str) -> None:
        role = self._identity.role(role_arn)
        taking = Question("sts:AssumeRole", role.arn, {"aws:SourceAccount": role.account})
        trust = self._identity.compiled(role.trust, role.arn)
        if not self._identity.trusts(trust, frozenset({("Service", SERVICE)}), taking):
            raise Invalid(
                f"Access denied while assuming the launch role {role_arn}: its trust policy must name {SERVICE}."
            )

    def _record(
        self,
        which: Provisioned,
        kind: str,
        token: str,
        principal: Principal,
        about: Mapping[str, Any],
        call: Mapping[str, Any] | None,
    ) -> Done:
        moment, identifier = self._launched.clock(), new_id("rec")
        document = {
            **about,
            "name": which.name,
            "call": call,
            "principal": principal_as_json(principal),
            "errors": [],
            "outputs": [],
        }
        return Done(identifier, which.scope, which.id, token, kind, "CREATED", moment, moment, document)

    def _begin(self, which: Provisioned, record: Done, provisioning: bool) -> Done:
        last = {"last": record.id, **({"last_provisioning": record.id} if provisioning else {})}
        with self._launched.writing() as tx:
            tx.put(which.with_("UNDER_CHANGE", **last))
            tx.add_record(record)
        return self._call(record)

    def _call(self, record: Done) -> Done:
        """Call CloudFormation; the record as it was before that, which is what answers show."""
        which = self._launched.provisioned(record.scope, record.provisioned)
        call = record["call"]
        if call is None:
            self._end(which, record, None, self._launched.clock(), [])
            return record
        parameters = {**call["parameters"], "ClientRequestToken": record.id}
        stack = which["stack"]
        try:
            actor = principal_from(record["principal"])
            if record["role"] is not None:
                actor = self._identity.session_of(record["role"], "servicecatalog")
            answer = self._calling()(actor, record.scope.region, "cloudformation", call["operation"], parameters)
            stack = stack or answer["StackId"]
        except Refused as error:
            unchanged = record.kind == UPDATE and error.message == UNCHANGED
            problem = None if unchanged else (error.code, error.message)
            self._end(which, record, problem, self._launched.clock(), self.outputs(which))
            return record
        except DomainError as error:
            self._end(which, record, ("InvalidRequest", str(error)), self._launched.clock(), [])
            return record
        # The call holds a template, which nobody needs any more.
        begun = record.with_("IN_PROGRESS", self._launched.clock(), call=None, stack=stack)
        with self._launched.writing() as tx:
            tx.put(which.with_("UNDER_CHANGE", stack=stack))
            tx.put_record(begun)
        return record

    def _settle(self) -> None:
        """Note what has become of the stacks that are on their way."""
        with self._settling:
            self._settle_all()

    def _settle_all(self) -> None:
        for record in self._launched.unfinished():
            if record["stack"] is None:
                continue
            stack = self._stacks.store.find(record["stack"])
            if not stack.running:
                which = self._launched.provisioned(record.scope, record.provisioned)
                good = stack.status == "DELETE_COMPLETE" if record.kind == TERMINATE else stack.status in GOOD
                problem = None if good else (stack.status, self._why(stack))
                self._end(which, record, problem, self._moment(stack), _outputs(stack), stack.status)
            elif "ROLLBACK" in stack.status and record.status == "IN_PROGRESS":
                with self._launched.writing() as tx:
                    tx.put_record(record.with_("IN_PROGRESS_IN_ERROR", self._moment(stack)))

    def _end(
        self,
        which: Provisioned,
        record: Done,
        problem: tuple[str, str] | None,
        moment: datetime,
        outputs: list[dict[str, Any]],
        stack_status: str | None = None,
    ) -> None:
        gone = record.kind == TERMINATE and (problem is None or bool(record["ignore"]))
        errors = [] if problem is None else [{"Code": problem[0], "Description": problem[1]}]
        status = "SUCCEEDED" if problem is None else "FAILED"
        if problem is None:
            ended = which.with_("AVAILABLE", stack=which["stack"])
            if record.kind != TERMINATE:
                about = {
                    name: record[name] for name in ("product", "product_name", "artifact", "artifact_name", "path")
                }
                ended = ended.with_(
                    "AVAILABLE", **about, role=record["role"], tags=record["tags"], last_successful=record.id
                )
        else:
            # An update that CloudFormation refused has changed nothing; one that was turned back has left what was.
            turned_back = record.kind == UPDATE and stack_status in (None, "UPDATE_ROLLBACK_COMPLETE")
            ended = which.with_("TAINTED" if turned_back else "ERROR", problem[1])
        with self._launched.writing() as tx:
            tx.put(replace(ended, live=None) if gone else ended)
            tx.put_record(record.with_(status, moment, errors=errors, outputs=outputs, call=None))

    def _why(self, stack: Stack) -> str:
        """Why a stack failed: its first resource that did, in CloudFormation's words."""
        failed = [
            event.document
            for event in self._stacks.store.events(stack.id, None, 500).items
            if event.document["ResourceStatus"].endswith("_FAILED")
            and event.document["LogicalResourceId"] != stack.name
        ]
        told = [each for each in failed if "cancelled" not in each.get("ResourceStatusReason", "cancelled")]
        if not told:
            return stack.reason or f"The stack is {stack.status}."
        return f"{told[-1]['LogicalResourceId']}: {told[-1]['ResourceStatusReason']}"

    def _moment(self, stack: Stack) -> datetime:
        return self._stacks.store.events(stack.id, None, 1).items[0].at

    def _require_settled(self, which: Provisioned) -> None:
        if which.status == "UNDER_CHANGE":
            raise WrongState(
                f"The provisioned product {which.name} is under change: wait for the record {which['last']}."
            )

    def _calling(self) -> Services:
        assert self._services is not None
        return self._services


def _of(which: Provisioned, principal: Principal, level: str) -> bool:
    if level == "Account":
        return True
    if level == "Role":
        return bool(which["user"] == principal.identity_arn)
    return bool(which["session"] == principal.arn)


def _outputs(stack: Stack) -> list[dict[str, Any]]:
    own = {
        "OutputKey": "CloudformationStackARN",
        "OutputValue": stack.id,
        "Description": "The ARN of the launched Cloudformation Stack",
    }
    names = ("OutputKey", "OutputValue", "Description")
    return [*({name: each[name] for name in names if name in each} for each in stack.outputs), own]
