"""The world of what has a runtime role: a fence and keys of its own, in which its Spark computes too.

It is never given to the cluster's workers, whose executors have the keys of the instance profile.
"""

import hmac
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from studiolo.clusters.world import World
from studiolo.identity import Workload
from studiolo.kernel.doors import TOKEN, closed
from studiolo.processes import Fence

LEAST_HEAP = 512
"""MiB."""


@dataclass(frozen=True)
class RoleWorld(World):
    """`nodes`: the cluster's own; shared: the folder that what has the same role may write, too."""

    nodes: World
    shared: Path

    @classmethod
    def of(cls, nodes: World, folder: Path, shared: Path, workload: Workload) -> "RoleWorld":
        """That of a workload, in the folder."""
        theirs = {field.name: getattr(nodes, field.name) for field in fields(World)}
        ours = {
            "folder": folder,
            "token": workload.token,
            "metastore_token": workload.metastore_token,
            "secret": hmac.new(workload.token.encode(), b"spark", sha256).hexdigest(),
        }
        return cls(**{**theirs, **ours}, nodes=nodes, shared=shared)

    @property
    def hdfs(self) -> Path:
        return self.shared / "hdfs"

    @property
    def packages(self) -> tuple[Path, ...]:
        """What bootstrap actions have installed, too."""
        return (self.nodes.site, *self.nodes.packages)

    @property
    def elsewhere(self) -> None:
        """Its executors are in its drivers."""
        return

    @property
    def master_url(self) -> str:
        workers, cores, _ = self.executors()
        return f"local[{max(1, workers * cores // self._beside)}]"

    @property
    def _beside(self) -> int:
        """How many steps may run at a time, which share what the cluster's executors would have."""
        return self.cluster.settings.concurrency

    def fence(self, *seen: Path, with_parent: bool = False) -> Fence:
        fence = super().fence(*seen, self.nodes.site, with_parent=with_parent)
        return replace(fence, at={**fence.at, str(self.shared): self.shared})

    def lay_out_files(self) -> None:
        self.hdfs.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().lay_out_files()

    def facts(self) -> dict[str, Any]:
        workers, _, memory = self.executors()
        return {**super().facts(), "heap": f"{max(LEAST_HEAP, workers * memory // self._beside)}m"}

    def spark_conf(self) -> dict[str, str]:
        """It serves no pages, which what has another role could reach: the history server's show it while it runs, too."""
        conf = {**super().spark_conf(), "spark.master": self.master_url, "spark.ui.enabled": "false"}
        # Of a program that wants pages they are behind the door.
        return {**closed(conf), TOKEN: hmac.new(self.token.encode(), b"pages", sha256).hexdigest()}
