"""Interactive Spark sessions: kernels, statements, the warm pool."""

from studiolo.sessions.model import (
    ConnectEndpoint,
    Output,
    Session,
    SessionRequest,
    SessionState,
    Statement,
    StatementState,
)
from studiolo.sessions.preparation import prepare
from studiolo.sessions.sessions import Sessions
from studiolo.sessions.store import UNFINISHED

__all__ = [
    "UNFINISHED",
    "ConnectEndpoint",
    "Output",
    "Session",
    "SessionRequest",
    "SessionState",
    "Sessions",
    "Statement",
    "StatementState",
    "prepare",
]
