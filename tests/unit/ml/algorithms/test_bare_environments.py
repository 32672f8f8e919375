"""The programs of algorithms in environments that have none of the server's libraries."""

import json
import subprocess
import sys

from studiolo.containers.scripts import standalone
from studiolo.ml.algorithms import BUILT_IN

PROGRAM = """
import json, runpy, sys
from importlib import import_module
from unittest.mock import MagicMock

standalone, modules, libraries, absent = sys.argv[1], *map(json.loads, sys.argv[2:])
for name in libraries:
    import_module(name)
for name in absent:
    sys.modules.setdefault(name, MagicMock(__version__="3.0.5"))

class Refusing:
    def find_spec(self, name, path=None, target=None):
        first = name.partition(".")[0]
        if first not in {*sys.stdlib_module_names, "studiolo", *(known.partition(".")[0] for known in libraries)}:
            raise ModuleNotFoundError(f"{name} is not in the environment")

sys.meta_path.insert(0, Refusing())
sys.argv = [standalone, "studiolo.recordio"]
runpy.run_path(standalone, run_name="__main__")
for module in modules:
    import_module(module)
"""
LIBRARIES = (
    *("google.protobuf", "httptools", "uvicorn", "uvloop"),
    *("numpy", "pandas", "pyarrow.parquet", "scipy.sparse", "sklearn.metrics"),
)
ABSENT = (
    *("catboost", "faiss", "fasttext", "krcf", "lightgbm", "xgboost"),
    *("torch", "torch.distributions", "lightning", "lightning.pytorch"),
    *("gluonts", "gluonts.core", "gluonts.core.component", "gluonts.torch", "gluonts.torch.distributions"),
    *("gluonts.torch.model", "gluonts.torch.model.deepar"),
)
"""What environments have that the tests' has not."""


def test_the_programs_of_algorithms_import_nothing_of_the_servers() -> None:
    packages = {
        algorithm.module.removesuffix(".classification").removesuffix(".regression")
        for algorithm in BUILT_IN.values()
        if algorithm.requirements
    }
    modules = [f"{package}.{part}" for package in sorted(packages) for part in ("training", "serving")]
    given = [json.dumps(names) for names in (modules, LIBRARIES, ABSENT)]
    command = [sys.executable, "-I", "-c", PROGRAM, standalone.__file__, *given]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
