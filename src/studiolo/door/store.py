"""What is behind the door: the object store, and what of the state decides who may use it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studiolo.config import addresses
from studiolo.storage import StoreAccess, failure_file, is_full


@dataclass(frozen=True)
class Store:
    """The object store with its key, and the folder that SeaweedFS keeps its objects in; None for an S3 of your own."""

    access: StoreAccess
    folder: Path | None

    @property
    def external(self) -> bool:
        """Whether the S3 is one of your own."""
        return self.folder is None

    @property
    def failure(self) -> str | None:
        """Why the store was given up, if it was."""
        if self.folder is None:
            return None
        try:
            return failure_file(self.folder).read_text()
        except FileNotFoundError:
            return None

    @property
    def full(self) -> bool:
        """Whether the disk that holds the objects has no room left."""
        return self.folder is not None and is_full(self.folder)


@dataclass(frozen=True)
class Plan:
    """What a door's process is started with: kept in a file of its own, since it holds the store's key."""

    host: str
    hosts: list[str]
    port: int
    workers: int
    data: Path
    database: str
    account: str
    partition: str
    strict: bool
    store: Store

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens: programs of this machine ask for their role's keys at 127.0.0.1."""
        return addresses(self.host)

    def write(self, file: Path) -> None:
        """Keep the plan, readable by its owner alone."""
        draft = file.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self), default=str))
        draft.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Plan":
        values: dict[str, Any] = json.loads(file.read_text())
        store, folder = values.pop("store"), None
        if store["folder"] is not None:
            folder = Path(store["folder"])
        values["data"] = Path(values["data"])
        return cls(**values, store=Store(StoreAccess(**store["access"]), folder))
