"""What programs for EMR find on a node: its interpreter, its commands, what it says of itself."""

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.clusters.applications import hadoop
from studiolo.clusters.programs import COMMANDS
from studiolo.engine.formats import with_python

if TYPE_CHECKING:
    from studiolo.clusters.world import World

PYTHON = "/usr/bin/python3"
"""Where the interpreter is in the fence, where the machine has one."""

PYTHON_SCRIPT = """\
case $0 in
    /usr/bin/*|*/node/bin/*) exec {python} "$@" ;;
    *) exec -a "$0" {python} "$@" ;;
esac"""
"""It lies in the place of the system's, and of environments that are links to that: Python tells those by the name."""

SUDO = """\
while [ $# -gt 0 ]; do
    case $1 in
        -u|-g|-h|-p|-C|-r|-t|-U) shift 2 ;;
        --) shift; break ;;
        -*) shift ;;
        *) break ;;
    esac
done
[ $# -eq 0 ] || exec env "$@"
"""
"""It makes nobody more than they are."""

USERS = {"/etc/passwd": "etc/passwd", "/etc/group": "etc/group", "/var/log": "mnt/var/log"}
"""What the fence has in the place of the machine's, by its place in the folder: who is known, and where logs are."""


def make_python(world: "World") -> None:
    """An environment of the nodes' own, on top of the runtime's."""
    real = world.release.runtime.python.resolve()
    world.python.parent.mkdir(parents=True, exist_ok=True)
    world.site.mkdir(parents=True, exist_ok=True)
    world.python.unlink(missing_ok=True)
    if real.parent == Path(PYTHON).parent:
        # Another file is in its place in the fence.
        shutil.copy(real, world.python)
    else:
        world.python.symlink_to(real)
    version = f"python{world.release.runtime.python_version}"
    for name in ("python", version):
        (world.python.parent / name).unlink(missing_ok=True)
        (world.python.parent / name).symlink_to("python3")
    (world.own / "python" / "pyvenv.cfg").write_text(f"home = {real.parent}\ninclude-system-site-packages = false\n")
    seen = (*world.packages, *with_python(world.jars))
    (world.site / "runtime.pth").write_text("".join(f"{path}\n" for path in seen))
    pip = world.site / "pip"
    pip.mkdir(exist_ok=True)
    (pip / "__init__.py").touch()
    start = f"import sys\n\nsys.path.append({str(world.around.packages)!r})\n\nfrom studiolo.node.pip import main\n"
    (pip / "__main__.py").write_text(f"{start}\nsys.exit(main(sys.argv[1:]))\n")


def make_commands(world: "World") -> None:
    """What scripts call on a node."""
    for name in ("python3", "python", f"python{world.release.runtime.python_version}"):
        world.script(name, PYTHON_SCRIPT.format(python=world.python), "/bin/bash")
    # -S and -E: what these need is Python's own library.
    start = f"import sys; sys.path.insert(0, {str(world.around.packages)!r}); from studiolo.node.commanding import main"
    for name in COMMANDS:
        world.script(
            name, f'exec {world.python} -S -E -c {shlex.quote(start + "; sys.exit(main(sys.argv[1:]))")} {name} "$@"'
        )

    world.script("sudo", SUDO)


def make_users(world: "World") -> None:
    """Let whom all runs as be `hadoop`, whom scripts hand files to."""
    user, group = os.getuid(), os.getgid()
    for place, line in (
        ("/etc/passwd", f"hadoop:x:{user}:{group}::/home/hadoop:/bin/bash"),
        ("/etc/group", f"hadoop:x:{group}:"),
    ):
        # The first of several names of a number is the one that is told.
        known = Path(place).read_text(errors="replace") if Path(place).exists() else ""
        world.write(USERS[place], f"{line}\n{known}")


def info(world: "World") -> dict[str, dict[str, Any]]:
    """What /mnt/var/lib/info has on a master node."""
    cluster = world.cluster
    groups = cluster.progress.groups
    master = next(group for group in groups if group.role == "MASTER")
    created = int(cluster.created.timestamp() * 1000)
    return {
        "instance": {
            "isMaster": True,
            "isRunningNameNode": hadoop.is_on(world),
            "isRunningDataNode": hadoop.is_on(world),
            "isRunningResourceManager": hadoop.is_on(world),
            "instanceGroupId": master.id,
            "clusterId": cluster.id,
        },
        "job-flow": {
            "jobFlowId": cluster.id,
            "jobFlowCreationInstant": created,
            "instanceCount": sum(group.count for group in groups),
            "masterInstanceId": world.master,
            "masterPrivateDnsName": cluster.progress.host,
            "masterInstanceType": master.type,
            "slaveInstanceType": next((group.type for group in groups if group.role == "CORE"), master.type),
            "hadoopVersion": "3",
            "instanceGroups": [
                {
                    "instanceGroupId": group.id,
                    "instanceGroupName": group.name,
                    "instanceRole": group.role.title(),
                    "marketType": group.market,
                    "instanceType": group.type,
                    "requestedInstanceCount": group.count,
                }
                for group in groups
            ],
        },
        "extraInstanceData": {
            "releaseLabel": cluster.asked.release,
            "region": cluster.scope.region,
            "numCandidates": 1,
            "clusterName": cluster.asked.name,
            "applications": list(cluster.asked.applications),
        },
    }
