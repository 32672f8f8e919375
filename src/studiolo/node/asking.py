"""Whether a connection to a cluster's port may be served; it needs Python's own library alone.

What is in the cluster's own fence may. Of all else the server knows whose it is (`clusters.admission`).
"""

import os
import urllib.error
import urllib.request

from studiolo.socket_table import Address, client_rows, holders, owners

CONNECTIONS = "STUDIOLO_CONNECTIONS"
"""Names the server's page that is asked."""

ANSWER_SECONDS = 10.0


def may_come(peer: Address, own: Address) -> bool:
    """Whether the client at `peer` may be served at `own`; not where the server does not answer."""
    rows = client_rows(peer, own)
    if rows and owners(rows) != {os.getuid()}:
        return False
    return bool(holders(rows)) or _is_admitted(peer, own)


def _is_admitted(peer: Address, own: Address) -> bool:
    [client, server] = [f"{host}:{port}" for host, port in (peer, own)]
    asked = urllib.request.Request(  # noqa: S310 (the server's own page)
        f"{os.environ[CONNECTIONS]}?peer={client}&own={server}",
        headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
    )
    try:
        # No proxy of the person's is between.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=ANSWER_SECONDS):
            return True
    except (urllib.error.URLError, OSError):
        return False
