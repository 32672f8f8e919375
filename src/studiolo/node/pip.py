"""`pip` on a node, by uv: packages are installed for the cluster's own interpreter, beside those of its runtime."""

import subprocess
import sys
from collections.abc import Callable, Sequence

from studiolo.kernel.installing import Failed, Site
from studiolo.node.facts import STRICT, Facts

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
        return _told(lambda: _site(facts).uninstall(words))
    if command in ("list", "freeze", "show", "check"):
        return subprocess.run([facts.uv, "pip", command, "--python", facts.base_python, *rest]).returncode
    sys.stderr.write(f"pip: {command} is not here: there are install, uninstall, list, freeze, show and check.\n")
    return 1


def install(arguments: Sequence[str], facts: Facts) -> int:
    """Install what is asked for; the exit status."""
    if any(word.partition("=")[0] in TARGETS for word in arguments):
        return subprocess.run([facts.uv, "pip", "install", "--python", facts.base_python, *arguments]).returncode
    return _told(lambda: _site(facts).install(*_taken_apart(arguments)))


def _site(facts: Facts) -> Site:
    return Site(facts.site, facts.base_python, facts.uv, STRICT if facts.strict else "")


def _told(change: Callable[[], Sequence[str]]) -> int:
    """Say what a change has to say; the exit status."""
    try:
        for line in change():
            sys.stdout.write(f"{line}\n")
    except Failed as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
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
