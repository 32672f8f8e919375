"""Prints docs/releases.md with its tables renewed: `make docs` writes it, a test compares it."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

RUNTIMES = """\
| runtime | Spark | Scala | Python | Java | Iceberg | Delta | Hudi |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""

RELEASES = """\
| release | on AWS: Spark, Scala, Python | here | Iceberg, Delta, Hudi on AWS | settings |
| --- | --- | --- | --- | --- |
"""

FORMATS = ("iceberg", "delta", "hudi")


def table() -> str:
    """The Markdown page."""
    known: dict[str, Any] = json.loads(files("studiolo.runtimes").joinpath("runtimes.json").read_text())
    releases = [
        _release(service, label, entry, known)
        for service in ("glue", "emr")
        for label, entry in known[service]["releases"].items()
    ]
    runtimes = [_runtime(name, entry) for name, entry in known["runtime"].items()]
    page = Path(__file__).with_suffix(".md").read_text()
    page = _renewed(page, "runtimes", RUNTIMES + "".join(runtimes))
    return _renewed(page, "releases", RELEASES + "".join(releases))


def _renewed(page: str, name: str, rows: str) -> str:
    return re.sub(f"(?s)(<!-- {name} -->\n).*?(<!-- end -->)", lambda found: found[1] + rows + found[2], page)


def _runtime(name: str, entry: dict[str, Any]) -> str:
    pythons = ", ".join(entry.get("pythons", ())) or "Studiolo's"
    java = ", ".join(map(str, entry["java"]))
    formats = [entry["formats"][form][0].rpartition(":")[2] if form in entry["formats"] else "-" for form in FORMATS]
    return f"| {name} | {entry['pyspark']} | {entry['scala']} | {pythons} | {java} | {' | '.join(formats)} |\n"


def _release(service: str, label: str, entry: dict[str, Any], known: dict[str, Any]) -> str:
    here = known["runtime"][entry["runtime"]]["pyspark"]
    name = f"Glue {label}" if service == "glue" else label
    formats = ", ".join(entry["formats"].get(form, "-") for form in FORMATS) if entry["formats"] else ""
    there = f"{entry['spark']}, {entry['scala']}, {entry['python'].replace(', ', ' or ')}"
    return f"| {name} | {there} | Spark {here} | {formats} | {_settings(entry, here, known['restored'])} |\n"


def _settings(entry: dict[str, Any], here: str, restored: dict[str, Any]) -> int:
    """How many settings a session of the release has that the runtime has not."""
    changed = [
        settings for version, settings in restored.items() if _order(entry["spark"]) < _order(version) <= _order(here)
    ]
    return len({name for settings in [*changed, entry.get("conf", {})] for name in settings})


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


if __name__ == "__main__":
    print(table(), end="")
