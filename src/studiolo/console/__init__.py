"""The console: pages in a browser, each made by boto3 calls with the keys of who is signed in."""

from studiolo.console.app import FindKey, console
from studiolo.console.panels import panels
from studiolo.console.people import Key

__all__ = ["FindKey", "Key", "console", "panels"]
