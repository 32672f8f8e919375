"""An operation on the instances of a stack set, from wherever it is to its end.

What is to be done in an account and region is a result, whose stage says how far it is; it is written before the call that
it tells of and after it, so a server that was killed goes on from there, and CloudFormation's tokens make a repeated call
the same call.

    new -> called                   the stack is being made, changed or deleted, in its account, as the execution role
    new -> clearing -> new          a stack whose creation failed is deleted before it is made anew
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from studiolo.calling import Refused, Services
from studiolo.domain import Denied, DomainError, Invalid, NotFound
from studiolo.identity import Identity, Principal, Question, SessionRequest
from studiolo.stacks.model import Stack
from studiolo.stacks.pace import Interrupted
from studiolo.stacks.sets.model import EXECUTION, STOPPING, Instance, Result, SetOperation, StackSet
from studiolo.stacks.sets.preferences import Preferences, due, outcome
from studiolo.stacks.sets.store import SetStore, SetWriting
from studiolo.stacks.store import STACK, Missing, Store
from studiolo.stacks.template import Template
from studiolo.stacks.wanted import read_template
from studiolo.state import Listener, Thing

SERVICE = "cloudformation.amazonaws.com"
SESSION = "AWSCloudFormation"
UNCHANGED = "No updates are to be performed."
STUCK = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"})
"""The states of a stack that can only be deleted: it was never made."""

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
LONGEST_NAME = 128


def stack_name(stack_set: str) -> str:
    """A new name for a stack of the stack set of that name."""
    suffix = f"-{uuid.uuid4()}"
    return f"StackSet-{stack_set}"[: LONGEST_NAME - len(suffix)] + suffix


class Roles:
    """Who works in the accounts of a stack set."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def administrator(self, stack_set: StackSet) -> Principal:
        """A session of the administration role. Raises Invalid, in AWS's words."""
        arn = stack_set.administration
        try:
            role = self._identity.role(arn)
        except (NotFound, Invalid):
            trusts = False
        else:
            taking = Question("sts:AssumeRole", role.arn, {"aws:SourceAccount": stack_set.scope.account})
            trust = self._identity.compiled(role.trust, role.arn)
            trusts = self._identity.trusts(trust, frozenset({("Service", SERVICE)}), taking)
        if not trusts:
            raise Invalid(
                f"Account {stack_set.scope.account} should have '{arn.rpartition('/')[2]}' role with trust relationship "
                "to CloudFormation service."
            )
        return self._identity.session_of(arn, SESSION)

    def executing(self, stack_set: StackSet, account: str) -> Principal:
        """A session of the execution role in an account, taken on by the administration role. Raises Invalid."""
        administrator = self.administrator(stack_set)
        name = stack_set["execution"] or EXECUTION
        arn = f"arn:{stack_set.scope.partition}:iam::{account}:role/{name}"
        try:
            return self._identity.tokens_for(arn).assume_role(administrator, arn, SessionRequest(SESSION))[1]
        except (Denied, Invalid, NotFound) as error:
            role = stack_set.administration.rpartition("/")[2]
            raise Invalid(
                f"Account {account} should have '{name}' role with trust relationship to Role '{role}'."
            ) from error


class SetRunner:
    """Runs one operation in one thread. wake: set when a stack may have changed; stopping: whether to leave off."""

    def __init__(
        self,
        store: SetStore,
        stacks: Store,
        roles: Roles,
        services: Services,
        operation: SetOperation,
        wake: threading.Event,
        stopping: Callable[[], bool],
    ) -> None:
        self._store = store
        self._stacks = stacks
        self._roles = roles
        self._services = services
        self._operation = operation
        self._set = store.find(operation.stack_set)
        self._preferences = Preferences.of(operation.document["preferences"])
        self._wake = wake
        self._stopping = stopping
        self._listeners: list[Listener] = []

    def run(self) -> None:
        """Bring the operation to its end. Raises Interrupted."""
        try:
            while not self.advance():
                self._wake.wait()
                if self._stopping():
                    raise Interrupted
        finally:
            self._listen_no_more()

    def advance(self) -> bool:
        """Do what can be done now: whether the operation has ended."""
        self._wake.clear()
        self._listen_no_more()
        while True:
            if self._stopping():
                raise Interrupted
            results = self._store.results(self._operation)
            happened = [self._follow(each) for each in results if each.status == "RUNNING"]
            if any(happened):
                continue
            stopping = self._store.operation(self._set, self._operation.id).status == STOPPING
            next_ = due(results, self._preferences, stopping)
            for result in next_.cancel:
                self._cancel(result, next_.reason)
            for result in next_.begin:
                self._begin(result)
            if next_.begin or next_.cancel:
                continue
            ended = outcome(results, self._preferences, stopping)
            if ended is not None:
                with self._writing() as tx:
                    tx.set_operation(self._operation.id, status=ended, ended=tx.moment)
            return ended is not None

    # --- one account and region

    def _begin(self, result: Result) -> None:
        with self._writing() as tx:
            tx.set_result(result, status="RUNNING")
            tx.set_instance(result.place, detailed="RUNNING")

    def _cancel(self, result: Result, reason: str) -> None:
        with self._writing() as tx:
            tx.set_result(result, status="CANCELLED", reason=reason)
            tx.set_instance(result.place, detailed="CANCELLED", reason=reason)

    def _follow(self, result: Result) -> bool:
        """Take a result a step further: whether something has happened."""
        instance = self._store.instance(self._set, *result.place)
        try:
            if result.stage == "new":
                self._call(result, instance)
                return True
            stack = self._found(instance)
            if stack is not None and stack.running:
                return False
            if result.stage == "clearing" and (stack is None or stack.deleted is not None):
                with self._writing() as tx:
                    tx.set_result(result, stage="new")
                    tx.set_instance(instance.place, stack=None, name=stack_name(self._set.name))
            else:
                self._settle(result, stack)
        except Refused as error:
            self._fail(result, error.message)
        except DomainError as error:
            self._fail(result, str(error))
        return True

    def _call(self, result: Result, instance: Instance) -> None:
        """Begin what is to be done. Raises Refused, Invalid."""
        stack = self._found(instance)
        kind = self._operation.kind
        if stack is not None and stack.deleted is not None:
            stack = None
        if kind == "DELETE":
            if stack is None or self._operation.document["retain"]:
                self._succeed(result)
                return
            self._ask(result, "DeleteStack", StackName=stack.id)
        elif kind == "DETECT_DRIFT":
            self._look(result, stack)
            return
        elif stack is None:
            if instance.stack is not None:
                # Somebody has deleted it: the next one has a name of its own.
                instance = self._renamed(instance)
            answer = self._ask(result, "CreateStack", StackName=instance.name, **self._wanted(instance))
            with self._writing() as tx:
                tx.set_instance(instance.place, stack=answer["StackId"])
                tx.set_result(result, stage="called")
            return
        elif stack.status in STUCK:
            self._ask(result, "DeleteStack", StackName=stack.id)
            with self._writing() as tx:
                tx.set_result(result, stage="clearing")
            return
        else:
            try:
                self._ask(result, "UpdateStack", StackName=stack.id, **self._wanted(instance))
            except Refused as error:
                if error.message != UNCHANGED:
                    raise
                self._succeed(result, UNCHANGED)
                return
        with self._writing() as tx:
            tx.set_result(result, stage="called")

    def _look(self, result: Result, stack: Stack | None) -> None:
        """Whether a stack has drifted. Raises Refused, Invalid."""
        if stack is None:
            raise Invalid("The instance has no stack whose drift could be detected.")
        answer = self._ask(result, "DetectStackDrift", token=False, StackName=stack.id)
        found = self._stacks.detection(answer["StackDriftDetectionId"])
        with self._writing() as tx:
            tx.set_instance(result.place, drift=found.status, drift_checked=found.at)
        self._succeed(result)

    def _settle(self, result: Result, stack: Stack | None) -> None:
        """Note what a stack has come to."""
        if self._operation.kind == "DELETE":
            good = stack is None or stack.deleted is not None
        else:
            good = stack is not None and stack.status in GOOD
        if good or stack is None:
            self._succeed(result)
        else:
            self._fail(result, self._why(stack))

    def _succeed(self, result: Result, reason: str | None = None) -> None:
        with self._writing() as tx:
            tx.set_result(result, status="SUCCEEDED", reason=reason)
            if self._operation.kind == "DELETE":
                tx.drop(result.place)
            elif self._operation.kind == "DETECT_DRIFT":
                tx.set_instance(result.place, detailed="SUCCEEDED", reason=None)
            else:
                tx.set_instance(result.place, status="CURRENT", detailed="SUCCEEDED", reason=None)

    def _fail(self, result: Result, reason: str) -> None:
        status = {"DELETE": {"status": "INOPERABLE"}, "DETECT_DRIFT": {}}.get(
            self._operation.kind, {"status": "OUTDATED"}
        )
        with self._writing() as tx:
            tx.set_result(result, status="FAILED", reason=reason)
            tx.set_instance(result.place, detailed="FAILED", reason=reason, **status)

    # --- parts

    def _ask(self, result: Result, operation: str, *, token: bool = True, **parameters: Any) -> Mapping[str, Any]:
        """Call CloudFormation in the account and region as the execution role. Raises Refused, Invalid."""
        actor = self._roles.executing(self._set, result.account)
        if token:
            parameters["ClientRequestToken"] = self._operation.id
        return self._services(actor, result.region, "cloudformation", operation, parameters)

    def _wanted(self, instance: Instance) -> dict[str, Any]:
        """What is asked of a stack: the stack set's template, with the parameters that the instance has."""
        declared = template_of(self._set).parameters
        values = {**self._set["parameters"], **instance.overrides}
        return {
            "TemplateBody": self._set["body"],
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in values.items() if key in declared
            ],
            "Capabilities": self._set["capabilities"],
            "Tags": [{"Key": key, "Value": value} for key, value in self._set["tags"].items()],
        }

    def _found(self, instance: Instance) -> Stack | None:
        """The stack of an instance, from whose change on this thread is woken."""
        if instance.stack is None:
            return None
        listener = self._store.changes.listen(Thing(STACK, instance.account, instance.region, instance.stack))
        self._listeners.append(listener)
        listener.call(self._wake.set)
        try:
            return self._stacks.find(instance.stack)
        except Missing:
            return None

    def _renamed(self, instance: Instance) -> Instance:
        with self._writing() as tx:
            tx.set_instance(instance.place, stack=None, name=stack_name(self._set.name))
        return self._store.instance(self._set, *instance.place)

    def _why(self, stack: Stack) -> str:
        """Why a stack failed: its first resource that did in this operation."""
        for event in reversed(self._stacks.events(stack.id, None, 500).items):
            told = event.document
            reason = told.get("ResourceStatusReason")
            mine = told.get("ClientRequestToken") == self._operation.id and told["LogicalResourceId"] != stack.name
            if mine and reason and told["ResourceStatus"].endswith("_FAILED"):
                return (
                    f"ResourceLogicalId:{told['LogicalResourceId']}, ResourceType:{told['ResourceType']}, "
                    f"ResourceStatusReason:{reason}"
                )
        return stack.reason or f"The stack is {stack.status}."

    def _listen_no_more(self) -> None:
        while self._listeners:
            self._listeners.pop().close()

    def _writing(self) -> AbstractContextManager[SetWriting]:
        return self._store.writing(self._set, self._operation.id)


def template_of(stack_set: StackSet) -> Template:
    """A stack set's template as it is written."""
    return read_template(stack_set["body"])[0]
