"""The system's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def why_not() -> str | None:
    """Why no browser can be driven here."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "Playwright is not installed: make test-all installs it"
    return None if _program() else f"there is none of {', '.join(NAMES)}: the pages were not looked at in a browser"


@contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's handle of a Chromium that has been started."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Its own sandbox needs what a container, or root, often has not.
        browser = playwright.chromium.launch(executable_path=_program(), args=["--no-sandbox"])
        yield browser
        browser.close()


def _program() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)
