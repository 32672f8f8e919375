"""The kernels of SageMaker's image SparkMagic, in an environment of their own: sparkmagic's, with Amazon's magics.

sparkmagic wants a pandas before 2, and Amazon's magics an IPython before 9: nothing else here has these.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager

from studiolo.identity.environment import PLUGIN
from studiolo.runtimes import Environment, environments_folder

NAME = "sparkmagic"
LOCK = Path(__file__).parents[1] / "runtimes" / "locks" / "sparkmagic.lock"
PYTHONS = ("3.11", "3.10", "3.12")
"""The last one has pandas 2.1: there is no 1.5 for it."""

PROGRAMS = Path(__file__).parent / "sparkmagic"
"""What is on the path of these kernels: the program that starts them."""

KERNELS = {"pyspark": "PySpark (SparkMagic)", "spark": "Spark (SparkMagic)", "python": "Python 3 (SparkMagic)"}
"""What people know them by."""


def environment() -> Environment:
    """The environment of all of them."""
    return Environment.of(environments_folder(), NAME, LOCK, PYTHONS, note="a minute, 0.6 GB")


def specs(made: Environment) -> Mapping[str, dict[str, Any]]:
    """What Jupyter must know of each, by its name."""
    return {
        f"{NAME}-{kind}": {
            "argv": [str(made.python), "-m", "studiolo_sparkmagic", kind, "-f", "{connection_file}"],
            "display_name": shown,
            "language": "scala" if kind == "spark" else "python",
            "env": {"PYTHONPATH": f"{PROGRAMS}:{PLUGIN.parent}"},
        }
        for kind, shown in KERNELS.items()
    }


def tell_jupyter(made: Environment) -> list[str]:
    """Have this person's Jupyter offer them; where it finds them."""
    places = []
    with tempfile.TemporaryDirectory() as folder:
        for name, spec in specs(made).items():
            place = Path(folder) / name
            place.mkdir()
            (place / "kernel.json").write_text(json.dumps(spec, indent=1))
            places.append(KernelSpecManager().install_kernel_spec(str(place), name, user=True))
    return places


def untell_jupyter() -> None:
    """Have this person's Jupyter offer them no more."""
    known = KernelSpecManager(ensure_native_kernel=False)
    for kind in KERNELS:
        if f"{NAME}-{kind}" in known.find_kernel_specs():
            known.remove_kernel_spec(f"{NAME}-{kind}")
