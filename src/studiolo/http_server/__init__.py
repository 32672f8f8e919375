"""HTTP for every server of ours: uvicorn, with bounds on what a client may hold, and only for hosts that are ours."""

from studiolo.http_server.hosts import Hosts, SameOrigin
from studiolo.http_server.limits import Limits
from studiolo.http_server.serving import serve, server

__all__ = ["Hosts", "Limits", "SameOrigin", "serve", "server"]
