"""Refusals for which SQS has codes of their own."""

from studiolo.domain import Conflict, Denied, Invalid


class MissingParameter(Invalid):
    """Something is needed that was not given."""


class InvalidAttributeName(Invalid):
    """A queue has no such attribute."""


class InvalidAttributeValue(Invalid):
    """An attribute of a queue cannot have that value."""


class InvalidContents(Invalid):
    """A message has characters that SQS does not take."""


class InvalidReceipt(Invalid):
    """What was given as a receipt handle is none of this queue."""


class NotInFlight(Conflict):
    """The message is not being dealt with by who asks."""


class QueueDenied(Denied):
    """A queue's policy does not let a service send."""


class BatchRefused(Invalid):
    """A batch of which nothing is done; `code`: the API's own, as each fault has one."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
