"""What commands ask of the server that runs."""

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from studiolo.config import Settings
from studiolo.instance import Instance, Running
from studiolo.terminal import fail

if TYPE_CHECKING:
    from studiolo.identity import AccessKey


def running_server(settings: Settings) -> Running:
    """The server of the data folder; where none runs, that is said, and the command ends."""
    running = Instance(settings.folder).running()
    if running is None:
        fail(f"No Studiolo runs on {settings.folder}. Start one with: studiolo up --detach")
    return running


def signed(url: str, key: "AccessKey", method: str = "GET") -> tuple[int, dict[str, Any]]:
    """Status and content of one of the server's pages that is for who has a key."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method, url)
    SigV4Auth(Credentials(key.id, key.secret, key.session_token), "sts", "us-east-1").add_auth(request)
    headers = dict(request.headers.items())
    asked = urllib.request.Request(url, headers=headers, method=method)  # noqa: S310 (our own http URL)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 (as above)
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError as error:
        fail(f"The server at {url.partition('/_studiolo')[0]} does not answer: {error}")


def client_of(service: str, settings: Settings, running: Running) -> Any:
    """A client of the root user's."""
    import boto3

    from studiolo.identity import root_key

    key = root_key(settings.folder)
    return boto3.session.Session().client(
        service,
        endpoint_url=running.endpoint,
        region_name=settings.region,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
    )
