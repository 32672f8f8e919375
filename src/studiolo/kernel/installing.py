"""Packages installed by uv in a folder of their own, beside those of an interpreter: by `pip` on a node, or by a session.

What has no wheel for this Python is installed at the nearest later version that has one, and that is said; where it is
strict it fails. Python's own library is enough for it.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ADDED = re.compile(r"^ ?\+ (\S+)$", re.MULTILINE)
"""What uv says that it would install."""

PINNED = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[^]]*\])?==(?P<version>[\w.]+)")


class Failed(Exception):
    """What uv said."""


@dataclass(frozen=True)
class Site:
    """The folder of packages, the interpreter whose own they are beside, and the program uv.

    strict: why nothing else is taken for what cannot be had; empty where it may be.
    """

    folder: str
    python: str
    uv: str
    strict: str = ""

    def install(self, wanted: Sequence[str], options: Sequence[str]) -> list[str]:
        """Install what is asked for, files of requirements by `-r` among it; what is to be said. Raises Failed."""
        pins, notes = self._resolved(wanted, options)
        if not pins:
            return [*notes, "Requirement already satisfied"]
        _uv([self.uv, "pip", "install", "--no-deps", "--upgrade", "--target", self.folder, *options, *pins])
        return [*notes, f"Successfully installed {' '.join(pins)}"]

    def uninstall(self, names: Sequence[str]) -> list[str]:
        """Remove packages that were installed there; what is to be said. Raises Failed."""
        command = [self.uv, "pip", "uninstall", "--python", self.python, "--target", self.folder, *names]
        return _uv(command).splitlines()

    def _resolved(self, wanted: Sequence[str], options: Sequence[str]) -> tuple[list[str], list[str]]:
        """The packages that are missing, at exact versions, and what is to be said. Raises Failed."""
        ask = [self.uv, "pip", "install", "--dry-run", "--break-system-packages", "--python", self.python, *options]
        try:
            return ADDED.findall(_uv([*ask, "--no-build", *wanted])), []
        except Failed as error:
            first = error
        if self.strict:
            try:
                return ADDED.findall(_uv([*ask, *wanted])), []
            except Failed:
                raise Failed(f"{first}\n{self.strict} takes nothing in its place.") from None
        pinned = {m["name"].lower(): m["version"] for m in map(PINNED.fullmatch, _listed(wanted)) if m}
        # A pin is let go for the next version that has a wheel, and only then a package is built from its sources.
        loose = [PINNED.sub(r"\g<name>\g<extras>>=\g<version>", word) for word in _listed(wanted)]
        try:
            # What the runtime has is newer, as a rule, and would do.
            lowest = ["--resolution", "lowest-direct", *(w for name in pinned for w in ("--upgrade-package", name))]
            added = ADDED.findall(_uv([*ask, "--no-build", *lowest, *loose]))
        except Failed:
            try:
                return ADDED.findall(_uv([*ask, *wanted])), []
            except Failed:
                raise first from None
        notes = []
        for pin in added:
            name, _, version = pin.partition("==")
            if pinned.get(name.lower(), version) != version:
                notes.append(
                    f"{name} {pinned[name.lower()]} has no wheel for this Python: {version} is installed instead"
                )
        return added, notes


def _listed(wanted: Sequence[str]) -> list[str]:
    """The requirements, those of files in their place."""
    found: list[str] = []
    rest = list(wanted)
    while rest:
        word = rest.pop(0)
        if word == "-r":
            lines = [line.partition("#")[0].strip() for line in Path(rest.pop(0)).read_text().splitlines()]
            found += [line for line in lines if line]
        else:
            found.append(word)
    return found


def _uv(command: Sequence[str]) -> str:
    """Run uv; what it said. Raises Failed."""
    with tempfile.TemporaryDirectory() as folder:
        # A notebook's kernel asks programs for colors.
        done = subprocess.run([*command, "--color", "never"], capture_output=True, text=True, cwd=folder)
    said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("Using "))
    if done.returncode != 0:
        raise Failed(said.strip())
    return said
