"""Where the keys of issuers may be fetched from."""

from datetime import datetime, timezone

import pytest

from studiolo.identity.claims import ProviderUnreachable
from studiolo.identity.key_sets import fetch_keys
from studiolo.identity.providers import OpenIdProvider


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"])
def test_a_cloud_s_own_credentials_are_not_asked_for_whatever_their_address_is_written_like(host: str) -> None:
    provider = OpenIdProvider("arn", f"http://{host}", ("me",), (), {}, datetime(2024, 5, 1, tzinfo=timezone.utc))
    # Refused, and not tried: that would be a failure of the connection.
    with pytest.raises(ProviderUnreachable, match="cannot be read: OSError"):
        fetch_keys(provider)
