"""Objects as somebody may use them: S3 clients of the door, for what the server does in a caller's or a role's name."""

import threading
from collections import OrderedDict
from typing import Any

import boto3
from botocore.credentials import RefreshableCredentials

from studiolo import sdk
from studiolo.identity import Identity, Principal
from studiolo.s3_config import s3_config

CLIENTS = 64
"""Clients kept for the next use: one takes a few milliseconds and about a MiB to make."""


class Objects:
    """The S3 door at `endpoint`, for the principals of one account."""

    def __init__(self, identity: Identity, endpoint: str, region: str) -> None:
        self._identity = identity
        self._endpoint = endpoint
        self._region = region
        self._clients: OrderedDict[tuple[Principal, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def client(self, principal: Principal, region: str | None = None) -> Any:
        """A boto3 S3 client that signs as the principal, for any thread; what it may not do, S3 refuses.

        region: for which it signs, else the server's.
        """
        which = (principal, region or self._region)
        with self._lock:
            client = self._clients.pop(which, None) or self._made(*which)
            self._clients[which] = client
            if len(self._clients) > CLIENTS:
                self._clients.popitem(last=False)
        return client

    def role_client(self, role_arn: str, session: str) -> Any:
        """The client of a session of that role. Raises NotFound and Invalid for no such role."""
        return self.client(self._identity.session_of(role_arn, session))

    def iceberg_settings(self, role_arn: str, session: str) -> dict[str, str]:
        """The same client's place and keys, as they are now, in the words of PyIceberg's FileIO."""
        key = self._identity.key_of(self._identity.session_of(role_arn, session))
        return {
            "s3.endpoint": self._endpoint,
            "s3.region": self._region,
            "s3.access-key-id": key.id,
            "s3.secret-access-key": key.secret,
            "s3.session-token": key.session_token or "",
        }

    def _made(self, principal: Principal, region: str) -> Any:
        def fresh() -> dict[str, str | None]:
            key = self._identity.key_of(principal)
            return {
                "access_key": key.id,
                "secret_key": key.secret,
                "token": key.session_token,
                "expiry_time": None if key.expires is None else key.expires.isoformat(),
            }

        session = sdk.new_session()
        if principal.is_root:
            session.set_credentials(self._identity.root.id, self._identity.root.secret)
        else:
            session._credentials = RefreshableCredentials.create_from_metadata(fresh(), fresh, "studiolo")
        return boto3.session.Session(botocore_session=session).client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=region,
            config=s3_config(),
        )
