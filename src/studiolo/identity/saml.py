"""SAML 2.0: the metadata of an identity provider, and its signed assertions (OASIS saml-core, saml-metadata)."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha1
from typing import Any

from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from studiolo.domain import Invalid
from studiolo.identity.claims import Claims, ExpiredIdentityToken, InvalidIdentityToken
from studiolo.moments import read_moment

ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
METADATA = "{urn:oasis:names:tc:SAML:2.0:metadata}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}"
AUDIENCES = ("urn:amazon:webservices", "https://signin.aws.amazon.com/saml")
ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes/"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
LEEWAY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issuer:
    """What metadata says of a provider: its name, and the certificates (PEM) that it signs with."""

    name: str
    certificates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asserted:
    """A verified assertion, and the pairs of roles' and providers' ARNs that it names."""

    claims: Claims
    subject_type: str
    name_qualifier: str
    roles: frozenset[tuple[str, str]]


def check_metadata(text: str) -> Issuer:
    """What a metadata document says. Raises Invalid unless it is that of an identity provider that signs."""
    root = _parsed(text.encode(), Invalid("Could not parse metadata"))
    descriptor = root.find(f"{METADATA}IDPSSODescriptor")
    name = root.get("entityID")
    if root.tag != f"{METADATA}EntityDescriptor" or descriptor is None or not name:
        raise Invalid("Could not parse metadata: it must be the EntityDescriptor of an identity provider.")
    keys = [key for key in descriptor.findall(f"{METADATA}KeyDescriptor") if key.get("use") in (None, "signing")]
    certificates = [_pem(found.text or "") for key in keys for found in key.iter(f"{SIGNATURE}X509Certificate")]
    if not certificates:
        raise Invalid("Could not parse metadata: it has no certificate for signing.")
    return Issuer(name, tuple(certificates))


def verified(encoded: str, metadata: str, provider: str, account: str, present: datetime) -> Asserted:
    """What an assertion (a base64 SAML response) of the provider of that ARN and metadata says.

    Raises InvalidIdentityToken, ExpiredIdentityToken.
    """
    issuer = check_metadata(metadata)
    try:
        document = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidIdentityToken("Invalid base64 SAMLResponse") from error
    response = _parsed(document, InvalidIdentityToken("The SAML response is not valid XML."))
    status = response.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode")
    if response.tag != f"{PROTOCOL}Response" or status is None or status.get("Value") != SUCCESS:
        raise InvalidIdentityToken("The SAML response does not say that the sign-in succeeded.")
    assertion = _signed_assertion(response, issuer)
    if _text(assertion, f"{ASSERTION}Issuer") != issuer.name:
        raise InvalidIdentityToken("Issuer not present in specified provider")
    recipient = _check_conditions(assertion, present)
    name = assertion.find(f"{ASSERTION}Subject/{ASSERTION}NameID")
    if name is None or not name.text:
        raise InvalidIdentityToken("The SAML assertion has no NameID.")
    return _asserted(assertion, name, issuer.name, recipient, provider, account)


def _asserted(assertion: Any, name: Any, issuer: str, recipient: str, provider: str, account: str) -> Asserted:
    subject = name.text.strip()
    kind = (name.get("Format") or "").rpartition(":")[2] or "unspecified"
    attributes = dict(_attributes(assertion))
    saml_name = f"{account}/{provider.rpartition('/')[2]}"
    qualifier = base64.b64encode(sha1(f"{issuer}{saml_name}".encode(), usedforsecurity=False).digest()).decode()
    one = {key: values[0] for key, values in attributes.items() if values}
    context = {
        "saml:aud": recipient,
        "saml:iss": issuer,
        "saml:sub": subject,
        "saml:sub_type": kind,
        "saml:namequalifier": qualifier,
        "saml:doc": saml_name,
        "aws:FederatedProvider": provider,
    }
    claims = Claims(
        provider=provider,
        issuer=issuer,
        subject=subject,
        audience=recipient,
        context=context,
        tags={key.partition(":")[2]: value for key, value in one.items() if key.startswith("PrincipalTag:")},
        transitive=tuple(attributes.get("TransitiveTagKeys", ())),
        source_identity=one.get("SourceIdentity"),
        session=one.get("RoleSessionName"),
    )
    return Asserted(claims, kind, qualifier, frozenset(_pairs(attributes.get("Role", ()))))


def _signed_assertion(response: Any, issuer: Issuer) -> Any:
    """The one assertion, as it was signed, alone or with the response around it."""
    if response.find(f".//{ASSERTION}EncryptedAssertion") is not None:
        raise InvalidIdentityToken("Encrypted SAML assertions are not supported.")
    for location in ("./", f"./{ASSERTION}Assertion/"):
        for certificate in issuer.certificates:
            try:
                result: Any = XMLVerifier().verify(
                    response,
                    x509_cert=certificate,
                    id_attribute="ID",
                    expect_config=SignatureConfiguration(location=location),
                )
            except (SignXMLException, etree.LxmlError, ValueError, TypeError):
                # What is no signature at all fails in the parts that signxml stands on.
                continue
            # Only what the signature covers is looked at from here on.
            signed = result.signed_xml
            if signed is not None and signed.tag == f"{PROTOCOL}Response":
                found = signed.findall(f"{ASSERTION}Assertion")
                signed = found[0] if len(found) == 1 else None
            if signed is not None and signed.tag == f"{ASSERTION}Assertion":
                return signed
    raise InvalidIdentityToken("Response signature invalid")


def _check_conditions(assertion: Any, present: datetime) -> str:
    """The recipient of an assertion that is for AWS, and for now."""
    conditions = assertion.find(f"{ASSERTION}Conditions")
    audiences = [
        (found.text or "").strip() for found in ([] if conditions is None else conditions.iter(f"{ASSERTION}Audience"))
    ]
    if not any(audience.rstrip("/") in AUDIENCES for audience in audiences):
        raise InvalidIdentityToken(f"The SAML assertion must be for the audience {AUDIENCES[0]}.")
    path = f"{ASSERTION}Subject/{ASSERTION}SubjectConfirmation"
    bearers = [found for found in assertion.findall(path) if found.get("Method") == BEARER]
    data = bearers[0].find(f"{ASSERTION}SubjectConfirmationData") if bearers else None
    recipient = None if data is None else data.get("Recipient")
    if data is None or not recipient:
        raise InvalidIdentityToken("The SAML assertion names no recipient for its bearer.")
    for bounds in (conditions, data):
        ends, begins = _moment(bounds.get("NotOnOrAfter")), _moment(bounds.get("NotBefore"))
        if ends is not None and present >= ends + LEEWAY:
            raise ExpiredIdentityToken("Response has expired")
        if begins is not None and present < begins - LEEWAY:
            raise InvalidIdentityToken("The SAML assertion is not valid yet.")
    if data.get("NotOnOrAfter") is None:
        raise InvalidIdentityToken("The SAML assertion does not say until when it counts.")
    return str(recipient)


def _attributes(assertion: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    for attribute in assertion.iter(f"{ASSERTION}Attribute"):
        name = attribute.get("Name") or ""
        if name.startswith(ATTRIBUTES):
            values = (value.text or "" for value in attribute.findall(f"{ASSERTION}AttributeValue"))
            yield name.removeprefix(ATTRIBUTES), tuple(value.strip() for value in values)


def _pairs(values: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of a role and a provider: their ARNs, in either order, with a comma between."""
    for value in values:
        one, _, other = (part.strip() for part in value.partition(","))
        yield (other, one) if ":saml-provider/" in one else (one, other)


def _parsed(document: bytes, error: Invalid) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise error from problem
    if root.getroottree().docinfo.doctype:
        raise error
    return root


def _pem(text: str) -> str:
    body = "".join(text.split())
    lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _text(element: Any, path: str) -> str:
    found = element.find(path)
    return "" if found is None else (found.text or "").strip()


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return read_moment(text)
    except ValueError as error:
        raise InvalidIdentityToken(f"{text} is not a moment.") from error
