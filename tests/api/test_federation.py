"""People of other identity providers, and sessions of users, through boto3: tokens and assertions really verified."""

import base64
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.config
import jwt
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.signer import XMLSigner

from tests.conftest import REGION, Server

Client = Callable[..., Any]
SAML = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="r1" Version="2.0" IssueInstant="{now}"><Issuer>{issuer}</Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<Assertion ID="a1" Version="2.0" IssueInstant="{now}"><Issuer>{issuer}</Issuer><Subject>
<NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada</NameID>
<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="{end}"
 Recipient="https://signin.aws.amazon.com/saml"/></SubjectConfirmation></Subject>
<Conditions NotBefore="{now}" NotOnOrAfter="{end}"><AudienceRestriction><Audience>{audience}</Audience>
</AudienceRestriction></Conditions><AttributeStatement>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><AttributeValue>{role},{provider}</AttributeValue></Attribute>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/RoleSessionName"><AttributeValue>ada@lab</AttributeValue>
</Attribute></AttributeStatement></Assertion></samlp:Response>"""
METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>
</KeyInfo></KeyDescriptor><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
 Location="https://idp.lab/sso"/></IDPSSODescriptor></EntityDescriptor>"""


def trusting(provider: str, action: str, **conditions: Any) -> str:
    actions = [action, "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": actions, "Condition": conditions}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def allow(action: Any, resource: Any = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def code(error: "pytest.ExceptionInfo[ClientError]") -> str:
    said: str = error.value.response["Error"]["Code"]
    return said


def session(server: Server, key: dict[str, Any], service: str) -> Any:
    keys = key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"]
    return boto3.session.Session(*keys, REGION).client(service, endpoint_url=server.endpoint)


@pytest.fixture(scope="session")
def iam(client: Client) -> Any:
    return client("iam")


@pytest.fixture(scope="session")
def stranger(client: Client) -> Any:
    """A client of STS that signs nothing."""
    return client("sts", config=botocore.config.Config(signature_version=UNSIGNED))


class Issuer:
    """An OpenID Connect issuer at a port of this machine, with one key."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer.documents[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/realms/lab"
        jwk = {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key())), "kid": "k1", "use": "sig"}
        self.documents: dict[str, Any] = {
            "/realms/lab/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/realms/lab/keys": {"keys": [jwk]},
        }
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, key: Any = None, **claims: Any) -> str:
        now = int(time.time())
        said = {"iss": self.url, "sub": "ada", "aud": "studio", "iat": now, "exp": now + 300, **claims}
        return jwt.encode(said, key or self.key, algorithm="RS256", headers={"kid": "k1"})


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


@pytest.fixture(scope="module")
def provider(iam: Any, issuer: Issuer) -> str:
    arn: str = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["studio"])["OpenIDConnectProviderArn"]
    return arn


@pytest.fixture(scope="module")
def web_role(iam: Any, issuer: Issuer, provider: str) -> str:
    """A role for `ada` of the issuer."""
    host = issuer.url.partition("://")[2]
    trust = trusting(
        provider, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{host}:sub": "ada", f"{host}:aud": "studio"}
    )
    name = f"web-{uuid.uuid4().hex[:8]}"
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=allow("logs:Describe*"))
    return arn


def test_the_bearer_of_a_token_of_a_known_issuer_takes_the_role(
    server: Server, stranger: Any, issuer: Issuer, provider: str, web_role: str
) -> None:
    tags = {"principal_tags": {"team": ["air"]}, "transitive_tag_keys": ["team"]}
    token = issuer.token(**{"https://aws.amazon.com/tags": tags, "https://aws.amazon.com/source_identity": "ada"})
    answer = stranger.assume_role_with_web_identity(RoleArn=web_role, RoleSessionName="ada", WebIdentityToken=token)
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == ("ada", "studio")
    assert (answer["Provider"], answer["SourceIdentity"]) == (provider, "ada")
    assert session(server, answer["Credentials"], "sts").get_caller_identity()["Arn"].endswith("/ada")
    session(server, answer["Credentials"], "logs").describe_log_groups()


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"sub": "eve"}, "AccessDenied"),
        ({"aud": "other"}, "InvalidIdentityToken"),
        ({"exp": 1}, "ExpiredTokenException"),
        ({"iss": "https://nobody.invalid"}, "InvalidIdentityToken"),
        ({"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)}, "InvalidIdentityToken"),
    ],
)
def test_a_token_that_does_not_count_opens_nothing(
    stranger: Any, issuer: Issuer, web_role: str, claims: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError) as error:
        stranger.assume_role_with_web_identity(
            RoleArn=web_role, RoleSessionName="ada", WebIdentityToken=issuer.token(**claims)
        )
    assert code(error) == said


def test_an_issuer_that_sends_on_to_another_port_of_this_machine_is_not_followed(
    iam: Any, stranger: Any, server: Server
) -> None:
    issuer = Issuer()
    issuer.documents["/realms/lab/.well-known/openid-configuration"]["jwks_uri"] = f"{server.endpoint}/_studiolo/health"
    arn = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["studio"])["OpenIDConnectProviderArn"]
    name = f"web-{uuid.uuid4().hex[:8]}"
    trust = trusting(arn, "sts:AssumeRoleWithWebIdentity")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    with pytest.raises(ClientError) as error:
        stranger.assume_role_with_web_identity(RoleArn=role, RoleSessionName="a1", WebIdentityToken=issuer.token())
    assert code(error) == "IDPCommunicationError"
    issuer.server.shutdown()
    issuer.server.server_close()


def test_what_must_be_signed_is_not_answered_to_a_stranger(stranger: Any) -> None:
    with pytest.raises(ClientError) as error:
        stranger.get_caller_identity()
    assert code(error) == "MissingAuthenticationToken"


class SamlIssuer:
    """A SAML identity provider with a certificate of its own."""

    name = "https://idp.lab/metadata"

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        now = datetime.now(timezone.utc)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.lab")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(self.key, hashes.SHA256())
        )

    @property
    def metadata(self) -> str:
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return METADATA.format(issuer=self.name, certificate=base64.b64encode(der).decode())

    def response(self, role: str, provider: str, audience: str = "urn:amazon:webservices", minutes: int = 30) -> str:
        now = datetime.now(timezone.utc)
        text = SAML.format(
            issuer=self.name,
            role=role,
            provider=provider,
            audience=audience,
            now=(now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            end=(now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        response = etree.fromstring(text)
        assertion = response.find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
        pem = self.certificate.public_bytes(serialization.Encoding.PEM)
        secret = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        signed: Any = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#").sign(  # type: ignore[arg-type]
            assertion, key=secret, cert=pem.decode(), reference_uri="a1", id_attribute="ID"
        )
        response.replace(assertion, signed)
        return base64.b64encode(etree.tostring(response)).decode()


@pytest.fixture(scope="module")
def idp() -> SamlIssuer:
    return SamlIssuer()


@pytest.fixture(scope="module")
def saml(iam: Any, idp: SamlIssuer) -> tuple[str, str]:
    """A role, and the SAML provider for whose people it is."""
    provider = iam.create_saml_provider(Name="lab", SAMLMetadataDocument=idp.metadata)["SAMLProviderArn"]
    trust = trusting(
        provider, "sts:AssumeRoleWithSAML", StringEquals={"saml:aud": "https://signin.aws.amazon.com/saml"}
    )
    name = f"saml-{uuid.uuid4().hex[:8]}"
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"], provider


def test_a_signed_assertion_opens_the_role_that_it_names(
    server: Server, stranger: Any, idp: SamlIssuer, saml: tuple[str, str]
) -> None:
    role, provider = saml
    answer = stranger.assume_role_with_saml(
        RoleArn=role, PrincipalArn=provider, SAMLAssertion=idp.response(role, provider)
    )
    assert (answer["Subject"], answer["SubjectType"], answer["Issuer"]) == ("ada", "persistent", idp.name)
    assert session(server, answer["Credentials"], "sts").get_caller_identity()["Arn"].endswith("/ada@lab")


@pytest.mark.parametrize(
    "wrong", ["altered", "of another", "for another", "too late", "another role", "half signed", "signed with nothing"]
)
def test_an_assertion_that_does_not_count_opens_nothing(
    stranger: Any, idp: SamlIssuer, saml: tuple[str, str], wrong: str
) -> None:
    role, provider = saml

    def changed(pattern: str, text: str) -> str:
        response = base64.b64decode(idp.response(role, provider)).decode()
        return base64.b64encode(re.sub(pattern, text, response, flags=re.DOTALL).encode()).decode()

    made = {
        "altered": lambda: changed(">ada<", ">eve<"),
        "half signed": lambda: changed("<ds:Reference.*</ds:Reference>", ""),
        "signed with nothing": lambda: changed("<ds:SignatureValue>[^<]*", "<ds:SignatureValue>"),
        "of another": lambda: SamlIssuer().response(role, provider),
        "for another": lambda: idp.response(role, provider, audience="urn:another"),
        "too late": lambda: idp.response(role, provider, minutes=-20),
        "another role": lambda: idp.response(f"{role}2", provider),
    }[wrong]
    expected = {"too late": "ExpiredTokenException", "another role": "IDPRejectedClaim"}.get(
        wrong, "InvalidIdentityToken"
    )
    with pytest.raises(ClientError) as error:
        stranger.assume_role_with_saml(RoleArn=role, PrincipalArn=provider, SAMLAssertion=made())
    assert code(error) == expected


def test_a_user_vouches_for_somebody_who_may_what_both_may(server: Server, iam: Any, client: Client) -> None:
    name = f"broker-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    iam.put_user_policy(
        UserName=name, PolicyName="own", PolicyDocument=allow(["logs:Describe*", "sts:GetFederationToken"])
    )
    broker = client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    answer = broker.get_federation_token(Name="carol", Policy=allow(["logs:*", "glue:*"]))
    assert answer["FederatedUser"]["Arn"].endswith(":federated-user/carol")
    session(server, answer["Credentials"], "logs").describe_log_groups()
    with pytest.raises(ClientError):
        session(server, answer["Credentials"], "glue").get_databases()
    with pytest.raises(ClientError) as error:
        session(server, answer["Credentials"], "iam").list_users()
    assert code(error) == "InvalidClientTokenId"
    without = broker.get_federation_token(Name="carol")["Credentials"]
    with pytest.raises(ClientError, match="session policy"):
        session(server, without, "logs").describe_log_groups()
    with pytest.raises(ClientError) as error:
        session(server, broker.get_session_token()["Credentials"], "sts").get_session_token()
    assert code(error) == "AccessDenied"
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="own")
    iam.delete_user(UserName=name)


def test_tags_and_the_source_identity_go_along_a_chain_of_roles(server: Server, iam: Any, client: Client) -> None:
    account = client("sts").get_caller_identity()["Account"]
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    arns = []
    for _ in range(2):
        name = f"chained-{uuid.uuid4().hex[:8]}"
        arns.append(iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
        iam.put_role_policy(RoleName=name, PolicyName="sts", PolicyDocument=allow("sts:*"))
    first = client("sts").assume_role(
        RoleArn=arns[0],
        RoleSessionName="ada",
        SourceIdentity="ada",
        Tags=[{"Key": "team", "Value": "air"}, {"Key": "desk", "Value": "4"}],
        TransitiveTagKeys=["team"],
    )
    chained = session(server, first["Credentials"], "sts")
    second = chained.assume_role(RoleArn=arns[1], RoleSessionName="two")
    assert second["SourceIdentity"] == "ada"
    team = json.loads(allow("logs:DescribeLogGroups"))
    team["Statement"]["Condition"] = {
        "StringEquals": {"aws:PrincipalTag/team": "air"},
        "Null": {"aws:PrincipalTag/desk": "true"},
    }
    iam.put_role_policy(RoleName=arns[1].rpartition("/")[2], PolicyName="team", PolicyDocument=json.dumps(team))
    session(server, second["Credentials"], "logs").describe_log_groups()
    with pytest.raises(ClientError):
        chained.assume_role(RoleArn=arns[1], RoleSessionName="two", Tags=[{"Key": "team", "Value": "sea"}])
    with pytest.raises(ClientError):
        chained.assume_role(RoleArn=arns[1], RoleSessionName="two", SourceIdentity="eve")
