"""AWS Glue's interactive sessions: its words on top of the engine."""

from studiolo.sessions.model import ConnectEndpoint, Session, SessionRequest
from studiolo.sessions.sessions import Sessions
from studiolo.sessions.system_log import SystemLog

__all__ = ["ConnectEndpoint", "Session", "SessionRequest", "Sessions", "SystemLog"]
