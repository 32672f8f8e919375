"""The pages: each a function that makes it of boto3 calls, and a template."""

from studiolo.console.pages import catalog, overview
from studiolo.console.pages.page import Page

PAGES: tuple[Page, ...] = (*overview.PAGES, *catalog.PAGES)

__all__ = ["PAGES", "Page"]
