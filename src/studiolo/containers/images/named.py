"""What the URI of an image of AWS says: the algorithm or framework, its version, its Python.

By repository and tag alone: the account before them differs by region. `aws.json` has what AWS's own SDK knows
(docs/aws_images.py makes it); of a tag that is newer than that, its beginning is the version.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

_URI = re.compile(
    r"\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.]+"
    r"/(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?"
)
_SHORT = re.compile(r"(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?")
"""The same without its registry, as people write it at a command line."""
_PYTHON = re.compile(r"(?:^|-)py(\d)(\d*)(?:-|$)")
_VERSION = re.compile(r"\d+(?:\.\d+)*(?:-\d+)?(?:-transformers\d+(?:\.\d+)*)?")


@dataclass(frozen=True)
class Named:
    """An image of AWS: `family` is what its SDK calls it, as `sklearn`, `version` as AWS does, as `1.2-1`.

    python: as `3.11`; empty where neither the tag nor AWS's table tells.
    """

    family: str
    version: str
    python: str
    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}" if self.tag else self.repository


def named(uri: str) -> Named | None:
    """What the URI names, which may be without its registry; None where AWS's SDK knows no such repository."""
    match = _URI.fullmatch(uri) or _SHORT.fullmatch(uri)
    entry = _table().get(match["repository"]) if match else None
    if match is None or entry is None:
        return None
    tag = match["tag"] or ""
    begins = [begin for begin in entry["tags"] if tag == begin or tag.startswith(f"{begin}-")]
    # Of `1.2` and `1.2-1` the longer one is meant.
    version, *pythons = entry["tags"][max(begins, key=len)] if begins else [_beginning(tag)]
    python = _python(tag) or (_python(pythons[-1]) if pythons else "")
    return Named(entry["family"], version, python, match["repository"], tag)


def repositories(family: str) -> list[str]:
    """The repositories of a family's images."""
    return [name for name, entry in _table().items() if entry["family"] == family]


def _beginning(tag: str) -> str:
    match = _VERSION.match(tag)
    return match[0] if match else tag


def _python(text: str) -> str:
    match = _PYTHON.search(text)
    return f"{match[1]}.{match[2]}" if match and match[2] else ""


@functools.cache
def _table() -> Mapping[str, Any]:
    content: dict[str, Any] = json.loads(files("studiolo.containers.images").joinpath("aws.json").read_text())
    return content
