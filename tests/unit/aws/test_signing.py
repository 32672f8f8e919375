"""Requests of our own to S3 are signed as botocore signs them."""

from datetime import datetime, timezone
from unittest.mock import patch

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from studiolo.aws.payloads import UNSIGNED
from studiolo.aws.signing import s3_signature

AT = datetime(2026, 5, 17, 12, 0, 0, tzinfo=timezone.utc)
HOST = "127.0.0.1:8333"
escaped = st.text("abXY09-_.~", min_size=1, max_size=4) | st.sampled_from(["%20", "%2F", "%C3%A9", "%2B", "%3D"])
texts = st.lists(escaped, min_size=1, max_size=4).map("".join)
values = st.text("ab 09;=:", max_size=8)


@given(
    st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"]),
    st.lists(texts, min_size=1, max_size=3).map("/".join),
    st.dictionaries(texts, st.just("") | texts, max_size=4),
    st.dictionaries(st.sampled_from(["x-amz-acl", "x-amz-meta-a", "content-type", "content-md5"]), values),
)
def test_a_signature_of_ours_is_botocores(
    method: str, path: str, parameters: dict[str, str], headers: dict[str, str]
) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    request = AWSRequest(method, f"http://{HOST}/{path}?{query}", headers={**headers, "host": HOST})
    request.context["client_config"] = Config(s3={"payload_signing_enabled": False})
    with patch.object(auth, "get_current_datetime", lambda: AT):
        auth.S3SigV4Auth(Credentials("AKID", "secret"), "s3", "eu-west-1").add_auth(request)
    ours = s3_signature(
        method,
        f"/{path}",
        query,
        {**headers, "host": HOST},
        access_key="AKID",
        secret_key="secret",
        region="eu-west-1",
        at=AT,
        content_sha256=UNSIGNED,
    )
    assert ours == {name: request.headers[name] for name in ours}
