"""What one client may take of the server."""

import resource
from dataclasses import dataclass, field

KIB = 1024
MIB = 1024 * KIB
MOST_CONNECTIONS = 2000


def _connections() -> int:
    """Half of the files that the process may have open: requests open some of their own."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files // 2)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes and seconds.

    Those of a head are an Application Load Balancer's ("Quotas for your Application Load Balancers"): a key of S3 is up
    to 3 KiB when escaped, a session token of AWS up to 4 KiB.

    line: the target, or one header; head: all of it; headers: their number; pipelined: requests sent ahead of answers.
    head_seconds: for a head to come, from the connection or its first byte on; idle_seconds: between requests.
    body_seconds, body_rate: a body may be waited for so long, and longer by what came of it at so many bytes a second.
    read_seconds: an answer may lie unread so long; unread: bytes of all answers that lie unread together.
    ending_seconds: what a refused client still sends is thrown away so long, for it to see the answer.
    """

    connections: int = field(default_factory=_connections)
    line: int = 16 * KIB
    head: int = 64 * KIB
    headers: int = 200
    pipelined: int = 8
    head_seconds: float = 20
    idle_seconds: int = 75
    body_seconds: float = 30
    body_rate: float = KIB
    read_seconds: float = 300
    unread: int = 256 * MIB
    ending_seconds: float = 30
