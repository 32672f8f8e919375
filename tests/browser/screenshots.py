"""Writes pictures of all pages, both themes, full and empty: `python -m tests.browser.screenshots FOLDER`."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.filled import EMPTY, fill
from tests.browser.windows import chromium, why_not
from tests.conftest import Server

SIZES = {"": (1280, 800), "-phone": (390, 800)}


def main(folder: Path) -> None:
    if (reason := why_not()) is not None:
        sys.exit(f"No pictures: {reason}.")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, chromium() as browser:
        server = Server(Path(data), settings={"STUDIOLO_WARM_SESSIONS": "0"}).up()
        try:
            page = browser.new_page()
            page.goto(server.run("console").stdout.strip())
            page.wait_for_url("**/")
            state = page.context.storage_state()
            _take(browser, state, server, EMPTY, folder, "empty-")
            _take(browser, state, server, fill(server, "us-east-1"), folder, "")
        finally:
            server.down()


def _take(browser: Any, state: Any, server: Server, paths: tuple[str, ...], folder: Path, prefix: str) -> None:
    for theme in ("light", "dark"):
        for suffix, (width, height) in SIZES.items():
            context = browser.new_context(
                storage_state=state, color_scheme=theme, viewport={"width": width, "height": height}
            )
            page = context.new_page()
            for path in paths:
                page.goto(f"http://console.localhost:{server.port}{path}")
                page.wait_for_load_state("networkidle")
                name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:60] or "overview"
                page.screenshot(path=folder / f"{prefix}{name}-{theme}{suffix}.png")
            context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
