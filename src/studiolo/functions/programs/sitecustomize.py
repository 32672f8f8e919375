"""Loaded into every Python function: lets HTTPS to Studiolo's own address, which is plain, arrive.

Custom resources answer at an address that CloudFormation gives them; many write to it by HTTPSConnection whatever it is.
"""

import http.client
import os
from urllib.parse import urlsplit

_endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))

if _endpoint.scheme == "http":
    _by_tls = http.client.HTTPSConnection.connect

    def _connect(self: http.client.HTTPSConnection) -> None:
        if (self.host, self.port) == (_endpoint.hostname, _endpoint.port or 80):
            http.client.HTTPConnection.connect(self)
        else:
            _by_tls(self)

    # In place: those who have taken the class already have it, too.
    http.client.HTTPSConnection.connect = _connect  # type: ignore[assignment, method-assign]
