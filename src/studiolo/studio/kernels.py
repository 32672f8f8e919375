"""The kernels that a notebook in a space can run on, as Jupyter is told of them.

Each acts as the space's role and finds AWS with nothing configured: its environment is the App's. Those of SparkMagic
are in `magics`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.runtimes import Environment, environments_folder

LOCKS = Path(__file__).parents[1] / "runtimes" / "locks"
PYTHONS = ("3.12", "3.11", "3.10")
STARTUP = Path(__file__).parent / "jupyter" / "kernels"
GLUE = "aws_glue_interactive_sessions_kernel.{}.GlueKernel"


@dataclass(frozen=True)
class Kernel:
    """A kernel by the name that notebooks note. argv: before the connection file."""

    name: str
    title: str
    argv: tuple[str, ...]
    metadata: Mapping[str, Any]
    language: str = "python"

    @property
    def specification(self) -> dict[str, Any]:
        """The content of its kernel.json."""
        return {
            "argv": [*self.argv, "-f", "{connection_file}"],
            "display_name": self.title,
            "language": self.language,
            "metadata": dict(self.metadata),
        }


def lab_environment() -> Environment:
    """The environment of JupyterLab and Glue's kernel, which is made when the first App starts."""
    return Environment.of(environments_folder(), "jupyterlab", LOCKS / "jupyterlab.lock", PYTHONS)


def kernels(own: Path, lab: Path) -> list[Kernel]:
    """Those that need nothing more than an App does. own: the space's interpreter; lab: JupyterLab's."""
    python, debugged = (str(own), "-m", "ipykernel_launcher"), {"debugger": True}
    connect = f'--IPKernelApp.exec_files=["{STARTUP / "spark_connect.py"}"]'
    return [
        Kernel("python3", "Python 3 (Data Science)", python, debugged),
        Kernel("glue_pyspark", "Glue PySpark", (str(lab), "-m", GLUE.format("glue_pyspark")), {}),
        Kernel("glue_spark", "Glue Spark", (str(lab), "-m", GLUE.format("glue_spark")), {}, "scala"),
        Kernel("spark_connect", "Spark Connect", (*python, connect), debugged),
    ]


def on_image(title: str, python: Path) -> Kernel:
    """One on an image's interpreter."""
    return Kernel("", title, (str(python), "-m", "ipykernel_launcher"), {"debugger": True})
