"""What one AWS API is made of: its operations by name, and its words for what can go wrong."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from botocore import xform_name

from studiolo.aws.errors import ServiceError
from studiolo.domain import DomainError
from studiolo.services.patience import Waiting

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)


class Service:
    """An AWS API by botocore's name, e.g. `glue`.

    `errors` maps each kind of domain error to the API's error code; a more specific kind wins over its parent.
    `invalid` is its code for parameters that break a constraint of its model.
    """

    def __init__(
        self, name: str, errors: Mapping[type[DomainError], str], *, invalid: str = "ValidationException"
    ) -> None:
        self.name = name
        self.invalid = invalid
        self._errors = errors
        self._handlers: dict[str, Handler] = {}
        self._patience: dict[str, Waiting] = {}
        self._at_once: set[str] = set()

    def operation(self, handler: H) -> H:
        """Register the function as the operation of its name: `get_session` handles GetSession."""
        self.register(handler.__name__, handler)
        return handler

    def register(self, name: str, handler: Handler) -> None:
        """Register the function as the operation of that name, e.g. `get_session`."""
        self._handlers[name] = handler

    def patient(self, patience: Waiting) -> Callable[[H], H]:
        """Register an operation whose answer waits, with that patience, for what is on its way."""

        def register(handler: H) -> H:
            self._patience[handler.__name__] = patience
            return self.operation(handler)

        return register

    def at_once(self, handler: H) -> H:
        """Mark an operation that reads a row, or what is cached, and waits for nothing else.

        It is carried out in the event loop itself, which everything else waits for meanwhile.
        """
        self._at_once.add(handler.__name__)
        return handler

    def is_at_once(self, operation: str) -> bool:
        """Whether `operation` is one of those."""
        return _function_name(operation) in self._at_once

    def patience(self, operation: str) -> Waiting | None:
        """How long `operation` waits for what; None where it never does."""
        return self._patience.get(_function_name(operation))

    def handler(self, operation: str) -> Handler | None:
        """The function that handles `operation` (e.g. `GetSession`), or None if it is not implemented."""
        return self._handlers.get(_function_name(operation))

    def implemented(self) -> frozenset[str]:
        """The implemented operations, by their functions' names."""
        return frozenset(self._handlers)

    def error(self, error: DomainError) -> ServiceError:
        """A domain error in the API's words."""
        code = next(self._errors[kind] for kind in type(error).__mro__ if kind in self._errors)
        # The query APIs answer 403 AccessDenied, which their models do not declare.
        return ServiceError(code, str(error), 403 if code == "AccessDenied" else None)


@lru_cache(maxsize=4096)
def _function_name(operation: str) -> str:
    name: str = xform_name(operation)
    return name
