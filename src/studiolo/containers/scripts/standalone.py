"""Runs a module of Studiolo's on an interpreter that Studiolo is not installed for: `standalone.py MODULE ARGUMENTS`.

The folder of our packages is not put on the path: others that lie there would stand in for the interpreter's own.
"""

import importlib.util
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Make `studiolo` importable, and it alone; then run the module as a program."""
    root = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location(
        root.name, root / "__init__.py", submodule_search_locations=[str(root)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[root.name] = package
    spec.loader.exec_module(package)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
