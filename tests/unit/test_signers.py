"""What conditions of policies are told of a request."""

import pytest

from studiolo.aws.http import HttpRequest
from studiolo.signers import told_by


@pytest.mark.parametrize(
    ("peer", "secure"),
    [(None, "true"), ("127.0.0.1", "true"), ("127.3.0.9", "true"), ("::1", "true"), ("10.0.0.7", "false")],
)
def test_what_stays_on_this_machine_counts_as_sent_by_tls(peer: str | None, secure: str) -> None:
    told = told_by(HttpRequest("GET", "/", {}, b"", peer=peer), None)
    assert told["aws:SecureTransport"] == secure
