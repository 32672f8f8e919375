"""JupyterEnterpriseGateway: kernels on the master node, for JupyterLab elsewhere (`jupyter lab --gateway-url=…`).

Jupyter's kernel gateway serves its API.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from studiolo.clusters.applications.application import Application, Daemon
from studiolo.processes import interpreter
from studiolo.runtimes import Release, enterprise_gateway

if TYPE_CHECKING:
    from studiolo.clusters.world import World

PLACE = "etc/jupyter"
IDLE_SECONDS = 12 * 60 * 60
"""After which a kernel that does nothing is ended, as JupyterEnterpriseGateway does."""


class JupyterEnterpriseGateway(Application):
    name = "JupyterEnterpriseGateway"

    def version(self, release: Release) -> str | None:
        return None if release.label.startswith("emr-spark") else "3.0.1"

    def prepare(self, say: Callable[[str], object], stopped: Callable[[], bool]) -> None:
        enterprise_gateway().make(say, stopped)

    def seen(self) -> tuple[Path, ...]:
        return interpreter(enterprise_gateway().python)

    def lay_out(self, world: "World") -> None:
        for name, specification in kernels(world).items():
            folder = world.own / PLACE / "kernels" / name
            folder.mkdir(parents=True, exist_ok=True)
            world.write(f"{PLACE}/kernels/{name}/kernel.json", json.dumps(specification))

    def daemon(self, world: "World") -> Daemon:
        host, port = world.cluster.progress.host, world.cluster.progress.ports["gateway"]
        start = f"import sys; sys.path.append({str(world.around.packages)!r}); from studiolo.node.gateway import main; "
        options = (
            f"--KernelGatewayApp.ip={host}",
            f"--KernelGatewayApp.port={port}",
            "--KernelGatewayApp.port_retries=0",
            "--JupyterWebsocketPersonality.list_kernels=True",
            # What kernels print at ports of their own every user of the machine could read.
            "--KernelManager.transport=ipc",
            "--KernelSpecManager.ensure_native_kernel=False",
            f"--MappingKernelManager.cull_idle_timeout={IDLE_SECONDS}",
        )
        command = (str(enterprise_gateway().python), "-c", f"{start}main(sys.argv[1:])", world.connections, *options)
        return Daemon(
            command, port, {"JUPYTER_PATH": str(world.own / PLACE)}, answer=("/api/kernelspecs", '"kernelspecs"')
        )


def kernels(world: "World") -> dict[str, Mapping[str, object]]:
    """Jupyter's specifications of the kernels, by the names that notebooks of EMR note."""
    spark = world.around.packages / "studiolo" / "node" / "notebook.py"
    return {
        "python3": _kernel("Python 3", str(world.python), "-m", "ipykernel_launcher"),
        "pysparkkernel": _kernel("PySpark", str(world.own / "bin" / "spark-submit"), str(spark)),
    }


def _kernel(title: str, *program: str) -> Mapping[str, object]:
    return {
        "argv": [*program, "-f", "{connection_file}"],
        "display_name": title,
        "language": "python",
        # Between the gateway and the kernel there may be Java, which a signal would end.
        "interrupt_mode": "message",
    }


JUPYTER_ENTERPRISE_GATEWAY = JupyterEnterpriseGateway()
