"""The images that AWS has for SageMaker, from the tables of its Python SDK (version 2): docs/aws_images.py > aws.json.

One line a repository: the name of the algorithm or framework, and by what its tags begin with, the version that this
means and the Pythons there are of it. Accounts are left out: they differ by region and say nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def scopes(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The table of each kind of image (training, inference ...) of a framework."""
    if "versions" in table:
        yield table
    else:
        yield from (entry for entry in table.values() if isinstance(entry, dict) and "versions" in entry)


def tags(table: Mapping[str, Any]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Repository, what tags begin with, version, Pythons."""
    versions = table["versions"]
    aliases = table.get("version_aliases", {})
    named = [*((name, name) for name in versions), *aliases.items()]
    for name, version in named:
        entry = versions.get(version, {})
        if "repository" in entry:
            # A version's images of several Pythons may be listed by these.
            pythons = entry.get("py_versions", [])
            yield entry["repository"], entry.get("tag_prefix", name), version, pythons
            continue
        for base, inner in entry.items():
            if not isinstance(inner, dict):
                continue
            if "repository" in inner and re.match(r"py\d", base):
                yield inner["repository"], inner.get("tag_prefix", name), version, [base]
            elif "repository" in inner:
                number = base.removeprefix("pytorch").removeprefix("tensorflow")
                begin = f"{number}-transformers{name}"
                yield inner["repository"], begin, begin, inner.get("py_versions", [])


def main() -> None:
    """Print the table."""
    found: dict[str, dict[str, Any]] = {}
    # Not imported: it prints.
    sdk = find_spec("sagemaker")
    assert sdk is not None
    assert sdk.origin is not None
    for file in sorted(Path(sdk.origin).with_name("image_uri_config").glob("*.json")):
        table = json.loads(file.read_text())
        for scope in scopes(table):
            for repository, begin, version, pythons in tags(scope):
                entry = found.setdefault(repository, {"family": file.stem, "tags": {}})
                known = entry["tags"].setdefault(begin, [version])
                known += [python for python in pythons if python not in known]
    # The SDK writes the Python behind the name of this one.
    base = found["sagemaker-base-python"]
    for python in ("38", "310"):
        named = {begin: [*known, f"py{python}"] for begin, known in base["tags"].items()}
        found[f"sagemaker-base-python-{python}"] = {**base, "tags": named}
    lines = [f"{json.dumps(name)}: {json.dumps(found[name], separators=(',', ':'))}" for name in sorted(found)]
    print("{\n" + ",\n".join(lines) + "\n}")


if __name__ == "__main__":
    main()
