"""Stacks on the real services that need no processes, all in this process; and the end of the server at any commit."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection

from studiolo.app import SERVICES
from studiolo.catalog import Catalog
from studiolo.domain import Scope, now
from studiolo.governance import GovernedCatalog, Lake, Views
from studiolo.identity import AccessKey, Identity, Principal
from studiolo.identity.principals import root_user
from studiolo.inside import Inside
from studiolo.logs import Logs
from studiolo.objects import Objects
from studiolo.recorded import Recorder
from studiolo.services.call import Studio
from studiolo.stacks import Stack, Stacks, Wanted
from studiolo.stacks.nesting import Nesting
from studiolo.stacks.runner import Runner
from studiolo.stacks.sets import StackSets
from studiolo.stacks.types import type_of
from studiolo.state import State, Thing

ACCOUNT = "000000000000"
SCOPE = Scope(ACCOUNT, "eu-central-1")


class Killed(BaseException):
    """The process is no more."""


class Mortal(State):
    """A database whose process ends right after one of its commits: `left` says after how many."""

    left: int | None = None
    commits = 0

    @contextmanager
    def transaction(self, *changed: Thing) -> Iterator[Connection]:
        with super().transaction(*changed) as connection:
            yield connection
        self.commits += 1
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.left = None
                raise Killed


class World:
    """A server's stacks, whose operations run when a test says so."""

    def __init__(self, folder: Path) -> None:
        self.state = Mortal(f"sqlite:///{folder / 'state.db'}")
        self.identity = Identity(self.state, AccessKey("AKIAROOT", "secret"), ACCOUNT, now)
        self.recorder = Recorder(self.state, now)
        objects = Objects(self.identity, "http://127.0.0.1:9", SCOPE.region)
        self.logs = Logs(self.state, folder / "logs", now)
        self.catalog = Catalog(self.state, now)
        self.stacks = stacks = Stacks(self.state, self.identity, objects, frozenset(), now)
        lake = Lake(self.state, self.catalog, self.identity, now)
        views = Views(self.state, self.catalog, lake, b"secret", now)
        here = {
            "identity": self.identity,
            "catalog": self.catalog,
            "governed": GovernedCatalog(self.state, now, self.catalog, lake, views),
            "lake": lake,
            "logs": self.logs,
            "recorder": self.recorder,
            "stacks": stacks,
            "stack_sets": StackSets(self.state, self.identity, stacks, now),
        }
        # What has processes is not here.
        studio = Studio(**{field.name: cast(Any, here.get(field.name)) for field in fields(Studio)})
        self.inside = Inside(SERVICES, studio, objects, "cloudformation.amazonaws.com")
        stacks._services = self.inside
        self.stack_sets: StackSets = here["stack_sets"]
        self.stack_sets._services = self.inside
        for each in (stacks, self.stack_sets):
            each._workers.wake = lambda stack: None  # type: ignore[method-assign]

    @property
    def root(self) -> Principal:
        return root_user(ACCOUNT)

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """An operation as root."""
        return self.inside(self.root, SCOPE.region, service, operation, parameters)

    def run(self) -> None:
        """Bring everything that is being done to its end, as the workers do."""
        while self.stacks.store.running() or self.stack_sets.store.running():
            for of_set in self.stack_sets.store.running():
                self.stack_sets._runner(of_set, threading.Event(), lambda: False).advance()
            for operation in self.stacks.store.running():
                services, nested = self.inside, Nesting(self.stacks)
                Runner(
                    self.stacks.store,
                    type_of,
                    services,
                    operation,
                    nested,
                    self.stacks.requests,
                    threading.Event(),
                    lambda: False,
                    lambda _: None,
                ).run()

    def create(self, name: str, body: str, **given: Any) -> Stack:
        wanted = Wanted(name, body=body, capabilities=("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"), **given)
        self.stacks.create(SCOPE, self.root, wanted)
        self.run()
        return self.stack(name)

    def update(self, name: str, body: str, **given: Any) -> Stack:
        wanted = Wanted(name, body=body, capabilities=("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"), **given)
        self.stacks.update(SCOPE, self.root, wanted)
        self.run()
        return self.stack(name)

    def delete(self, name: str) -> Stack:
        stack = self.stack(name)
        self.stacks.delete(SCOPE, self.root, name, None, None, ())
        self.run()
        return self.stacks.store.find(stack.id)

    def stack(self, name: str) -> Stack:
        return self.stacks.store.stack(SCOPE, name)

    def physical(self, name: str) -> dict[str, str | None]:
        """The physical ids of a stack's resources, by their logical ids."""
        return {logical: row.physical for logical, row in self.stacks.store.current(self.stack(name)).items()}

    def events(self, name: str) -> list[tuple[str, str]]:
        """Who came to be what, from the first on."""
        page = self.stacks.store.events(self.stack(name).id, None, 1000)
        return [
            (str(each.document["LogicalResourceId"]), str(each.document["ResourceStatus"]))
            for each in reversed(page.items)
        ]

    def close(self) -> None:
        self.state.close()
