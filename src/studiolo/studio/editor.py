"""Code Editor: code-server, where this machine has it. It is a program of Node, and not shipped.

It listens on a socket file without a password of its own: the domain's name is let through for a cookie alone.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from shutil import which

TYPE = "CodeEditor"
HEALTH = "healthz"
"""Where it says when it was used last, in milliseconds: `{"lastHeartbeat": …}`."""

MISSING = (
    f"AppType {TYPE} needs code-server, which is not on the PATH that Studiolo was started with: "
    "`npm install --global code-server` makes it. JupyterLab needs nothing."
)


def program() -> Path | None:
    """code-server, as a package of npm."""
    found = which("code-server")
    return Path(found).resolve() if found else None


def command(program: Path, home: Path, kept: Path, socket: str) -> list[str]:
    """It on the files of `home`; what it notes about itself is in `kept`."""
    return [
        *("/usr/bin/env", f"HOME={home}", which("node") or "node", str(program), "--auth", "none"),
        *("--socket", socket, "--socket-mode", "600", "--user-data-dir", str(kept / "data")),
        # Beside the first: the path of a socket file is bounded.
        *("--session-socket", str(Path(socket).with_name("e"))),
        *("--extensions-dir", str(kept / "extensions"), "--config", str(kept / "config.yaml")),
        *("--disable-telemetry", "--disable-update-check", "--disable-workspace-trust", str(home)),
    ]


def prepare(kept: Path) -> None:
    """Its first settings, which are its user's to change: nothing is asked of services elsewhere."""
    if not kept.exists():
        settings = kept / "data" / "User" / "settings.json"
        settings.parent.mkdir(parents=True, mode=0o700)
        settings.write_text(json.dumps({"chat.disableAIFeatures": True, "telemetry.telemetryLevel": "off"}))


def seen(program: Path) -> Sequence[Path]:
    """What it must see: its package, with those beside it that it loads, and Node."""
    package = next((each for each in program.parents if each.name == "code-server"), program.parent)
    node = which("node")
    beside = package.parent if package.parent.name == "node_modules" else package
    return (beside, *([Path(node), Path(node).resolve()] if node else []))
