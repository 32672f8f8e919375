"""Identity providers: those of OpenID Connect and SAML whose word counts when somebody asks for a role."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Row

from studiolo.domain import AlreadyExists, Invalid, LimitExceeded, NotFound
from studiolo.identity.records import Records
from studiolo.identity.tables import providers
from studiolo.identity.tags import tags_of, with_tags, without_tags

MOST_CLIENTS = 100
MOST_THUMBPRINTS = 5
VALID = timedelta(days=100 * 365)
"""How long the metadata of a SAML provider counts."""


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """An issuer of web identity tokens: its URL with the scheme, whom its tokens may be for, how its TLS is known.

    `thumbprints` are SHA-1 digests of certificates, in hexadecimal.
    """

    arn: str
    url: str
    clients: tuple[str, ...]
    thumbprints: tuple[str, ...]
    tags: Mapping[str, str]
    created: datetime

    @property
    def name(self) -> str:
        """The URL without its scheme, as IAM shows it and condition keys begin."""
        return self.arn.partition("oidc-provider/")[2]


@dataclass(frozen=True, slots=True)
class SamlProvider:
    """An issuer of SAML assertions, by its metadata document."""

    arn: str
    metadata: str
    tags: Mapping[str, str]
    created: datetime

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def valid_until(self) -> datetime:
        return self.created + VALID


class Providers:
    """The identity providers of one account."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def create_open_id(
        self,
        url: str,
        clients: Iterable[str] = (),
        thumbprints: Iterable[str] = (),
        tags: Iterable[tuple[str, str]] = (),
    ) -> OpenIdProvider:
        """Add an issuer. Raises AlreadyExists, Invalid, LimitExceeded."""
        parts = urlsplit(url)
        if (
            parts.scheme not in ("https", "http")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise Invalid(
                "Invalid Open ID Connect Provider URL: it must begin with https:// (or, for an issuer of this machine "
                "or network, http://) and have no query."
            )
        name = f"{parts.netloc.lower()}{parts.path}".rstrip("/")
        arn = self._records.arn(f"oidc-provider/{name}")
        document = _document(url.rstrip("/"), tuple(clients), tuple(thumbprints))
        with self._records.changing() as tx:
            self._add(tx, arn, document, tags_of(tags), f"Provider with url {url} already exists.")
        return self.open_id(arn)

    def open_id(self, arn: str) -> OpenIdProvider:
        """The issuer of that ARN. Raises NotFound."""
        with self._records.reading() as connection:
            return _open_id(self._row(connection, arn))

    def issuer(self, url: str) -> OpenIdProvider | None:
        """The issuer of that URL."""
        return next((each for each in self.open_ids() if each.url == url.rstrip("/")), None)

    def open_ids(self) -> list[OpenIdProvider]:
        """All issuers of web identity tokens, by ARN."""
        return [_open_id(row) for row in self._rows("oidc-provider")]

    def change_open_id(
        self,
        arn: str,
        add: str | None = None,
        remove: str | None = None,
        thumbprints: Iterable[str] | None = None,
    ) -> None:
        """Add or remove a client that tokens may be for, or replace the thumbprints. Raises NotFound, Invalid."""
        with self._records.changing() as tx:
            provider = _open_id(self._row(tx, arn))
            clients = [client for client in provider.clients if client != remove]
            if add is not None and add not in clients:
                clients.append(add)
            kept = provider.thumbprints if thumbprints is None else tuple(thumbprints)
            document = _document(provider.url, tuple(clients), kept)
            tx.execute(providers.update().where(self._is(arn)).values(document=document))

    def create_saml(self, name: str, metadata: str, tags: Iterable[tuple[str, str]] = ()) -> SamlProvider:
        """Add an issuer. Raises AlreadyExists, Invalid for a document that is no metadata."""
        _check_metadata(metadata)
        arn = self._records.arn(f"saml-provider/{name}")
        with self._records.changing() as tx:
            self._add(tx, arn, metadata, tags_of(tags), f"EntityAlreadyExists: SAML provider {name} already exists.")
        return self.saml(arn)

    def saml(self, arn: str) -> SamlProvider:
        """The issuer of that ARN. Raises NotFound."""
        with self._records.reading() as connection:
            return _saml(self._row(connection, arn))

    def samls(self) -> list[SamlProvider]:
        """All issuers of SAML assertions, by ARN."""
        return [_saml(row) for row in self._rows("saml-provider")]

    def update_saml(self, arn: str, metadata: str) -> SamlProvider:
        """Replace the metadata. Raises NotFound, Invalid."""
        _check_metadata(metadata)
        with self._records.changing() as tx:
            self._row(tx, arn)
            tx.execute(providers.update().where(self._is(arn)).values(document=metadata))
        return self.saml(arn)

    def delete(self, arn: str) -> None:
        """Delete a provider. Raises NotFound."""
        with self._records.changing() as tx:
            self._row(tx, arn)
            tx.execute(providers.delete().where(self._is(arn)))

    def tags(self, arn: str) -> Mapping[str, str]:
        """Raises NotFound."""
        with self._records.reading() as connection:
            return dict(self._row(connection, arn).tags)

    def tag(self, arn: str, tags: Iterable[tuple[str, str]]) -> None:
        """Add tags, or replace their values. Raises NotFound, Invalid, LimitExceeded."""
        with self._records.changing() as tx:
            kept = with_tags(self._row(tx, arn).tags, tags)
            tx.execute(providers.update().where(self._is(arn)).values(tags=kept))

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags, whether they are there or not. Raises NotFound."""
        with self._records.changing() as tx:
            kept = without_tags(self._row(tx, arn).tags, keys)
            tx.execute(providers.update().where(self._is(arn)).values(tags=kept))

    def _add(self, tx: Connection, arn: str, document: str, tags: Mapping[str, str], exists: str) -> None:
        if tx.execute(providers.select().where(self._is(arn))).first():
            raise AlreadyExists(exists)
        row = {
            "account": self._records.account,
            "arn": arn,
            "document": document,
            "tags": tags,
            "created": self._records.clock(),
        }
        tx.execute(providers.insert().values(row))

    def _rows(self, kind: str) -> list[Row[Any]]:
        mine = providers.c.account == self._records.account
        within = providers.c.arn.startswith(self._records.arn(f"{kind}/"))
        with self._records.reading() as connection:
            return list(connection.execute(providers.select().where(mine, within).order_by(providers.c.arn)).all())

    def _row(self, connection: Connection, arn: str) -> Row[Any]:
        row = connection.execute(providers.select().where(self._is(arn))).first()
        if row is None:
            kind = "Manifest" if ":saml-provider/" in arn else "OpenIDConnect Provider"
            raise NotFound(f"{kind} not found for arn {arn}")
        return row

    def _is(self, arn: str) -> ColumnElement[bool]:
        return (providers.c.account == self._records.account) & (providers.c.arn == arn)


def _check_metadata(text: str) -> None:
    from studiolo.identity.saml import check_metadata  # it is large

    check_metadata(text)


def _document(url: str, clients: tuple[str, ...], thumbprints: tuple[str, ...]) -> str:
    if len(clients) > MOST_CLIENTS:
        raise LimitExceeded(f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}")
    if len(thumbprints) > MOST_THUMBPRINTS:
        raise Invalid("Thumbprint list must contain fewer than 5 entries.")
    if not all(re.fullmatch(r"[0-9A-Fa-f]{40}", each) for each in thumbprints):
        raise Invalid("Thumbprints must be 40 hexadecimal digits each.")
    return json.dumps({"url": url, "clients": clients, "thumbprints": thumbprints})


def _open_id(row: Row[Any]) -> OpenIdProvider:
    kept = json.loads(row.document)
    return OpenIdProvider(
        row.arn, kept["url"], tuple(kept["clients"]), tuple(kept["thumbprints"]), row.tags, row.created
    )


def _saml(row: Row[Any]) -> SamlProvider:
    return SamlProvider(row.arn, row.document, row.tags, row.created)
