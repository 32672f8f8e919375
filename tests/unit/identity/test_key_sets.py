"""Where the keys of issuers may be fetched from."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from typing import Any

import pytest

from studiolo.identity import key_sets
from studiolo.identity.claims import ProviderUnreachable
from studiolo.identity.key_sets import ASKING, FAILED, KeySets, fetch_keys
from studiolo.identity.providers import OpenIdProvider


def provider_at(host: str) -> OpenIdProvider:
    return OpenIdProvider("arn", f"http://{host}", ("me",), (), {}, datetime(2024, 5, 1, tzinfo=timezone.utc))


@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"])
def test_a_cloud_s_own_credentials_are_not_asked_for_whatever_their_address_is_written_like(host: str) -> None:
    # Refused, and not tried: that would be a failure of the connection.
    with pytest.raises(ProviderUnreachable, match="cannot be read: OSError"):
        fetch_keys(provider_at(host))


def test_an_issuer_that_does_not_answer_takes_few_threads_and_is_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    present, asked, over = [100.0], [0], threading.Event()

    def fetch(_provider: Any) -> Any:
        asked[0] += 1
        over.wait(30)
        raise ProviderUnreachable("It does not answer.")

    def find() -> str:
        with pytest.raises(ProviderUnreachable) as error:
            keys.find(provider_at("slow"), None)
        return str(error.value)

    monkeypatch.setattr(key_sets, "fetch_keys", fetch)
    keys = KeySets(lambda: present[0])
    with ThreadPoolExecutor(ASKING + 1) as threads:
        found = [threads.submit(find) for _ in range(ASKING + 1)]
        # One too many is told so while the others wait.
        refused = next(as_completed(found, timeout=30))
        assert "by many now" in refused.result()
        over.set()
        assert sorted(each.result() for each in found)[:-1] == ["It does not answer."] * ASKING
    assert (find(), asked[0]) == ("It does not answer.", 1)
    present[0] += FAILED + 1
    assert (find(), asked[0]) == ("It does not answer.", 2)
