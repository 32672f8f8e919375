"""AWS Glue's words for what can go wrong."""

from studiolo.catalog import ConcurrentModification, ConditionFailed
from studiolo.domain import AlreadyExists, Conflict, Denied, DomainError, Invalid, LimitExceeded, NotFound
from studiolo.services.service import Service

glue = Service(
    "glue",
    {
        NotFound: "EntityNotFoundException",
        AlreadyExists: "AlreadyExistsException",
        Invalid: "InvalidInputException",
        ConcurrentModification: "ConcurrentModificationException",
        ConditionFailed: "ConditionCheckFailureException",
        Conflict: "IllegalSessionStateException",
        Denied: "AccessDeniedException",
        LimitExceeded: "ResourceNumberLimitExceededException",
        DomainError: "InvalidInputException",
    },
)
