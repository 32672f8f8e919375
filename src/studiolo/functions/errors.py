"""What can go wrong with functions beside what goes wrong everywhere."""

from studiolo.domain import Conflict, Invalid, LimitExceeded, NotFound


class FunctionMissing(NotFound):
    """There is no such function, version or alias."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Function not found: {arn}")


class Changed(Conflict):
    """The function is not any more what the caller has seen."""

    def __init__(self) -> None:
        super().__init__(
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias/GetPolicy API to retrieve the latest Revision Id"
        )


class Throttled(LimitExceeded):
    """As many run as may. reason: in Lambda's words, which limit that is."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


class TooLargeRequest(Invalid):
    """A payload, or code, has too many bytes."""


class BadPayload(Invalid):
    """A payload is no JSON."""
