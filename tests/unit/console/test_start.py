"""What a server loads before anybody asked for anything."""

import subprocess
import sys

HEAVY = ("pyarrow", "pandas", "numpy", "pyiceberg", "sqlglot", "optuna", "jinja2")


def test_a_server_starts_without_the_libraries_that_read_data_and_draw_pages() -> None:
    code = f"import sys, studiolo.server; print(sorted(set({HEAVY}) & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
