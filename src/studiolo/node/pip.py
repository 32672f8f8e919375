"""`pip` on a node, by uv: packages are installed for the cluster's own interpreter, beside those of its runtime.

What has no wheel for this Python is installed at the nearest later version that has one, and that is said; on a strict
node it fails.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from studiolo.node.facts import STRICT, Facts

ADDED = re.compile(r"^ ?\+ (\S+)$", re.MULTILINE)
"""What uv says that it would install."""

PINNED = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[^]]*\])?==(?P<version>[\w.]+)")

VALUED = ("-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-f", "--find-links")
IGNORED = (
    "-q",
    "--quiet",
    "-v",
    "--user",
    "--no-cache-dir",
    "--upgrade",
    "-U",
    "--force-reinstall",
    "--no-warn-script-location",
)
TARGETS = ("-t", "--target", "--prefix", "--root")


class Failed(Exception):
    """What uv said."""


def main(arguments: Sequence[str]) -> int:
    """Carry out a command of pip; the exit status."""
    command, *rest = arguments or ["help"]
    facts = Facts.of_node()
    if command in ("--version", "-V"):
        sys.stdout.write(f"pip by uv from {facts.site} (python {sys.version_info[0]}.{sys.version_info[1]})\n")
        return 0
    if command == "install":
        return install(rest, facts)
    if command == "uninstall":
        words = [word for word in rest if word not in ("-y", "--yes")]
        return subprocess.run([facts.uv, "pip", "uninstall", "--target", facts.site, *words]).returncode
    if command in ("list", "freeze", "show", "check"):
        return subprocess.run([facts.uv, "pip", command, "--python", facts.base_python, *rest]).returncode
    sys.stderr.write(f"pip: {command} is not here: there are install, uninstall, list, freeze, show and check.\n")
    return 1


def install(arguments: Sequence[str], facts: Facts) -> int:
    """Install what is asked for; the exit status."""
    if any(word.partition("=")[0] in TARGETS for word in arguments):
        return subprocess.run([facts.uv, "pip", "install", "--python", facts.base_python, *arguments]).returncode
    wanted, options = _taken_apart(arguments)
    try:
        pins, found = _resolved(wanted, options, facts)
        for line in found:
            sys.stdout.write(f"{line}\n")
        if pins:
            _uv([facts.uv, "pip", "install", "--no-deps", "--upgrade", "--target", facts.site, *options, *pins])
    except Failed as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    sys.stdout.write(f"Successfully installed {' '.join(pins)}\n" if pins else "Requirement already satisfied\n")
    return 0


def _taken_apart(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is wanted, files of requirements among it, and uv's options."""
    wanted: list[str] = []
    options: list[str] = []
    rest = [word for word in arguments if word not in IGNORED]
    while rest:
        word = rest.pop(0)
        if word in ("-r", "--requirement"):
            wanted += ["-r", rest.pop(0)]
        elif word in VALUED:
            options += [word, rest.pop(0)]
        elif word.startswith("-"):
            options.append(word)
        else:
            wanted.append(word)
    return wanted, options


def _resolved(wanted: Sequence[str], options: Sequence[str], facts: Facts) -> tuple[list[str], list[str]]:
    """The packages that are missing, at exact versions, and what is to be said. Raises Failed."""
    ask = [facts.uv, "pip", "install", "--dry-run", "--break-system-packages", "--python", facts.base_python, *options]
    try:
        return ADDED.findall(_uv([*ask, "--no-build", *wanted])), []
    except Failed as error:
        first = error
    if facts.strict:
        try:
            return ADDED.findall(_uv([*ask, *wanted])), []
        except Failed:
            raise Failed(f"{first}\n{STRICT} takes nothing in its place.") from None
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
            notes.append(f"{name} {pinned[name.lower()]} has no wheel for this Python: {version} is installed instead")
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
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if done.returncode != 0:
        raise Failed(done.stderr.strip())
    return done.stderr
