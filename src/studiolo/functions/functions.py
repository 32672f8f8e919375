"""Lambda's functions: what they are, and their invocation."""

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from typing import Any

from studiolo.calling import Services
from studiolo.domain import Conflict, Invalid, NotFound, Page, Scope
from studiolo.functions import checking, granting
from studiolo.functions.code import CodeStore
from studiolo.functions.errors import Changed, FunctionMissing
from studiolo.functions.events import Events
from studiolo.functions.instance import Given, new_request_id
from studiolo.functions.launching import Launcher
from studiolo.functions.layers import Layers
from studiolo.functions.model import (
    FAILED,
    LATEST,
    PENDING,
    Alias,
    EventConfig,
    Function,
    Result,
    Settings,
    Standing,
)
from studiolo.functions.pool import MOST, Pool
from studiolo.functions.runtimes import Runtimes, RuntimeUnavailable
from studiolo.functions.store import Store, new_revision, paged
from studiolo.functions.streams import Stream
from studiolo.functions.urls import Urls
from studiolo.identity import Identity, Principal
from studiolo.objects import Objects

log = logging.getLogger(__name__)

SERVICE = "lambda.amazonaws.com"
UNRESERVED = 1
"""So much concurrency is left for functions that have none of their own."""


class Functions:
    """The functions of every scope. `start` is given the services that results are sent on by."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        runtimes: Runtimes,
        code: CodeStore,
        layers: Layers,
        launcher: Launcher,
        objects: Objects,
        make_events: Callable[["Functions"], Events],
        make_urls: Callable[["Functions"], Urls],
    ) -> None:
        self._store = store
        self._identity = identity
        self._runtimes = runtimes
        self._code = code
        self.layers = layers
        self.objects = objects
        self.clock = store.clock
        self._launcher = launcher
        self._pool = Pool(launcher.start)
        self._threads = ThreadPoolExecutor(MOST + 8, thread_name_prefix="function")
        self._changing = threading.RLock()
        self.events = make_events(self)
        self.urls = make_urls(self)
        self._services: Services | None = None

    def start(self, services: Services) -> None:
        """Go on with what an earlier server has begun."""
        self._services = services
        self._launcher.end_left()
        for function in self._store.everywhere():
            if function.standing.moving:
                self._prepare(function)
        self.events.start()

    def close(self) -> None:
        self.events.close()
        self._pool.close()
        self._launcher.end_left()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def empty(self) -> None:
        """Forget every function and layer."""
        for function in self._store.everywhere():
            self._pool.retire(function.arn)
        self._store.empty()
        self._code.empty()

    # --- functions and versions

    def create(
        self,
        scope: Scope,
        principal: Principal,
        name: str,
        settings: Settings,
        data: bytes,
        tags: Mapping[str, str],
        *,
        publish: bool = False,
    ) -> Function:
        """Raises AlreadyExists, Invalid, and what passing the role does."""
        checking.check_name(name)
        self._check(scope, principal, settings)
        code, present = self._code.put(data), self._store.clock()
        standing = Standing(PENDING, "InProgress", "The function is being created.")
        function = Function(scope, name, LATEST, settings, code, standing, present, new_revision(), tags=dict(tags))
        with self._changing:
            self._store.add(function)
        function = self._prepare(function)
        return self.publish(scope, name) if publish else function

    def find(self, scope: Scope, name: str, qualifier: str | None = None) -> Function:
        """The version that a number, an alias, or nothing names. Raises FunctionMissing."""
        if qualifier is None or qualifier == LATEST or qualifier.isdecimal():
            return self._store.function(scope, name, qualifier)
        self._store.latest(scope, name)
        alias = self._store.alias(scope, name, qualifier)
        version = alias.version
        for other, weight in alias.weights.items():
            if random.random() < weight:  # noqa: S311 (which share of calls goes where)
                version = other
        return self._store.function(scope, name, version)

    def all(self, scope: Scope, after: str | None, limit: int) -> Page[Function]:
        return self._store.all(scope, after, limit)

    def versions(self, scope: Scope, name: str, after: str | None, limit: int) -> Page[Function]:
        return paged(self._store.versions(scope, name), after, limit)

    def update_code(
        self, scope: Scope, name: str, data: bytes, *, architecture: str | None, revision: str | None, dry: bool
    ) -> Function:
        """Give LATEST other code. dry: only say what it would be."""
        with self._changing:
            function = self._changeable(scope, name, revision)
            code = self._code.put(data)
            settings = (
                function.settings if architecture is None else replace(function.settings, architecture=architecture)
            )
            if dry:
                return function.with_(code=code, settings=settings)
            changed = self._changed(function, code=code, settings=settings)
        return self._prepare(changed)

    def update_settings(
        self, scope: Scope, principal: Principal, name: str, revision: str | None, changes: Mapping[str, Any]
    ) -> Function:
        """Change how LATEST runs."""
        with self._changing:
            function = self._changeable(scope, name, revision)
            settings = replace(function.settings, **changes)
            self._check(scope, principal, settings, before=function.settings)
            changed = self._changed(function, settings=settings)
        return self._prepare(changed)

    def delete(self, scope: Scope, name: str, qualifier: str | None) -> None:
        """Delete a function with all of it, or one version. Raises FunctionMissing, Conflict, Invalid."""
        with self._changing:
            if qualifier == LATEST:
                raise Invalid("$LATEST version cannot be deleted without deleting the function.")
            if qualifier is not None and not qualifier.isdecimal():
                raise Invalid("Deletion of aliases is not supported: DeleteAlias does it.")
            function = self._store.function(scope, name, qualifier)
            if qualifier is not None:
                used = [
                    each.name for each in self._store.aliases(scope, name) if qualifier in (each.version, *each.weights)
                ]
                if used:
                    raise Conflict(f"Version was not deleted because it has aliases pointing to it: {', '.join(used)}")
            self._store.remove(function)
            if qualifier is None:
                granting.forget(self._identity, function.arn)
        self._pool.retire(function.arn)
        self._code.sweep(self._store.digests())

    def publish(
        self,
        scope: Scope,
        name: str,
        description: str | None = None,
        digest: str | None = None,
        revision: str | None = None,
    ) -> Function:
        """Make a version of what LATEST is; the last version where that is the same."""
        with self._changing:
            latest = self._store.latest(scope, name)
            _check_revision(latest.revision, revision)
            if digest is not None and digest != latest.code.digest:
                raise Invalid(
                    f"CodeSHA256 ({digest}) is different from current CodeSHA256 in $LATEST ({latest.code.digest}). "
                    "Please try again with the CodeSHA256 in $LATEST."
                )
            settings = latest.settings
            if latest.published:
                try:
                    last = self._store.function(scope, name, str(latest.published))
                    same = replace(last.settings, description=settings.description) == settings
                    if same and last.code == latest.code:
                        return last
                except FunctionMissing:
                    pass
            if description is not None:
                settings = replace(settings, description=description)
            version = latest.with_(
                version=str(latest.published + 1), settings=settings, published=latest.published + 1,
                modified=self._store.clock(), revision=new_revision(), standing=Standing(),
            )  # fmt: skip
            self._store.publish(version)
            return version

    def reserve(self, scope: Scope, name: str, concurrency: int | None) -> None:
        """Keep concurrency for a function, which is also its most; None for none of its own."""
        with self._changing:
            function = self._store.latest(scope, name)
            others = sum(each.reserved or 0 for each in self._store.everywhere() if each.arn != function.arn)
            if concurrency is not None and others + concurrency > MOST - UNRESERVED:
                raise Invalid(
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                    f"below its minimum value of [{UNRESERVED}]: {MOST} processes may run at a time."
                )
            self._store.put(function.with_(reserved=concurrency))

    def tag(self, scope: Scope, name: str, tags: Mapping[str, str], without: Sequence[str] = ()) -> None:
        with self._changing:
            function = self._store.latest(scope, name)
            merged = {**function.tags, **tags}
            self._store.put(function.with_(tags={key: v for key, v in merged.items() if key not in without}))

    # --- aliases

    def put_alias(self, alias: Alias, *, new: bool, revision: str | None = None) -> Alias:
        """Add or change an alias. Raises FunctionMissing, Invalid."""
        with self._changing:
            checking.check_alias(alias.name)
            versions = [each.version for each in self._store.versions(alias.scope, alias.function)]
            if not new:
                _check_revision(self._store.alias(alias.scope, alias.function, alias.name).revision, revision)
            self._store.function(alias.scope, alias.function, alias.version)
            checking.check_weights(alias.weights, alias.version, versions)
            kept = replace(alias, revision=new_revision())
            self._store.put_alias(kept, new=new)
            return kept

    def alias(self, scope: Scope, name: str, alias: str) -> Alias:
        return self._store.alias(scope, name, alias)

    def aliases(self, scope: Scope, name: str) -> list[Alias]:
        self._store.latest(scope, name)
        return self._store.aliases(scope, name)

    def delete_alias(self, scope: Scope, name: str, alias: str) -> None:
        arn = self._store.latest(scope, name).arn
        self._store.remove_alias(scope, name, alias)
        granting.forget(self._identity, f"{arn}:{alias}")

    # --- what is invoked asynchronously

    def put_event_config(self, config: EventConfig) -> EventConfig:
        """Say how events are handled. Raises FunctionMissing, Invalid for a destination that is not here."""
        self.find(config.scope, config.function, config.qualifier)
        if config.retries is not None and not 0 <= config.retries <= 2:
            raise Invalid("MaximumRetryAttempts must be 0, 1 or 2.")
        if config.age is not None and not 60 <= config.age <= 21600:
            raise Invalid("MaximumEventAgeInSeconds must be 60 to 21600.")
        for arn in filter(None, (config.on_success, config.on_failure)):
            self.check_destination(arn)
        self._store.put_event_config(config)
        return config

    def event_config(self, scope: Scope, name: str, qualifier: str) -> EventConfig:
        """Raises NotFound."""
        arn = f"{self._store.latest(scope, name).arn}:{qualifier}"
        found = self._store.event_config(scope, name, qualifier)
        if found is None:
            raise NotFound(f"The function {arn} doesn't have an EventInvokeConfig")
        return found

    def event_configs(self, scope: Scope, name: str) -> list[EventConfig]:
        self._store.latest(scope, name)
        return self._store.event_configs(scope, name)

    def delete_event_config(self, scope: Scope, name: str, qualifier: str) -> None:
        self.event_config(scope, name, qualifier)
        self._store.remove_event_config(scope, name, qualifier)

    def check_destination(self, arn: str) -> None:
        """Raise Invalid for what results cannot be sent on to."""
        service = arn.split(":")[2] if arn.count(":") >= 5 else ""
        operation = {"lambda": "Invoke", "sns": "Publish", "sqs": "SendMessage"}.get(service)
        if operation is None or self._services is None or not self._services.knows(service, operation):
            raise Invalid(
                f"The destination {arn} cannot be used at Studiolo: a function's results go to Lambda functions, SNS "
                "topics and SQS queues."
            )

    def deliver(self, function: Function, arn: str, identifier: str, document: bytes) -> None:
        """Send a result on, as the function's role. Raises what the service answers."""
        assert self._services is not None
        principal = self._identity.session_of(function.settings.role, function.name[:64])
        if arn.split(":")[2] == "sns":
            parameters: dict[str, Any] = {"TopicArn": arn, "Message": document.decode(errors="replace")}
            self._services(principal, function.scope.region, "sns", "Publish", parameters)
        elif arn.split(":")[2] == "sqs":
            parameters = {"QueueUrl": f"/{arn.split(':')[4]}/{arn.split(':')[5]}", "MessageBody": document.decode()}
            self._services(principal, function.scope.region, "sqs", "SendMessage", parameters)
        else:
            parameters = {"FunctionName": arn, "InvocationType": "Event", "Payload": document}
            self._services(principal, function.scope.region, "lambda", "Invoke", parameters)

    # --- invocation

    def invoke(
        self,
        scope: Scope,
        name: str,
        qualifier: str | None,
        payload: bytes,
        client_context: str | None,
        stream: Stream | None = None,
    ) -> "Future[Result]":
        """Run it now; what it came to. Raises FunctionMissing and Conflict; the result raises Throttled too.

        stream: is given the answer as it comes, where the function streams it, and ends with the result.
        """
        function = self.ready(scope, name, qualifier)
        arn = function.arn if qualifier is None else f"{function.arn}:{qualifier}"
        given = Given(new_request_id(), arn, payload, client_context, stream)
        result = self._threads.submit(self.run, function, given)
        if stream is not None:
            stream.follow(result, function.version)
        return result

    def invoke_later(self, scope: Scope, name: str, qualifier: str | None, payload: bytes) -> str:
        """Take an event to be handled; its request id."""
        self.find(scope, name, qualifier)
        identifier = new_request_id()
        self.events.put(scope, name, qualifier, payload, identifier)
        return identifier

    def ready(self, scope: Scope, name: str, qualifier: str | None) -> Function:
        """The version, which can be invoked. Raises FunctionMissing, Conflict."""
        function = self.find(scope, name, qualifier)
        state = function.standing.state
        if state in (PENDING, FAILED):
            raise Conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: "
                f"{state}{'' if function.standing.reason is None else f' ({function.standing.reason})'}"
            )
        return function

    def run(self, function: Function, given: Given) -> Result:
        """Give a process of the function an event. Raises Throttled, and what hinders the process's start."""
        with self._pool.instance(function) as instance:
            return instance.run(given)

    # --- what they share

    def _check(self, scope: Scope, principal: Principal, settings: Settings, before: Settings | None = None) -> None:
        checking.check_settings(settings)
        self._runtimes.check(settings.runtime)
        if before is None or before.role != settings.role:
            self._identity.pass_role(principal, settings.role, SERVICE)
        if before is None or before.layers != settings.layers:
            self.layers.codes(settings.layers)
        if settings.dead_letter and (before is None or before.dead_letter != settings.dead_letter):
            self.check_destination(settings.dead_letter)

    def _changeable(self, scope: Scope, name: str, revision: str | None) -> Function:
        function = self._store.latest(scope, name)
        _check_revision(function.revision, revision)
        if function.standing.moving:
            raise Conflict(
                f"The operation cannot be performed at this time. An update is in progress for resource: {function.arn}"
            )
        return function

    def _changed(self, function: Function, **changes: Any) -> Function:
        standing = Standing(function.standing.state, "InProgress", "The function is being updated.")
        changed = function.with_(**changes, standing=standing, modified=self._store.clock(), revision=new_revision())
        return self._store.put(changed)

    def _prepare(self, function: Function) -> Function:
        """Bring what it runs on; a function whose environment must be made is on its way meanwhile."""
        prepared = self._threads.submit(self._prepared, function)
        try:
            return prepared.result(timeout=0.5)
        except NotYet:
            return function

    def _prepared(self, function: Function) -> Function:
        try:
            self._launcher.runtime(function, lambda line: log.info("%s", line))
            standing = Standing()
        except RuntimeUnavailable as error:
            state = FAILED if function.standing.state in (PENDING, FAILED) else function.standing.state
            standing = Standing(state, "Failed", str(error))
        with self._changing:
            try:
                latest = self._store.latest(function.scope, function.name)
            except FunctionMissing:
                return function
            if latest.revision != function.revision:
                return latest
            done = self._store.put(latest.with_(standing=standing))
        self._pool.retire(function.arn, but=function.revision)
        return done


def _check_revision(known: str, wanted: str | None) -> None:
    if wanted is not None and wanted != known:
        raise Changed


def unreserved(functions: Sequence[Function]) -> int:
    """The concurrency that is nobody's own."""
    return MOST - sum(each.reserved or 0 for each in functions)
