"""What one AWS API is made of: its operations by name, and its words for what can go wrong."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore import xform_name

from studiolo.domain import DomainError

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)


class Service:
    """An AWS API by botocore's name, e.g. `glue`.

    `errors` maps each kind of domain error to the API's error code; a more specific kind wins over its parent.
    """

    def __init__(self, name: str, errors: Mapping[type[DomainError], str]) -> None:
        self.name = name
        self._errors = errors
        self._handlers: dict[str, Handler] = {}

    def operation(self, handler: H) -> H:
        """Register the function as the operation of its name: `get_session` handles GetSession."""
        self._handlers[handler.__name__] = handler
        return handler

    def handler(self, operation: str) -> Handler | None:
        """The function that handles `operation` (e.g. `GetSession`), or None if it is not implemented."""
        return self._handlers.get(xform_name(operation))

    def implemented(self) -> frozenset[str]:
        """The implemented operations, in their function names."""
        return frozenset(self._handlers)

    def code(self, error: DomainError) -> str:
        """The API's error code for a domain error."""
        return next(self._errors[kind] for kind in type(error).__mro__ if kind in self._errors)
