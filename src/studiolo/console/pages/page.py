"""What a page is to the console."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from studiolo.console.visit import Visit


@dataclass(frozen=True)
class Page:
    """An address below the console's, and what makes the answer: in a thread, with the person's clients.

    body: what is sent instead of a form, to be read meanwhile; form: whether a form is sent.
    """

    method: str
    path: str
    make: Callable[[Visit], Response]
    body: Callable[[Request], Any] | None = None

    @property
    def form(self) -> bool:
        return self.body is None
