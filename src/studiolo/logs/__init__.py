"""Log groups, streams and events. Child processes write with LogWriter, which needs no database."""

from studiolo.logs.logs import Logs
from studiolo.logs.writer import LogWriter

__all__ = ["LogWriter", "Logs"]
