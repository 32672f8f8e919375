"""The public keys of issuers of web identity tokens, fetched from where their discovery documents say (OpenID Connect).

Whoever may create a provider makes the server ask an address of their choice. So: only GET, no redirects, no proxies,
few bytes, little time; the address is looked up once and the connection is made to what was found; nothing of an answer
is told but keys. Plain HTTP is for issuers of this machine and its network. An issuer may send us on to an address of
its own host, or by HTTPS to one of the public Internet: never to another service of this machine or network.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import jwt
import urllib3

from studiolo.identity.claims import ProviderUnreachable
from studiolo.identity.providers import OpenIdProvider
from studiolo.peers import askable

DISCOVERY = "/.well-known/openid-configuration"
LARGEST = 256 * 1024
"""Bytes of a document."""

SECONDS = 5.0
FRESH = 3600.0
"""Seconds for which fetched keys count."""

RENEWED = 30.0
"""Seconds after which keys are fetched anew for a token whose key is not among them."""


FAILED = 5.0
"""Seconds for which an issuer that could not be asked is not asked again."""

ASKING = 8
"""So many requests at most wait for issuers: nobody has signed them, and each takes a thread."""

Asked = tuple[str, tuple[str, ...]]
"""By which keys are kept: the issuer's address and thumbprints."""


class KeySets:
    """The keys of issuers, kept for a while. For any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[Asked, tuple[float, list[jwt.PyJWK]]] = {}
        self._failed: dict[Asked, tuple[float, ProviderUnreachable]] = {}
        self._turns: dict[Asked, threading.Lock] = {}
        self._room = threading.BoundedSemaphore(ASKING)

    def find(self, provider: OpenIdProvider, key_id: str | None) -> list[jwt.PyJWK]:
        """The provider's keys of that id; all, where a token names none. Raises ProviderUnreachable."""
        asked = provider.url, provider.thumbprints
        keys = self._known(asked, key_id)
        if keys is None:
            if not self._room.acquire(blocking=False):
                raise ProviderUnreachable(f"{provider.url} is asked for its keys by many now: please try again.")
            try:
                with self._turn(asked):
                    # Who waited has what the one before has found.
                    keys = self._known(asked, key_id)
                    if keys is None:
                        keys = self._fetched(asked, provider)
            finally:
                self._room.release()
        return _named(keys, key_id)

    def _turn(self, asked: Asked) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(asked, threading.Lock())

    def _known(self, asked: Asked, key_id: str | None) -> list[jwt.PyJWK] | None:
        """The keys that still count; None where they are to be fetched. Raises ProviderUnreachable."""
        with self._lock:
            fetched, keys = self._kept.get(asked, (0.0, None))
            failed, error = self._failed.get(asked, (0.0, None))
        age = self._monotonic() - fetched
        if keys is not None and age <= FRESH and (age <= RENEWED or _named(keys, key_id)):
            return keys
        if error is not None and self._monotonic() - failed <= FAILED:
            raise ProviderUnreachable(str(error))
        return None

    def _fetched(self, asked: Asked, provider: OpenIdProvider) -> list[jwt.PyJWK]:
        try:
            keys = fetch_keys(provider)
        except ProviderUnreachable as error:
            with self._lock:
                self._failed[asked] = self._monotonic(), error
            raise
        with self._lock:
            self._kept[asked] = self._monotonic(), keys
        return keys


def fetch_keys(provider: OpenIdProvider) -> list[jwt.PyJWK]:
    """The keys that the provider publishes now. Raises ProviderUnreachable."""
    issuer = urlsplit(provider.url)
    said = _document(urlsplit(provider.url + DISCOVERY), provider.thumbprints, home=True)
    address = said.get("jwks_uri")
    if said.get("issuer") != provider.url or not isinstance(address, str):
        raise ProviderUnreachable(f"The discovery document of {provider.url} is not that of an issuer of that name.")
    where = urlsplit(address)
    home = (where.scheme, where.netloc) == (issuer.scheme, issuer.netloc)
    if not home and where.scheme != "https":
        raise ProviderUnreachable(f"{provider.url} names a place for its keys that is neither its own nor HTTPS.")
    try:
        found = _document(where, provider.thumbprints if home else (), home=home)
        return list(jwt.PyJWKSet.from_dict(dict(found)).keys)
    except jwt.PyJWKSetError as error:
        raise ProviderUnreachable(f"{provider.url} publishes no keys that can be used: {error}") from error


def _named(keys: list[jwt.PyJWK], key_id: str | None) -> list[jwt.PyJWK]:
    return keys if key_id is None else [key for key in keys if key.key_id == key_id]


def _document(where: SplitResult, thumbprints: tuple[str, ...], *, home: bool) -> Mapping[str, Any]:
    """The JSON object at an address. home: whether it is the address that the provider was created with."""
    try:
        body = _body(where, thumbprints, home=home)
        found = json.loads(body)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        # Only the kind of failure: what another service answers is for nobody to know.
        raise ProviderUnreachable(f"{where.geturl()} cannot be read: {type(error).__name__}.") from error
    if not isinstance(found, dict):
        raise ProviderUnreachable(f"{where.geturl()} is not a JSON object.")
    return found


def _body(where: SplitResult, thumbprints: tuple[str, ...], *, home: bool) -> bytes:
    address = _address(where, home=home)
    ways: list[urllib3.HTTPConnectionPool] = []
    port, timeout = where.port, urllib3.Timeout(total=SECONDS)
    if where.scheme == "http":
        ways.append(urllib3.HTTPConnectionPool(address, port, timeout=timeout, retries=False))
    else:
        known: dict[str, Any] = {"server_hostname": where.hostname, "timeout": timeout, "retries": False}
        ways.append(urllib3.HTTPSConnectionPool(address, port, assert_hostname=where.hostname, **known))
        # A certificate of no known authority counts where the provider names it.
        for each in thumbprints:
            ways.append(urllib3.HTTPSConnectionPool(address, port, assert_fingerprint=each, cert_reqs="NONE", **known))
    failed: Exception = OSError("no way")
    for pool in ways:
        with pool:
            try:
                return _read(pool, where)
            except urllib3.exceptions.SSLError as error:
                failed = error
    raise failed


def _read(pool: urllib3.HTTPConnectionPool, where: SplitResult) -> bytes:
    deadline = time.monotonic() + SECONDS
    target = (where.path or "/") + (f"?{where.query}" if where.query else "")
    answer = pool.urlopen("GET", target, headers={"Host": where.netloc}, redirect=False, preload_content=False)
    with answer:
        if answer.status != 200:
            raise OSError(f"status {answer.status}")
        body = b""
        for part in answer.stream(8192, decode_content=False):
            body += part
            if len(body) > LARGEST or time.monotonic() > deadline:
                raise OSError("too large or too slow")
    return body


def _address(where: SplitResult, *, home: bool) -> str:
    """The IP address to connect to. Raises OSError for a host that may not be asked in this way."""
    address = askable(where.hostname or "", where.port or 443)
    near = address.is_loopback or address.is_private
    if not near and where.scheme != "https":
        raise OSError("plain HTTP to the Internet")
    if near and not home:
        raise OSError("an address of this machine or network")
    return str(address)
