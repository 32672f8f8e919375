"""The API of kernels of JupyterEnterpriseGateway on a cluster's master node, by Jupyter's kernel gateway.

It asks no password, and what it starts acts as the cluster's role: of each connection Studiolo is asked whose it is. A
page of a browser's is never served, whoever looks at it.
"""

import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from kernel_gateway.gatewayapp import KernelGatewayApp
from tornado.web import RequestHandler

ASK_SECONDS = 10.0
UNANSWERED = "Studiolo, which knows whose a connection is, does not answer."
OF_A_PAGE = "Pages of browsers are not served: this port is for Jupyter's servers, and for programs."


class Refusal(RequestHandler):
    """Answers 403 with a sentence."""

    def initialize(self, sentence: str) -> None:
        self._sentence = sentence

    def prepare(self) -> None:
        self.set_status(HTTPStatus.FORBIDDEN)
        self.finish({"reason": "Forbidden", "message": self._sentence})


class Gateway(KernelGatewayApp):  # type: ignore[misc]
    """A kernel gateway that serves whom Studiolo lets in; connections: where it is asked."""

    def __init__(self, connections: str, **told: Any) -> None:
        super().__init__(**told)
        self._connections = connections
        self._known: WeakKeyDictionary[Any, str | None] = WeakKeyDictionary()

    def init_webapp(self) -> None:
        super().init_webapp()
        app, find = self.web_app, self.web_app.find_handler

        def guarded(request: Any, **told: Any) -> Any:
            reason = self._refusal(request)
            return (
                find(request, **told)
                if reason is None
                else app.get_handler_delegate(request, Refusal, {"sentence": reason})
            )

        app.find_handler = guarded

    def _refusal(self, request: Any) -> str | None:
        """Why a request is not served; None where it is. A connection is asked about once."""
        if of_a_page(request.headers, f"{self.ip}:{self.port}"):
            return OF_A_PAGE
        stream = request.connection.stream
        if stream not in self._known:
            peer, own = stream.socket.getpeername(), stream.socket.getsockname()
            self._known[stream] = refusal(self._connections, f"{peer[0]}:{peer[1]}", f"{own[0]}:{own[1]}")
        return self._known[stream]


def of_a_page(headers: Mapping[str, str], address: str) -> bool:
    """Whether a browser sends the request for a page of another place, or thinks that it goes to another."""
    origin = headers.get("Origin", f"http://{address}")
    return "Sec-Fetch-Site" in headers or headers.get("Host") != address or origin != f"http://{address}"


def refusal(connections: str, peer: str, own: str) -> str | None:
    """Why Studiolo will not have the connection served; None if it will."""
    token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    # Where it is, the cluster was told when it was made.
    asked = urllib.request.Request(  # noqa: S310
        f"{connections}?peer={peer}&own={own}", headers={"Authorization": token}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(asked, timeout=ASK_SECONDS) as answer:
            return None if answer.status == HTTPStatus.NO_CONTENT else UNANSWERED
    except urllib.error.HTTPError as error:
        return error.read().decode(errors="replace").strip() if error.code == HTTPStatus.FORBIDDEN else UNANSWERED
    except OSError:
        return UNANSWERED


def main(arguments: list[str]) -> None:
    """`ADDRESS-OF-STUDIOLO`, then the kernel gateway's own options."""
    connections, *options = arguments
    # The sockets of kernels are in it: names of sockets are short.
    os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="kernels-")
    # A kernel is a program on the node as any other.
    gateway = Gateway(connections, env_process_whitelist=[*os.environ])
    gateway.initialize(options)
    gateway.start()
