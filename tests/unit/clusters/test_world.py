"""What the server writes and reads in the folder of a cluster's nodes, where programs of its users have put links."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

from studiolo.clusters.launching import Launching
from studiolo.clusters.machines import instance_type
from studiolo.clusters.model import (
    STARTING,
    BootstrapAction,
    Cluster,
    ClusterRequest,
    Group,
    Instance,
    Progress,
    Settings,
)
from studiolo.clusters.world import World
from studiolo.domain import Scope


def world(folder: Path) -> World:
    group = Group("ig-1", "Master", "MASTER", 1, {"m5.xlarge": 1})
    master = Instance("ci-1", "i-1", "ig-1", "m5.xlarge", None, "127.0.0.2", "RUNNING", 0.0)
    cluster = Cluster(
        "j-1",
        Scope("000000000000", "eu-central-1"),
        STARTING,
        datetime.now(timezone.utc),
        ClusterRequest("one", "emr-7.13.0", "profile", "role", "service"),
        Settings(),
        Progress(groups=(group,), instances=(master,)),
    )
    (folder / "node").mkdir(parents=True)
    others = (
        "release",
        "jars",
        "archive",
        "configured",
        "around",
        "token",
        "metastore_token",
        "metastore",
        "warehouse",
    )
    return World(cluster, folder, **dict.fromkeys((*others, "secret"), cast(Any, None)))


def test_the_workers_are_told_without_following_a_link_of_the_nodes(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("of somebody else")
    cluster = world(tmp_path / "cluster")
    for name in ("wanted.part", "wanted.json"):
        (cluster.own / name).symlink_to(tmp_path / "theirs")
    cluster.want([(1, instance_type("m5.xlarge"))])
    assert (tmp_path / "theirs").read_text() == "of somebody else"
    [worker] = json.loads((cluster.own / "wanted.json").read_text())
    assert worker["number"] == 1


def test_a_bootstrap_action_is_told_of_the_instance_by_the_server_and_not_by_the_one_before(tmp_path: Path) -> None:
    cluster = world(tmp_path / "cluster")
    info = cluster.own / "mnt" / "var" / "lib" / "info"
    info.mkdir(parents=True)
    (info / "instance.json").symlink_to("/dev/zero")
    plans = list[Any]()

    class Noting(Launching):
        def __init__(self) -> None:
            """It starts nothing."""
            self._folder = tmp_path

        def _run(self, world: World, nodes: World, name: str, log: str, plan: Any, on_end: Any) -> None:
            plans.append(plan)

    Noting().start_bootstrap(cluster, 2, BootstrapAction("two", "s3://code/two.sh"), lambda: None)
    assert plans[0]["instance"]["isMaster"]
    assert plans[0]["instance"]["clusterId"] == "j-1"
