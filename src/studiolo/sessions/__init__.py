"""Interactive Spark sessions: kernels, statements, the warm pool."""

from studiolo.sessions.model import Output, Session, SessionRequest, SessionState, Statement, StatementState
from studiolo.sessions.sessions import Sessions

__all__ = ["Output", "Session", "SessionRequest", "SessionState", "Sessions", "Statement", "StatementState"]
