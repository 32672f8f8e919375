"""The doors of Spark's driver: its pages open with a token, its own ports to who has a secret.

Any local process may connect to a port of 127.0.0.1. `spark.authenticate` makes Spark's own ports ask for a secret
before they deserialize anything, but for a hole that StreamDoor closes; its pages ask for nothing, and UiDoor does.
Both are Java, on the driver's class path (`studiolo.runtimes`). The ports between Java and Python have tokens of
pyspark's, but for one.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Any

UI_DOOR, STREAM_DOOR = "studiolo.UiDoor", "studiolo.StreamDoor"
TOKEN = f"spark.{UI_DOOR}.param.token"

LOCAL = re.compile(r"local(\[.*\])?")
"""A master whose executors are in the driver."""

OWN_SECRET = re.compile(rf"{LOCAL.pattern}|yarn|k8s://.+")
"""A master with which Spark makes a secret for each driver, and gives it to its executors."""


def closed(conf: Mapping[str, str]) -> dict[str, str]:
    """The settings with which Spark asks everybody for a token or a secret. Those of the conf hold; lists are joined.

    The secret of a standalone cluster is not ours to make: there `spark.authenticate` is the conf's.
    """
    return {
        "spark.ui.killEnabled": "false",
        **({"spark.authenticate": "true"} if OWN_SECRET.fullmatch(conf["spark.master"]) else {}),
        **conf,
        "spark.ui.filters": ",".join(filter(None, [UI_DOOR, conf.get("spark.ui.filters")])),
        "spark.extraListeners": ",".join(filter(None, [STREAM_DOOR, conf.get("spark.extraListeners")])),
        TOKEN: secrets.token_urlsafe(32),
    }


def dashboard(conf: Mapping[str, str], url: str | None) -> str | None:
    """The URL by which Spark's pages open; None where there are none."""
    return None if url is None else f"{url}/?token={conf[TOKEN]}"


def guard_callbacks(gateway: Any) -> None:
    """Make the port at which Java calls Python back, opened when it is first needed, ask for the gateway's token.

    pyspark gives that server no token, and py4j's Java side forgets its own when it is told the port.
    """
    # Not by who starts a driver without pyspark: that takes a third of a second.
    from py4j.java_gateway import JavaObject
    from pyspark import java_gateway

    token = gateway.gateway_parameters.auth_token
    gateway.callback_server_parameters.auth_token = token
    start: Any = java_gateway.ensure_callback_server_started

    def start_with_token(gateway: Any) -> None:
        # Asked of its dictionary, as it takes other names for those of Java packages.
        if gateway.__dict__.get("_callback_server") is None:
            start(gateway)
            client = JavaObject("GATEWAY_SERVER", gateway._gateway_client).getCallbackClient()
            field = client.getClass().getSuperclass().getDeclaredField("authToken")
            field.setAccessible(True)
            field.set(client, token)

    java_gateway.ensure_callback_server_started = start_with_token
